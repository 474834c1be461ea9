// Records that have no form in which they could be stored.

import { RecordRefusedError } from '../../../src/calls/errors';
import { SqlCallStore } from '../../../src/store/call-store';
import { openDatabase } from '../../../src/store/database';
import type { Database } from '../../../src/store/tables';
import { aCall, aCallId, anEntry } from '../../support/builders';

let database: Database;
let store: SqlCallStore;

beforeEach(async () => {
  database = await openDatabase(':memory:');
  store = new SqlCallStore(database, { nodeId: 'node-1' });
  await store.insert(aCall());
});

afterEach(() => database.destroy());

const circular: Record<string, unknown> = {};
circular['self'] = circular;

test.each([
  ['that refer to themselves', circular],
  ['that JSON does not know', { count: 1n }],
])('data %s are refused', async (_what, data) => {
  await expect(store.write([{ kind: 'entry', entry: anEntry({ data }) }])).rejects.toThrow(RecordRefusedError);
});

test('a row that the database refuses is a refusal with its cause', async () => {
  await database.schema.createIndex('one_leg').on('calls').columns(['carrier_call_id']).unique().execute();
  await store.insert(aCall({ callId: aCallId(2), carrierCallId: 'leg-1' }));

  const error: unknown = await store
    .write([{ kind: 'call', call: aCall({ carrierCallId: 'leg-1' }) }])
    .catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(RecordRefusedError);
  expect(error).toMatchObject({ cause: { code: 'SQLITE_CONSTRAINT_UNIQUE' } });
});

test('a database that is closed, locked or without its tables is worth another try', async () => {
  await database.schema.dropTable('turns').execute();
  const turn = { speaker: 'callee', text: 'Yes.', startedAtMs: 1, isInterrupted: false };
  const write = store.write([{ kind: 'entry', entry: anEntry({ type: 'turn.finished', data: { turn } }) }]);

  const error: unknown = await write.catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(RecordRefusedError);
  expect(await store.timeline(aCallId())).toEqual([]);
});

test('many rows at once are no more than the database can take', async () => {
  const turn = { speaker: 'callee', text: 'Yes.', startedAtMs: 1, isInterrupted: false };
  const batch = Array.from({ length: 5_000 }, () => ({
    kind: 'entry' as const,
    entry: anEntry({ type: 'turn.finished', data: { turn } }),
  }));

  await store.write(batch);

  expect(await store.timeline(aCallId())).toHaveLength(5_000);
});
