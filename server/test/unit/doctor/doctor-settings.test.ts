// What the doctor says of settings, of this machine, and of the places where records go.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { openDatabase } from '../../../src/store/database';
import { sqliteDialect } from '../../../src/store/sqlite';
import { DoctorRig, SOUND_SYSTEM } from './doctor-rig';

const PUBLIC = { BASE_PUBLIC_URL: 'https://calls.invalid', TELNYX_BASE_URL: 'https://api.invalid/v2' };
const KEYS = { API_KEYS: 'crm:0123456789abcdef0123' };

let rig: DoctorRig;

beforeEach(async () => {
  rig = await DoctorRig.start();
});

afterEach(() => rig.close());

test('all settings that are wrong are told at once, each with its cure, and the rest is skipped', async () => {
  rig.env = { TELNYX_API_KEY: undefined, MAX_CONCURRENT_CALLS: 'many', API_KEYS: 'short', TOOL_CRM: 'a\u2019b' };

  const result = await rig.examine();

  expect(result.exitCode).toBe(1);
  expect(result.of('settings')).toEqual([
    {
      check: 'settings',
      state: 'fail',
      found: 'TELNYX_API_KEY is not set',
      cure: 'TELNYX_API_KEY: create one in the Telnyx portal under Keys & Credentials.',
    },
    expect.objectContaining({
      found: 'MAX_CONCURRENT_CALLS is not right',
      cure: expect.stringContaining('whole number'),
    }),
    expect.objectContaining({ found: 'API_KEYS is not right', cure: expect.stringContaining('(crm:<key>)') }),
    expect.objectContaining({ found: 'TOOL_CRM is not right', cure: expect.stringContaining('plain ASCII') }),
  ]);
  expect(result.line('the rest').state).toBe('skipped');
  expect(result.line('Node.js').state).toBe('ok');
});

test('a file of tools that cannot be read is a setting that is wrong', async () => {
  rig.env = { TOOLS_FILE: join(rig.dataDir, 'none.json') };

  expect((await rig.examine()).line('settings')).toMatchObject({ state: 'fail', found: 'TOOLS_FILE is not right' });
});

test('a do-not-call list that keeps the server from starting is told with the line that is wrong, and no number', async () => {
  const path = join(rig.dataDir, 'do-not-call.txt');
  writeFileSync(path, '+12025550123\n2025550124\n');
  rig.env = { DO_NOT_CALL_FILE: path };

  const { state, found, ...rest } = (await rig.examine()).line('settings');

  expect({ state, found }).toEqual({ state: 'fail', found: 'DO_NOT_CALL_FILE is not right' });
  expect(JSON.stringify(rest)).toMatch(/line 2/);
  expect(JSON.stringify(rest)).not.toContain('2025550124');
});

test.each<readonly [Record<string, string>, string]>([
  [PUBLIC, 'no API_KEYS'],
  [{ ...KEYS, BASE_PUBLIC_URL: 'http://calls.invalid' }, 'BASE_PUBLIC_URL is http'],
  [{ OPENAI_BASE_URL: 'http://api.invalid/v1' }, 'OPENAI_BASE_URL is http'],
  [{ STATUS_CALLBACK_URL: 'https://crm.invalid' }, 'STATUS_CALLBACK_URL without STATUS_CALLBACK_SECRET'],
  [{ OPENAI_TRANSCRIPTION_MODEL: 'whisper-1' }, 'the price of whisper-1 is not known'],
  [{ OPENAI_TRANSCRIPTION_MODEL: 'whisper-1', MAX_COST_USD_PER_DAY: '5' }, 'under no limit'],
  [{ RECORD_CALLS: 'true' }, 'RECORD_CALLS without RETENTION_DAYS'],
  [{ LOG_LEVEL: 'debug' }, 'LOG_LEVEL=debug'],
  [{ ...PUBLIC, ...KEYS, ALLOW_PRIVATE_URLS: 'true' }, 'ALLOW_PRIVATE_URLS on a public server'],
])('settings %j that are hardly meant', async (env, found) => {
  rig.env = env;

  expect((await rig.examine()).line('settings')).toMatchObject({
    state: 'warn',
    found: expect.stringContaining(found),
    cure: expect.stringMatching(/\S/),
  });
});

test('settings that are well thought of', async () => {
  rig.env = {
    ...PUBLIC,
    ...KEYS,
    RECORD_CALLS: 'true',
    RETENTION_DAYS: '30',
    STATUS_CALLBACK_URL: 'https://crm.invalid',
    STATUS_CALLBACK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  };

  expect((await rig.examine()).line('settings')).toMatchObject({ state: 'ok', found: 'complete' });
});

