// A server that cannot start leaves everything as it was: the older version that still runs has to go on with it.

import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import { prepared, StartError } from '../../../src/app/start-problems';
import { type Config, loadConfig } from '../../../src/config/config';
import { freePort } from '../../../src/simulator/free-port';
import { lockFolder } from '../../../src/store/folder-lock';
import { MIGRATIONS } from '../../../src/store/migrations/migrations';
import { RecordingLogger } from '../../support/fakes';

const OLD = '0001-create-calls';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-problems-'));
  path = join(folder, 'ai-calls.db');
  const database = new Kysely({ dialect: new SqliteDialect({ database: new Libsql(path) }) });
  const provider = { getMigrations: () => Promise.resolve({ [OLD]: MIGRATIONS[OLD]! }) };
  await new Migrator({ db: database, provider }).migrateToLatest();
  await database.destroy();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function settings(env: Readonly<Record<string, string>> = {}): Promise<Config> {
  return loadConfig({
    BASE_PUBLIC_URL: 'https://calls.example.com',
    TELNYX_API_KEY: 'KEY',
    TELNYX_PUBLIC_KEY: Buffer.alloc(32, 1).toString('base64'),
    TELNYX_CONNECTION_ID: '1',
    TELNYX_FROM_NUMBER: '+12025550100',
    OPENAI_API_KEY: 'sk-test',
    PORT: String(await freePort()),
    DATA_DIR: folder,
    ...env,
  });
}

async function taken(): Promise<{ readonly server: Server; readonly port: string }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: String((server.address() as AddressInfo).port) };
}

async function problemsOf(config: Config): Promise<readonly string[]> {
  const error: unknown = await prepared(config, { log: new RecordingLogger() }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  return (error as StartError).problems;
}

function migrations(): unknown[] {
  const file = new Libsql(path);
  const rows = file.prepare('select name from kysely_migration').all() as { readonly name: string }[];
  file.close();
  return rows.map(({ name }) => name);
}

test('a port that is taken: the database is not brought up to date', async () => {
  const { server, port } = await taken();

  const problems = await problemsOf(await settings({ PORT: port }));
  server.close();

  expect(problems).toEqual([expect.stringMatching(/^PORT: /)]);
  expect(migrations()).toEqual([OLD]);
});

test.each([
  ['TOOLS_FILE', '{'],
  ['DO_NOT_CALL_FILE', 'nobody'],
])('a %s that is wrong: the database is not brought up to date', async (setting, text) => {
  const file = join(folder, 'wrong.json');
  writeFileSync(file, text);

  const problems = await problemsOf(await settings({ [setting]: file }));

  expect(problems).toEqual([expect.stringMatching(new RegExp(`^${setting}: `))]);
  expect(migrations()).toEqual([OLD]);
});

test('a folder that is in use: its database is left alone, and the port is told as well', async () => {
  const lock = lockFolder(folder);
  const { server, port } = await taken();

  const problems = await problemsOf(await settings({ PORT: port }));
  server.close();
  lock.release();

  expect(problems).toEqual([expect.stringMatching(/^DATA_DIR: another/), expect.stringMatching(/^PORT: /)]);
  expect(migrations()).toEqual([OLD]);
});

test('a database that cannot be brought up to date is told, and its folder is free again', async () => {
  const file = new Libsql(path);
  file.exec('create table turns (n integer)');
  file.exec('create table call_counts (n integer)');
  file.close();

  expect(await problemsOf(await settings())).toEqual([expect.stringMatching(/^DATA_DIR: .*cannot be used/)]);

  expect(migrations()).toEqual([OLD]);
  lockFolder(folder).release();
});

test('nothing is in the way: the database is brought up to date', async () => {
  const app = await prepared(await settings(), { log: new RecordingLogger() });
  app.stop();
  await app.release();

  expect(migrations()).toEqual(Object.keys(MIGRATIONS));
  expect(existsSync(path)).toBe(true);
});
