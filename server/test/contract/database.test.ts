// What becomes of a database from one start of the server to the next, from one version to the next, and when two servers
// start at once.

import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, Migrator, sql, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import { DEFAULT_BEHAVIOUR } from '../../src/calls/behaviour';
import { endCall } from '../../src/calls/end-call';
import { SqlCallStore } from '../../src/store/call-store';
import { isPostgresUrl, openDatabase } from '../../src/store/database';
import { MIGRATIONS } from '../../src/store/migrations/migrations';
import { SqlNodeLeases } from '../../src/store/node-leases';
import { SqlRetention } from '../../src/store/retention';
import { emptyWriteAheadLog } from '../../src/store/sqlite';
import { SqlUsageReport } from '../../src/store/usage-report';
import { aCall, aCallId, anEntry, aUsage } from '../support/builders';
import { ManualClock } from '../support/manual-clock';
import { onPostgres } from './engines';
import { appended, saved } from './writes';

const FIRST = ['0001-create-calls'];
const SECOND = [...FIRST, '0002-add-behaviour'];

/** A row of `calls` as the first server wrote it. */
const OLD_ROW = {
  call_id: aCallId(),
  status: 'completed',
  to_number: aCall().to,
  from_number: aCall().from,
  instructions: aCall().instructions,
  voice: 'marin',
  max_duration_seconds: 600,
  metadata: '{}',
  created_at_ms: ManualClock.START_MS,
  usage: JSON.stringify(aUsage({ inputTextTokens: 1, inputAudioTokens: 20, outputAudioTokens: 300, costUsd: 0.5 })),
  cost_usd: 0.5,
  end_reason: 'callee-hung-up',
  verdict: JSON.stringify(endCall('callee-hung-up')),
};

type OldCall = typeof OLD_ROW & { readonly behaviour?: string };
type OldEvent = { call_id: string; sequence: number; at_ms: number; type: string; data: string };
type OldTables = { readonly calls: OldCall; readonly call_events: OldEvent };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-test-'));
  path = join(folder, 'calls.db');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A database file as an older server left it. */
async function leftBy(migrations: readonly string[]): Promise<Kysely<OldTables>> {
  const database = new Kysely<OldTables>({ dialect: new SqliteDialect({ database: new Libsql(path) }) });
  const known = Object.fromEntries(migrations.map((name) => [name, MIGRATIONS[name]!]));
  const migrator = new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(known) } });
  const { error } = await migrator.migrateToLatest();
  expect(error).toBeUndefined();
  return database;
}

test.each([
  ['postgres://user:secret@db.example:5432/calls', true],
  ['postgresql://db.example/calls', true],
  ['./data/ai-calls.db', false],
  ['/data/postgres/ai-calls.db', false],
  [':memory:', false],
])('%s is PostgreSQL: %s', (place, isPostgres) => {
  expect(isPostgresUrl(place)).toBe(isPostgres);
});

describe('a file that another process has locked', () => {
  /** Locks the file; returns how to let go of it. */
  function lock(): () => void {
    const file = new Libsql(path);
    file.exec('BEGIN IMMEDIATE');
    return () => {
      file.exec('ROLLBACK');
      file.close();
    };
  }

  test('takes every kind of write again as soon as the lock is gone, however often they were refused', async () => {
    const database = await openDatabase(path);
    const store = new SqlCallStore(database, { nodeId: 'node' });
    const leases = new SqlNodeLeases(database, { nodeId: 'node', isShared: false });
    await store.insert(aCall());
    const writes = [
      () => store.insert(aCall({ callId: aCallId(2) })),
      () => appended(store, anEntry()),
      () => leases.claimOrphans(1),
      () => leases.beat(1),
    ];

    for (const write of writes) {
      const release = lock();
      await expect(write()).rejects.toThrow('locked');
      await expect(write()).rejects.toThrow('locked');
      release();
      await write();
    }

    expect(await store.timeline(aCallId())).toHaveLength(1);
    await database.destroy();
  });
});

