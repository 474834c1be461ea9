// The records of a server, composed: the database, everything that reads and writes it, the recordings, and the callbacks
// that wait in it.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CallbackDelivery } from '../callbacks/callback-delivery';
import { statusCallback } from '../callbacks/status-callback';
import { wakingWriter } from '../callbacks/waking-writer';
import { CallJournal } from '../calls/journal/call-journal';
import type { Clock, Logger } from '../calls/ports';
import type { CallStore, CallWatcher, DialLedger, NodeLeases, Retention, UsageReport } from '../calls/record-ports';
import type { RecordsConfig } from '../config/record-settings';
import type { UrlGuard } from '../lib/url-guard';
import type { RecordMeasures } from '../observability/record-measures';
import { WavFiles } from '../recordings/wav-files';
import { SqlCallStore } from '../store/call-store';
import { openDatabase, reachDatabase } from '../store/database';
import { SqlDialLedger } from '../store/dial-ledger';
import { FolderInUseError, type FolderLock, lockFolder } from '../store/folder-lock';
import { SqlNodeLeases } from '../store/node-leases';
import { SqlOutbox } from '../store/outbox';
import { SqlRetention } from '../store/retention';
import { emptyWriteAheadLog } from '../store/sqlite';
import { SqlUsageReport } from '../store/usage-report';

/** Name of the SQLite file in `dataDir`. */
export const DATABASE_FILE = 'ai-calls.db';

/** Name of the folder in `dataDir` for the audio of calls. */
export const RECORDINGS_FOLDER = 'recordings';

const NO_SERVER = `DATABASE_URL: the PostgreSQL database cannot be used.
  Check that the server runs and can be reached from here, and that user, password and database in the URL are right;
  without DATABASE_URL the records go to a file in DATA_DIR.`;
const NO_FILE = `DATA_DIR: the database file in it cannot be used.
  Check that the folder can be written to by this user, and that the disk is not full.`;
const IN_USE = `DATA_DIR: another server is running on this folder. It may be one that finishes its last calls.
  Two servers on one SQLite file would end each other's calls: stop the other one or wait for it, give this one a DATA_DIR
  of its own, or have both use PostgreSQL with DATABASE_URL.`;

/** What records work with. */
export type RecordsDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly watchers: readonly CallWatcher[];
  /** Measures what goes in and out. */
  readonly measures: RecordMeasures;
  /** Decides which addresses callbacks may go to. */
  readonly urlGuard: UrlGuard;
};

/** The records of a server. */
export type Records = {
  readonly store: CallStore;
  readonly journal: CallJournal;
  readonly usage: UsageReport;
  readonly dials: DialLedger;
  readonly leases: NodeLeases;
  /** True when other nodes may use the same database. */
  readonly isShared: boolean;
  readonly retention: Retention;
  readonly recordings: WavFiles;
  readonly callbacks: CallbackDelivery;
  /** How many callbacks are not delivered yet. */
  readonly waitingCallbacks: () => Promise<number>;
  /** Lets go of files and sockets; what is not written by now is lost. */
  readonly release: () => Promise<void>;
};

/** The database cannot be reached or used as it is; the message says which setting leads there, and what to do. */
export class RecordsNotOpenedError extends Error {
  constructor(problem: string, cause: unknown) {
    super(`${problem}\n  The database said: ${innermost(cause)}`, { cause });
    this.name = 'RecordsNotOpenedError';
  }
}

/** Opens the records; the database is brought up to date. @throws RecordsNotOpenedError */
export async function openRecords(config: RecordsConfig, deps: RecordsDeps): Promise<Records> {
  const { clock, log, watchers, measures, urlGuard: guard } = deps;
  const { databaseUrl, dataDir, callbacks: settings } = config;
  const { database, lock } = await opened(config, openDatabase);
  const isShared = databaseUrl !== undefined;
  // A name of its own for each start: what another start has left behind is somebody else's.
  const nodeId = randomUUID();
  const store = new SqlCallStore(database, { nodeId });
  const outbox = new SqlOutbox(database);
  const callbacks = new CallbackDelivery({
    outbox: measures.outbox(outbox),
    clock,
    log,
    guard,
    secret: settings.secret,
  });
  const journal = new CallJournal({
    store: wakingWriter(measures.writer(store), () => callbacks.wake()),
    clock,
    log,
    watchers,
    toCallback: statusCallback,
  });
  const recordings = new WavFiles({ folder: join(dataDir, RECORDINGS_FOLDER), clock, log });
  const release = async (): Promise<void> => {
    callbacks.close();
    journal.close();
    await recordings.closeAll();
    await database.destroy();
    lock?.release();
  };
  return {
    store,
    journal,
    usage: new SqlUsageReport(database),
    dials: new SqlDialLedger(database, { isShared }),
    leases: new SqlNodeLeases(database, { nodeId, isShared }),
    isShared,
    retention: new SqlRetention(database, clock, isShared ? undefined : () => emptyWriteAheadLog(database)),
    recordings,
    callbacks,
    waitingCallbacks: () => outbox.waiting(),
    release,
  };
}

/** Looks whether the records can be opened, and leaves the database as it is. @throws RecordsNotOpenedError */
export async function tryRecords(config: RecordsConfig): Promise<void> {
  const { lock } = await opened(config, reachDatabase);
  lock?.release();
}

type Opened<T> = { readonly database: T; readonly lock?: FolderLock };

/** A server that finds calls in its SQLite file that nobody has ended hangs them up: there must be no other on that file. */
async function opened<T>(config: RecordsConfig, open: (place: string) => Promise<T>): Promise<Opened<T>> {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl !== undefined) {
    const database = await open(databaseUrl).catch((error: unknown) => {
      throw new RecordsNotOpenedError(NO_SERVER, error);
    });
    return { database };
  }
  const lock = locked(dataDir);
  const database = await open(join(dataDir, DATABASE_FILE)).catch((error: unknown) => {
    lock.release();
    throw new RecordsNotOpenedError(NO_FILE, error);
  });
  return { database, lock };
}

function locked(dataDir: string): FolderLock {
  try {
    return lockFolder(dataDir);
  } catch (error) {
    throw new RecordsNotOpenedError(error instanceof FolderInUseError ? IN_USE : NO_FILE, error);
  }
}

/** What the driver or the system said. An error that stands for several has no words of its own. */
function innermost(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : innermost(error.cause);
}
