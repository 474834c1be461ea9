// SQLite works on our own thread: what takes long is done in steps, between which the calls have their audio.

import type { RecordWrite } from '../../../src/calls/record-ports';
import { SqlCallStore } from '../../../src/store/call-store';
import { openDatabase } from '../../../src/store/database';
import { SqlRetention } from '../../../src/store/retention';
import type { Database } from '../../../src/store/tables';
import { SqlUsageReport } from '../../../src/store/usage-report';
import { aCall, aCallId, aCharge, anEntry } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';

const CALLS = 50;

let database: Database;
let store: SqlCallStore;

beforeEach(async () => {
  database = await openDatabase(':memory:');
  store = new SqlCallStore(database, { nodeId: 'node-1' });
});

afterEach(() => database.destroy());

/** How many turns of the event loop there are before the work is done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work;
  isDone = true;
  return turns;
}

async function insertCalls(): Promise<readonly string[]> {
  const callIds = Array.from({ length: CALLS }, (_, index) => aCallId(index + 1));
  for (const callId of callIds) await store.insert(aCall({ callId, status: 'completed' }));
  return callIds;
}

function charges(count: number, callOf: (index: number) => string): RecordWrite[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: 'entry',
    entry: anEntry({ callId: callOf(index), type: 'usage.added', data: { charge: aCharge() } }),
  }));
}

test('a batch about many calls leaves a turn to others after each call', async () => {
  await insertCalls();
  const batch = charges(200, (index) => aCallId((index % CALLS) + 1));

  expect(await turnsDuring(store.write(batch))).toBeGreaterThan(CALLS);
});

test('many rows of one call are written in several turns', async () => {
  await insertCalls();

  expect(await turnsDuring(store.write(charges(200, () => aCallId())))).toBeGreaterThanOrEqual(5);
});

test('a long timeline is read in several turns, a short one at once', async () => {
  await insertCalls();
  await store.write(charges(1_000, () => aCallId()));

  expect(await turnsDuring(store.timeline(aCallId()))).toBeGreaterThanOrEqual(4);
  expect(await turnsDuring(store.timeline(aCallId(), 900))).toBeLessThanOrEqual(1);
});

test('usage is summed up in a turn for each day', async () => {
  const days = [0, 1, 2, 40, 41];
  for (const day of days)
    await store.insert(aCall({ callId: aCallId(day + 1), timings: { createdAtMs: day * 24 * 3_600_000 } }));

  const report = new SqlUsageReport(database).usage({ sinceMs: 0, untilMs: 9e12 });

  expect(await turnsDuring(report)).toBeGreaterThanOrEqual(days.length);
  expect((await report).map(({ day }) => day)).toEqual([
    '1970-01-01',
    '1970-01-02',
    '1970-01-03',
    '1970-02-10',
    '1970-02-11',
  ]);
});

test('what a day has cost is summed up in a turn for each hour', async () => {
  await insertCalls();
  const hours = [0, 1, 5, 6];
  await store.write(
    hours.map((hour) => ({
      kind: 'entry',
      entry: anEntry({ callId: aCallId(), atMs: hour * 3_600_000, type: 'usage.added', data: { charge: aCharge() } }),
    })),
  );
  const [one] = [new SqlUsageReport(database).costSince(6 * 3_600_000)];
  const cost = new SqlUsageReport(database).costSince(0);

  expect(await turnsDuring(cost)).toBeGreaterThanOrEqual(hours.length);
  expect(await cost).toBeCloseTo(hours.length * (await one), 6);
});

test('old words are deleted in several turns for each call', async () => {
  const callIds = await insertCalls();
  const retention = new SqlRetention(database, new ManualClock());

  expect(await turnsDuring(retention.purge(callIds))).toBeGreaterThan(CALLS);
});