describe('a database file', () => {
  test('on a disk that is full says so, and takes records again when there is room', async () => {
    const database = await openDatabase(path);
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    const { page_count: pages } = (await sql<{ page_count: number }>`pragma page_count`.execute(database)).rows[0]!;
    await sql`pragma max_page_count = ${sql.lit(pages)}`.execute(database);
    const long = aCall({ instructions: 'x'.repeat(16_000) });

    await expect(store.insert(long)).rejects.toThrow('full');
    await sql`pragma max_page_count = 1000000`.execute(database);
    await store.insert(long);

    expect(await store.find(aCallId())).toEqual(long);
    await sql`pragma max_page_count = ${sql.lit(pages + 4)}`.execute(database);
    const many = Array.from({ length: 50 }, () => anEntry({ data: { text: 'x'.repeat(4_000) } }));
    await expect(appended(store, ...many)).rejects.toThrow('full');
    await database.destroy();
  });

  test('is made with its folder, and keeps calls from one start to the next', async () => {
    path = join(folder, 'new', 'calls.db');
    const first = await openDatabase(path);
    await new SqlCallStore(first, { nodeId: 'node-1' }).insert(aCall(), { key: 'k', fingerprint: 'f' });
    await appended(new SqlCallStore(first, { nodeId: 'node-1' }), anEntry());
    await first.destroy();

    const second = await openDatabase(path);
    const store = new SqlCallStore(second, { nodeId: 'node-1' });

    expect(await store.find(aCallId())).toEqual(aCall());
    expect(await store.timeline(aCallId())).toEqual([{ ...anEntry(), sequence: 1 }]);
    expect(await store.findReplay({ key: 'k', fingerprint: 'f' })).toMatchObject({ kind: 'replayed' });
    await second.destroy();
  });

  test('with calls from before calls had a behaviour is brought up to date, and they have the default one', async () => {
    const old = await leftBy(FIRST);
    await old.insertInto('calls').values(OLD_ROW).execute();
    await old.destroy();

    const database = await openDatabase(path);

    expect((await new SqlCallStore(database, { nodeId: 'node-1' }).find(aCallId()))?.behaviour).toEqual(
      DEFAULT_BEHAVIOUR,
    );
    await database.destroy();
  });

  test('of a server that knew less of the behaviour gives the default for the rest', async () => {
    const database = await openDatabase(path);
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    await store.insert(aCall());
    await database.updateTable('calls').set({ behaviour: '{"opening":"silent"}' }).execute();

    expect((await store.find(aCallId()))?.behaviour).toEqual({ ...DEFAULT_BEHAVIOUR, opening: 'silent' });
    await database.destroy();
  });

  test('takes writes of two connections, as during an overlapping restart', async () => {
    const [first, second] = [await openDatabase(path), await openDatabase(path)];
    await new SqlCallStore(first, { nodeId: 'node-1' }).insert(aCall());

    await saved(new SqlCallStore(second, { nodeId: 'node-1' }), aCall({ status: 'failed' }));

    expect((await new SqlCallStore(first, { nodeId: 'node-1' }).find(aCallId()))?.status).toBe('failed');
    await Promise.all([first.destroy(), second.destroy()]);
  });
});

test('a database file that is closed while a batch is written has the batch, and is free for the next one', async () => {
  const first = await openDatabase(path);
  const store = new SqlCallStore(first, { nodeId: 'node-1' });
  await store.insert(aCall());
  const written = appended(store, ...Array.from({ length: 200 }, () => anEntry()));
  // The transaction has begun and is not over.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));

  await first.destroy();
  await written;

  const second = await openDatabase(path);
  const next = new SqlCallStore(second, { nodeId: 'node-2' });
  await appended(next, anEntry());
  expect(await next.timeline(aCallId())).toHaveLength(201);
  await second.destroy();
});

test('a database file keeps nothing of the words that were deleted', async () => {
  const database = await openDatabase(path);
  const store = new SqlCallStore(database, { nodeId: 'node-1' });
  const words = 'Mississippi '.repeat(40);
  const turn = { speaker: 'callee', text: words, startedAtMs: 1, isInterrupted: false };
  await store.insert(aCall({ instructions: words.repeat(20), status: 'completed' }));
  await appended(store, ...Array.from({ length: 50 }, () => anEntry({ type: 'turn.finished', data: { turn } })));
  await sql`pragma wal_checkpoint(truncate)`.execute(database);
  expect(readFileSync(path).includes('Mississippi')).toBe(true);

  const retention = new SqlRetention(database, new ManualClock(), () => emptyWriteAheadLog(database));
  await retention.purge([aCallId()]);

  const left = readdirSync(folder).filter((file) => readFileSync(join(folder, file)).includes('Mississippi'));
  expect(left).toEqual([]);
  await database.destroy();
});

