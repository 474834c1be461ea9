// A database that is away for ten minutes while a full server goes on.

import type { Call } from '../../../../src/calls/call';
import { CallJournal } from '../../../../src/calls/journal/call-journal';
import type { RecordWrite, RecordWriter } from '../../../../src/calls/record-ports';
import { aCall, aCallId } from '../../../support/builders';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock } from '../../../support/manual-clock';

const CALLS = 50;
const OUTAGE_SECONDS = 600;

/** A lively conversation: two turns, their latency, their usage, each time the call itself; every three seconds. */
const ENTRIES_A_SECOND = 2;

/** Keeps only what the tests look at. */
class AwayStore implements RecordWriter {
  isAway = true;
  readonly entries = new Map<string, number[]>();
  readonly calls = new Map<string, Call>();

  write(batch: readonly RecordWrite[]): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('away'));
    for (const record of batch) {
      if (record.kind === 'call') this.calls.set(record.call.callId, record.call);
      if (record.kind !== 'entry') continue;
      const { callId, data } = record.entry;
      const known = this.entries.get(callId);
      if (known) known.push(Number(data['number']));
      else this.entries.set(callId, [Number(data['number'])]);
    }
    return Promise.resolve();
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }
}

test('costs no record, keeps their order, and is made up for within seconds', async () => {
  const clock = new ManualClock();
  const store = new AwayStore();
  const log = new RecordingLogger();
  const journal = new CallJournal({ store, clock, log, watchers: [] });
  const calls = Array.from({ length: CALLS }, (_, index) => aCall({ callId: aCallId(index + 1) }));
  let number = 0;

  for (let second = 1; second <= OUTAGE_SECONDS; second += 1) {
    for (let entry = 0; entry < ENTRIES_A_SECOND; entry += 1) {
      number += 1;
      for (const call of calls) journal.note(call, 'reply.started', { number });
    }
    for (const call of calls) journal.save({ ...call, maxDurationSeconds: second });
    await clock.advanceAsync(1_000);
  }
  // Of each call one version waits, however often it was saved; one more may be in the batch that is being tried.
  expect(journal.health.waiting).toBeLessThanOrEqual(number * CALLS + 2 * CALLS);

  store.isAway = false;
  await clock.advanceAsync(10_000);

  const numbers = Array.from({ length: number }, (_, index) => index + 1);
  for (const { callId } of calls) {
    expect(store.entries.get(callId)).toEqual(numbers);
    expect(store.calls.get(callId)?.maxDurationSeconds).toBe(OUTAGE_SECONDS);
  }
  expect(journal.health).toEqual({ waiting: 0, failingSinceMs: undefined });
  expect(log.at('error')).toEqual([]);
});
