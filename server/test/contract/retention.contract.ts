// What every retention has to do: words go, figures stay, once.

import { DEFAULT_BEHAVIOUR } from '../../src/calls/behaviour';
import type { Call } from '../../src/calls/call';
import { endCall } from '../../src/calls/end-call';
import type { CallStore, Outbox, Retention, TimelineEntry } from '../../src/calls/record-ports';
import { aCall, aCallId, aCharge, anEntry, aUsage } from '../support/builders';
import { aCallback, appended, queued } from './writes';

/** A retention and what it works on. */
export type RetentionUnderTest = {
  readonly store: CallStore;
  readonly outbox: Outbox;
  readonly retention: Retention;
  readonly close: () => Promise<void>;
};

const SECRET = 'Mississippi';

const PERSONAL: readonly [string, TimelineEntry['data']][] = [
  ['turn.finished', { turn: { speaker: 'callee', text: SECRET, startedAtMs: 1, isInterrupted: false } }],
  ['turn.finished', { turn: { text: SECRET } }],
  ['tool.finished', { toolCallId: '1', name: 'n', argumentsJson: SECRET, outcome: 'ok', output: '', durationMs: 1 }],
  ['tool.finished', { output: SECRET }],
  ['dtmf.received', { digits: SECRET }],
  ['dtmf.sent', { digits: SECRET }],
  ['instructions.changed', { instructions: SECRET }],
  ['transfer.started', { to: SECRET }],
  ['transfer.bridged', { to: SECRET }],
  ['transfer.failed', { to: SECRET, reason: 'busy' }],
];

const FIGURES: readonly [string, TimelineEntry['data']][] = [
  ['call.queued', {}],
  ['reply.started', { latencyMs: 700 }],
  ['usage.added', { charge: aCharge() }],
  ['call.completed', { verdict: endCall('callee-hung-up') }],
];

/** Declares the tests of the contract for one kind of database. */
export function retentionContract(name: string, make: () => Promise<RetentionUnderTest>): void {
  describe(`the retention: ${name}`, () => {
    let archive: RetentionUnderTest;

    beforeEach(async () => {
      archive = await make();
    });

    afterEach(() => archive.close());

    function endedAt(number: number, endedAtMs: number | undefined, changes: Partial<Call> = {}): Promise<unknown> {
      return archive.store.insert(
        aCall({ callId: aCallId(number), status: 'completed', timings: { createdAtMs: 1, endedAtMs }, ...changes }),
      );
    }

    test('deletes everything that tells words or numbers pressed, and nothing else', async () => {
      await endedAt(1, 10);
      const entries = [...PERSONAL, ...FIGURES].map(([type, data]) => anEntry({ type, data }));
      await appended(archive.store, ...entries);

      await archive.retention.purge(await archive.retention.expired(11, 10));

      const left = await archive.store.timeline(aCallId());
      expect(left.map(({ type, data }) => [type, data])).toEqual(FIGURES);
      expect(left.map(({ sequence }) => sequence)).toEqual([11, 12, 13, 14]);
    });

    test('empties what the call was asked to say, and keeps statuses, times, verdict and costs', async () => {
      const words = {
        instructions: SECRET,
        greeting: SECRET,
        metadata: { name: SECRET },
        behaviour: { ...DEFAULT_BEHAVIOUR, voicemailMessage: SECRET },
        statusCallbackUrl: `https://example.com/hook?name=${SECRET}`,
        recording: { state: 'ready', durationMs: 1, bytes: 1 } as const,
      };
      const figures = { usage: aUsage({ costUsd: 0.5 }), verdict: endCall('callee-hung-up'), carrierCostUsd: 0.25 };
      await endedAt(1, 10, { ...words, ...figures });

      await archive.retention.purge(await archive.retention.expired(11, 10));

      const call = await archive.store.find(aCallId());
      expect(JSON.stringify(call)).not.toContain(SECRET);
      expect(call).toMatchObject({ status: 'completed', to: aCall().to, timings: { endedAtMs: 10 }, ...figures });
      expect(call?.recording).toBeUndefined();
    });

    test('deletes the words of several calls at once, and of a call without any', async () => {
      for (const number of [1, 2, 3]) await endedAt(number, 10, { instructions: SECRET });
      await appended(archive.store, ...PERSONAL.map(([type, data]) => anEntry({ callId: aCallId(2), type, data })));

      await archive.retention.purge([aCallId(1), aCallId(2)]);

      expect(await archive.store.timeline(aCallId(2))).toEqual([]);
      expect((await archive.store.find(aCallId(1)))?.instructions).toBe('');
      expect((await archive.store.find(aCallId(3)))?.instructions).toBe(SECRET);
    });

    test('deletes callbacks, those that wait included', async () => {
      await endedAt(1, 10);
      await queued(archive.store, aCallback({ body: SECRET }));

      await archive.retention.purge(await archive.retention.expired(11, 10));

      expect(await archive.outbox.claimDue({ nowMs: 9e12, claimedUntilMs: 9e12, limit: 10 })).toEqual([]);
    });

    test('leaves calls alone that ended later, or have not ended', async () => {
      await endedAt(1, 10);
      await endedAt(2, 11);
      await endedAt(3, undefined, { status: 'in-progress' });

      expect(await archive.retention.expired(11, 10)).toEqual([aCallId(1)]);
      await archive.retention.purge([aCallId(1)]);

      expect((await archive.store.find(aCallId(2)))?.instructions).toBe(aCall().instructions);
      expect((await archive.store.find(aCallId(3)))?.instructions).toBe(aCall().instructions);
    });

    test('names each call until it is purged, so many at a time, the oldest first', async () => {
      for (const number of [1, 2, 3]) await endedAt(number, 20 - number);

      expect(await archive.retention.expired(100, 2)).toEqual([aCallId(3), aCallId(2)]);
      await archive.retention.purge([aCallId(3), aCallId(2)]);
      expect(await archive.retention.expired(100, 2)).toEqual([aCallId(1)]);
      await archive.retention.purge([aCallId(1)]);
      expect(await archive.retention.expired(100, 2)).toEqual([]);
    });
  });
}