test('a database file that is closed has everything by itself, however many reads are kept', async () => {
  const database = await openDatabase(path);
  const store = new SqlCallStore(database, { nodeId: 'node-1' });
  await store.insert(aCall());
  await appended(store, anEntry());
  await store.find(aCallId());
  await store.timeline(aCallId());

  await database.destroy();
  const copy = join(folder, 'backup.db');
  copyFileSync(path, copy);

  const restored = await openDatabase(copy);
  const restoredStore = new SqlCallStore(restored, { nodeId: 'node-2' });
  expect(await restoredStore.find(aCallId())).toEqual(aCall());
  expect(await restoredStore.timeline(aCallId())).toHaveLength(1);
  await restored.destroy();
});

describe('a database file from before turns, tools and costs had tables', () => {
  beforeEach(async () => {
    const old = await leftBy(SECOND);
    const live = { ...OLD_ROW, call_id: aCallId(2), status: 'ringing', verdict: undefined, end_reason: undefined };
    await old
      .insertInto('calls')
      .values({ ...OLD_ROW, behaviour: '{"opening":"silent"}' })
      .execute();
    await old
      .insertInto('calls')
      .values({ ...live, usage: JSON.stringify(aUsage()), cost_usd: 0 } as unknown as OldCall)
      .execute();
    for (const [index, type] of ['call.queued', 'turn.finished', 'call.completed'].entries()) {
      const data = type === 'turn.finished' ? JSON.stringify({ turn: { speaker: 'callee', text: 'Yes.' } }) : '{}';
      await old
        .insertInto('call_events')
        .values({ call_id: aCallId(), sequence: index + 1, at_ms: index, type, data })
        .execute();
    }
    await old.destroy();
  });

  test('has its calls as they were, with nothing of what they did not know', async () => {
    const database = await openDatabase(path);

    expect(await new SqlCallStore(database, { nodeId: 'node-1' }).find(aCallId())).toEqual(
      aCall({
        status: 'completed',
        behaviour: { ...DEFAULT_BEHAVIOUR, opening: 'silent' },
        usage: aUsage({ inputTextTokens: 1, inputAudioTokens: 20, outputAudioTokens: 300, costUsd: 0.5 }),
        verdict: endCall('callee-hung-up'),
        mayHaveLeg: false,
      }),
    );
    await database.destroy();
  });

  test('has its timelines, and they go on where they ended', async () => {
    const database = await openDatabase(path);
    const store = new SqlCallStore(database, { nodeId: 'node-1' });

    await appended(store, anEntry({ type: 'leg.down' }));

    const timeline = await store.timeline(aCallId());
    expect(timeline.map(({ sequence, type }) => [sequence, type])).toEqual([
      [1, 'call.queued'],
      [2, 'turn.finished'],
      [3, 'call.completed'],
      [4, 'leg.down'],
    ]);
    expect(timeline[1]?.data).toEqual({ turn: { speaker: 'callee', text: 'Yes.' } });
    await database.destroy();
  });

  test('has the tokens of its calls in the report', async () => {
    const database = await openDatabase(path);

    const rows = await new SqlUsageReport(database).usage({ sinceMs: 0, untilMs: 9e12 });

    expect(rows).toMatchObject([{ calls: 2, inputTokens: 21, outputTokens: 300, aiCostUsd: 0.5 }]);
    await database.destroy();
  });

  test('leaves the calls that were not over to the next server, with a leg that may be up', async () => {
    const database = await openDatabase(path);

    const orphans = await new SqlNodeLeases(database, { nodeId: 'node-2', isShared: false }).claimOrphans(0);

    expect(orphans).toMatchObject([{ callId: aCallId(2), status: 'ringing', mayHaveLeg: true }]);
    await database.destroy();
  });
});

test('a migration that fails half way leaves the file as it was', async () => {
  const old = await leftBy(SECOND);
  await old
    .insertInto('calls')
    .values({ ...OLD_ROW, usage: 'no JSON' })
    .execute();
  await old.destroy();

  await expect(openDatabase(path)).rejects.toThrow('could not be brought up to date');

  const file = new Libsql(path);
  const columns = file.prepare("select name from pragma_table_info('calls')").all() as { readonly name: string }[];
  expect(columns.map(({ name }) => name)).not.toContain('max_cost_usd');
  file.close();
});

onPostgres((schema) => {
  test('several servers that start at once on an empty database make its tables together', async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(() => openDatabase(schema.url)));

    const stores = databases.map((database, index) => new SqlCallStore(database, { nodeId: `node-${index}` }));
    await Promise.all(stores.map((store, index) => store.insert(aCall({ callId: aCallId(index + 1) }))));

    expect((await stores[0]!.list({ limit: 10 })).calls).toHaveLength(4);
    await Promise.all(databases.map((database) => database.destroy()));
  });
});
