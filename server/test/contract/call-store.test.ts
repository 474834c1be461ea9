// The contract on both stores, and what only a file can do.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import { DEFAULT_BEHAVIOUR } from '../../src/calls/behaviour';
import { toRow } from '../../src/store/call-row';
import { SqlCallStore } from '../../src/store/call-store';
import { openDatabase, type Tables } from '../../src/store/database';
import { MIGRATIONS } from '../../src/store/migrations/migrations';
import { aCall, aCallId, anEntry } from '../support/builders';
import { MemoryCallStore } from '../support/fakes';
import { callStoreContract } from './call-store.contract';

callStoreContract('in memory', () => Promise.resolve({ store: new MemoryCallStore(), close: () => Promise.resolve() }));

callStoreContract('in SQLite', async () => {
  const database = await openDatabase(':memory:');
  return { store: new SqlCallStore(database), close: () => database.destroy() };
});

describe('a database file', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-calls-test-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is made with its folder, and keeps calls from one start to the next', async () => {
    const path = join(folder, 'new', 'calls.db');
    const first = await openDatabase(path);
    await new SqlCallStore(first).insert(aCall(), { key: 'k', fingerprint: 'f' });
    await new SqlCallStore(first).append(anEntry());
    await first.destroy();

    const second = await openDatabase(path);
    const store = new SqlCallStore(second);

    expect(await store.find(aCallId())).toEqual(aCall());
    expect(await store.timeline(aCallId())).toEqual([anEntry()]);
    expect(await store.findReplay({ key: 'k', fingerprint: 'f' })).toMatchObject({ kind: 'replayed' });
    await second.destroy();
  });

  test('with calls from before calls had a behaviour is brought up to date, and they have the default one', async () => {
    const path = join(folder, 'calls.db');
    const old = await openedAt(path, ['0001-create-calls']);
    const { behaviour: _unknown, ...row } = toRow(aCall({ status: 'completed' }));
    await old.insertInto('calls').values(row).execute();
    await old.destroy();

    const database = await openDatabase(path);
    const store = new SqlCallStore(database);

    expect(await store.find(aCallId())).toEqual(aCall({ status: 'completed', behaviour: DEFAULT_BEHAVIOUR }));
    await database.destroy();
  });

  test('of a server that knew less of the behaviour gives the default for the rest', async () => {
    const database = await openDatabase(join(folder, 'calls.db'));
    const store = new SqlCallStore(database);
    await store.insert(aCall());
    await database.updateTable('calls').set({ behaviour: '{"opening":"silent"}' }).execute();

    expect((await store.find(aCallId()))?.behaviour).toEqual({ ...DEFAULT_BEHAVIOUR, opening: 'silent' });
    await database.destroy();
  });

  test('takes writes of two connections, as during an overlapping restart', async () => {
    const path = join(folder, 'calls.db');
    const [first, second] = [await openDatabase(path), await openDatabase(path)];
    await new SqlCallStore(first).insert(aCall());

    await new SqlCallStore(second).save(aCall({ status: 'failed' }));

    expect((await new SqlCallStore(first).find(aCallId()))?.status).toBe('failed');
    await Promise.all([first.destroy(), second.destroy()]);
  });
});

type OldTables = { readonly calls: Omit<Tables['calls'], 'behaviour' | 'idempotency_key' | 'request_fingerprint'> };

/** A database file as an older server left it. */
async function openedAt(path: string, migrations: readonly string[]): Promise<Kysely<OldTables>> {
  const database = new Kysely<OldTables>({ dialect: new SqliteDialect({ database: new Libsql(path) }) });
  const known = Object.fromEntries(migrations.map((name) => [name, MIGRATIONS[name]!]));
  const migrator = new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(known) } });
  const { error } = await migrator.migrateToLatest();
  expect(error).toBeUndefined();
  return database;
}
