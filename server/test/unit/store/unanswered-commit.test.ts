// A commit that succeeds although no answer comes: the batch is tried again, as nobody can know, and must not be doubled.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery, type DatabaseConnection, Kysely, SqliteDialect, SqliteDriver } from 'kysely';
import Libsql from 'libsql';
import type { RecordWrite } from '../../../src/calls/record-ports';
import { SqlCallStore } from '../../../src/store/call-store';
import { openDatabase } from '../../../src/store/database';
import type { Tables } from '../../../src/store/tables';
import { aCall, aCallId, anEntry } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';

let outcomes: ('answered' | 'unanswered' | 'undone')[];

class UnreliableDriver extends SqliteDriver {
  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const outcome = outcomes.shift() ?? 'answered';
    const statement = outcome === 'undone' ? 'rollback' : 'commit';
    await connection.executeQuery(CompiledQuery.raw(statement));
    if (outcome !== 'answered') throw new Error('The connection was lost.');
  }

  override rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // Over a connection that was lost nothing can be rolled back.
    return super.rollbackTransaction(connection).catch(() => undefined);
  }
}

class UnreliableDialect extends SqliteDialect {
  override createDriver(): SqliteDriver {
    return new UnreliableDriver({ database: new Libsql(path) });
  }
}

const TURN: RecordWrite = {
  kind: 'entry',
  entry: anEntry({
    type: 'turn.finished',
    data: { turn: { speaker: 'callee', text: 'Yes.', startedAtMs: 1, isInterrupted: false } },
  }),
};
const EVENT_MS = ManualClock.START_MS;
const EVENT: RecordWrite = { kind: 'entry', entry: anEntry({ atMs: EVENT_MS }) };

let folder: string;
let path: string;
let database: Kysely<Tables>;
let store: SqlCallStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-test-'));
  path = join(folder, 'calls.db');
  await (await openDatabase(path)).destroy();
  outcomes = [];
  database = new Kysely<Tables>({ dialect: new UnreliableDialect({ database: () => Promise.reject(new Error()) }) });
  store = new SqlCallStore(database, { nodeId: 'node-1' });
  await store.insert(aCall());
});

afterEach(async () => {
  await database.destroy();
  rmSync(folder, { recursive: true, force: true });
});

async function timeline(): Promise<[number, string][]> {
  return (await store.timeline(aCallId())).map(({ sequence, type }) => [sequence, type]);
}

test('a batch whose commit was not answered is not written twice', async () => {
  const batch = [EVENT, TURN];
  outcomes = ['unanswered'];
  await expect(store.write(batch)).rejects.toThrow();

  await store.write(batch);

  expect(await timeline()).toEqual([
    [1, 'call.queued'],
    [2, 'turn.finished'],
  ]);
});

test('a batch whose commit was not carried out is written by the next try', async () => {
  const batch = [EVENT, TURN];
  outcomes = ['undone'];
  await expect(store.write(batch)).rejects.toThrow();

  await store.write(batch);

  expect(await timeline()).toHaveLength(2);
});

test('a batch that was never answered is still not written twice', async () => {
  const batch = [TURN];
  outcomes = ['undone', 'unanswered'];
  for (let tries = 1; tries <= 2; tries += 1) await expect(store.write(batch)).rejects.toThrow();

  await store.write(batch);
  await store.write([EVENT]);

  expect(await timeline()).toEqual([
    [1, 'turn.finished'],
    [2, 'call.queued'],
  ]);
});

describe('when another node has taken the call over meanwhile', () => {
  const NEWS: RecordWrite = { kind: 'entry', entry: anEntry({ type: 'leg.down', atMs: EVENT_MS + 5_000 }) };

  /** How the batch ends after a first try with that outcome, when others have written so much in between. */
  async function timelineAfter(outcome: 'unanswered' | 'undone', others: number): Promise<[number, string][]> {
    const batch = [EVENT, TURN];
    outcomes = [outcome];
    await expect(store.write(batch)).rejects.toThrow();
    const other = new SqlCallStore(database, { nodeId: 'node-2' });
    for (let count = 0; count < others; count += 1) await other.write([NEWS]);
    await store.write(batch);
    return timeline();
  }

  test.each([1, 2, 3])(
    'a batch whose commit was not carried out is written behind %d of the others',
    async (others) => {
      const types = (await timelineAfter('undone', others)).map(([, type]) => type);

      expect(types).toEqual([...Array<string>(others).fill('leg.down'), 'call.queued', 'turn.finished']);
    },
  );

  test('a batch whose commit was not answered is still not written twice', async () => {
    const types = (await timelineAfter('unanswered', 2)).map(([, type]) => type);

    expect(types).toEqual(['call.queued', 'turn.finished', 'leg.down', 'leg.down']);
  });
});

test('the same records in another batch are other records', async () => {
  outcomes = ['unanswered'];
  await expect(store.write([EVENT])).rejects.toThrow();

  await store.write([EVENT]);

  expect(await timeline()).toHaveLength(2);
});