test('names that are no settings are told, with those that are meant, whether the settings are complete or not', async () => {
  rig.env = { MAX_CONCURRENT_CALL: '5' };
  rig.surroundings = { fileNames: ['VOICE'] };

  const warnings = [
    {
      check: 'settings',
      state: 'warn',
      found: 'VOICE in .env is no setting',
      cure: 'Take it out; .env.example has all settings.',
    },
    {
      check: 'settings',
      state: 'warn',
      found: 'MAX_CONCURRENT_CALL is no setting',
      cure: 'Write MAX_CONCURRENT_CALLS if that is meant.',
    },
  ];
  expect((await rig.examine()).of('settings')).toEqual(warnings);
  rig.env = { ...rig.env, TELNYX_API_KEY: undefined };
  expect((await rig.examine()).of('settings')).toEqual([expect.objectContaining({ state: 'fail' }), ...warnings]);
});

test('a container whose server only its inside can reach', async () => {
  rig.env = { ...PUBLIC };
  rig.surroundings = { system: { ...SOUND_SYSTEM, isContainer: true } };

  expect((await rig.examine()).of('settings')).toContainEqual(
    expect.objectContaining({ state: 'warn', found: expect.stringContaining('HOST') }),
  );
});

test.each([
  [{ nodeVersion: '18.19.0' }, 'Node.js', 'fail'],
  [{ memoryLimitBytes: 128 * 1024 ** 2 }, 'memory', 'warn'],
  [{ memoryLimitBytes: 512 * 1024 ** 2 }, 'memory', 'ok'],
  [{ openFilesLimit: 256 }, 'open files', 'warn'],
  [{ openFilesLimit: undefined }, 'open files', 'skipped'],
  [{ freeBytes: () => Promise.resolve(5e8) }, 'disk', 'warn'],
  [{ freeBytes: () => Promise.reject(new Error('EIO')) }, 'disk', 'warn'],
])('a machine %#', async (system, check, state) => {
  rig.surroundings = { system: { ...SOUND_SYSTEM, ...system } };

  expect((await rig.examine()).line(check).state).toBe(state);
});

test('a database that is not there yet stays so', async () => {
  rig.env = { DATA_DIR: join(rig.dataDir, 'new') };

  const result = await rig.examine();

  expect(result.line('database')).toMatchObject({ state: 'ok', found: expect.stringContaining('nothing there yet') });
  expect(result.line('data folder')).toMatchObject({ state: 'ok', found: 'is made at the first start' });
});

test('a database that is up to date', async () => {
  await (await openDatabase(join(rig.dataDir, 'ai-calls.db'))).destroy();

  expect((await rig.examine()).line('database')).toMatchObject({
    state: 'ok',
    found: expect.stringMatching(/^SQLite: up to date, can be written, answers in [\d.]+ ms$/),
  });
});

test('a database of an older version is not changed, and what the next start does is told', async () => {
  await forget('0006-add-placed-by');

  const result = await rig.examine();

  expect(result.line('database')).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('the next start brings it up to date (0006-add-placed-by'),
  });
  expect((await rig.examine()).line('database').found).toContain('0006-add-placed-by');
});

test('a database of a newer version fails', async () => {
  await forget('0006-add-placed-by', '0099-from-the-future');

  expect((await rig.examine()).line('database')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('0099-from-the-future'),
  });
});

test('a database that is none', async () => {
  writeFileSync(join(rig.dataDir, 'ai-calls.db'), 'This is no database. '.repeat(100));

  expect((await rig.examine()).line('database')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('SQLite'),
  });
});

test('a database server that is not there', async () => {
  rig.env = { DATABASE_URL: `postgres://calls:s3cretpassword@127.0.0.1:${rig.port}/calls` };

  const result = await rig.examine();

  expect(result.line('database')).toMatchObject({ state: 'fail', cure: expect.stringContaining('DATABASE_URL') });
  expect(result.text).not.toContain('s3cretpassword');
});

test('a folder that is none', async () => {
  writeFileSync(join(rig.dataDir, 'file'), '');
  rig.env = { DATA_DIR: join(rig.dataDir, 'file') };

  expect((await rig.examine()).line('data folder')).toMatchObject({ state: 'fail', found: 'DATA_DIR is no folder' });
});

// Root may write everywhere.
const asUser = process.getuid?.() === 0 ? test.skip : test;

asUser('a folder of recordings that cannot be written to', async () => {
  const folder = join(rig.dataDir, 'recordings');
  mkdirSync(folder);
  chmodSync(folder, 0o500);

  expect((await rig.examine()).line('data folder').state).toBe('fail');
});

/** Renames the last migration in the list, as if it had not been applied; another name stands for a newer version. */
async function forget(name: string, instead?: string): Promise<void> {
  const path = join(rig.dataDir, 'ai-calls.db');
  await (await openDatabase(path)).destroy();
  const database = new Kysely<{ kysely_migration: { name: string } }>({ dialect: sqliteDialect(path) });
  if (instead === undefined) await database.deleteFrom('kysely_migration').where('name', '>=', name).execute();
  else await database.updateTable('kysely_migration').set({ name: instead }).where('name', '=', name).execute();
  await database.destroy();
}
