// Whether records and recordings have a place: the database with its migrations, the folders, the disk.

import { constants, existsSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DATABASE_FILE, RECORDINGS_FOLDER } from '../app/records';
import type { Clock } from '../calls/ports';
import type { RecordsConfig } from '../config/record-settings';
import { type DatabaseInspection, inspectDatabase } from '../store/inspection';
import { bounded, type Check, fail, type Finding, ok, TimeLimitError, warn } from './finding';
import type { System } from './system';

const GIGABYTE = 1024 ** 3;

// Recordings take a megabyte a minute; a full disk stops them, and with SQLite every call.
const LOW_DISK_BYTES = GIGABYTE;

const SLOW_DATABASE_MS = 100;

/** The checks of what is kept. */
export function dataChecks(config: RecordsConfig, system: System, clock: Clock): readonly Check[] {
  return [
    { name: 'database', run: () => databaseFindings(config, clock) },
    { name: 'data folder', run: () => bounded(clock, () => folderFindings(config.dataDir)).catch(cannotLook) },
    { name: 'disk', run: () => bounded(clock, () => diskFindings(config.dataDir, system)).catch(cannotLook) },
  ];
}

async function databaseFindings({ databaseUrl, dataDir }: RecordsConfig, clock: Clock): Promise<readonly Finding[]> {
  const engine = databaseUrl === undefined ? 'SQLite' : 'PostgreSQL';
  const inspecting = inspectDatabase(databaseUrl ?? join(dataDir, DATABASE_FILE), clock);
  return bounded(clock, () => inspecting).then(
    (inspection) => [databaseFinding(engine, inspection)],
    (error: unknown) => [databaseFailure(engine, error)],
  );
}

function databaseFinding(engine: string, { isNew, missing, unknown, latencyMs }: DatabaseInspection): Finding {
  if (unknown.length > 0) {
    const found = `${engine}: a newer version of this server has been here (${unknown.join(', ')})`;
    return fail(found, 'Install that version or a later one, or use another database.');
  }
  const latency = latencyMs === undefined ? '' : `, answers in ${latencyMs.toFixed(1)} ms`;
  if (isNew) return ok(`${engine}: nothing there yet, the first start makes the tables${latency}`);
  const state = missing.length === 0 ? 'up to date' : `the next start brings it up to date (${missing.join(', ')})`;
  const found = `${engine}: ${state}, can be written${latency}`;
  if (latencyMs === undefined || latencyMs <= SLOW_DATABASE_MS) return ok(found);
  return warn(found, 'Put the database nearer to the server.');
}

function databaseFailure(engine: string, error: unknown): Finding {
  if (/SQLITE_BUSY|database is locked/.test(String(error))) {
    return ok(`${engine}: being written at this moment`);
  }
  const said = error instanceof TimeLimitError ? error.message : wordsOf(error);
  if (engine === 'PostgreSQL') {
    const cure =
      'Check that the server runs and can be reached from here, and user, password, database and rights in DATABASE_URL.';
    return fail(`PostgreSQL cannot be used: ${said}`, cure);
  }
  return fail(`the SQLite file in DATA_DIR cannot be used: ${said}`, 'Check the rights of the folder and the file.');
}

/** An error that stands for several has no words of its own. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return wordsOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

async function folderFindings(dataDir: string): Promise<readonly Finding[]> {
  const cure = 'Make it a folder that the user of the server can write to: chown, or a volume with the right owner.';
  for (const folder of [dataDir, join(dataDir, RECORDINGS_FOLDER)]) {
    const place = nearest(folder);
    const name = folder === dataDir ? 'DATA_DIR' : 'the folder for recordings in DATA_DIR';
    if (!(await stat(place)).isDirectory()) return [fail(`${name} is no folder`, cure)];
    const isWritable = await access(place, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isWritable) return [fail(`${name} cannot be written to`, cure)];
  }
  return [ok(existsSync(dataDir) ? 'can be written to' : 'is made at the first start')];
}

async function diskFindings(dataDir: string, { freeBytes }: System): Promise<readonly Finding[]> {
  const free = await freeBytes(nearest(dataDir));
  const found = `${(free / GIGABYTE).toFixed(1)} GB free`;
  if (free >= LOW_DISK_BYTES) return [ok(found)];
  return [warn(found, 'Free some space, or set RETENTION_DAYS to have old recordings deleted.')];
}

/** What is not there yet is made within what is. */
function nearest(folder: string): string {
  let place = resolve(folder);
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  return place;
}

function cannotLook(error: unknown): readonly Finding[] {
  return [warn(`cannot be looked at: ${wordsOf(error)}`, 'Check DATA_DIR.')];
}
