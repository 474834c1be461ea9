// What every outbox has to do: each callback once, those of one call in their order.

import type { CallStore, Outbox } from '../../src/calls/record-ports';
import { aCall, aCallId } from '../support/builders';
import { ManualClock } from '../support/manual-clock';
import { aCallback, queued } from './writes';

/** An outbox, two views of it as two nodes have them, and the store that fills it. */
export type OutboxUnderTest = {
  readonly store: CallStore;
  readonly outbox: Outbox;
  readonly other: Outbox;
  readonly close: () => Promise<void>;
};

const NOW_MS = ManualClock.START_MS + 1_000;
const CLAIM = { nowMs: NOW_MS, claimedUntilMs: NOW_MS + 30_000, limit: 10 };

/** Declares the tests of the contract for one kind of outbox. */
export function outboxContract(name: string, makeOutbox: () => Promise<OutboxUnderTest>): void {
  describe(`the outbox: ${name}`, () => {
    let store: CallStore;
    let outbox: Outbox;
    let other: Outbox;
    let close: () => Promise<void>;

    beforeEach(async () => {
      ({ store, outbox, other, close } = await makeOutbox());
      for (const number of [1, 2, 3]) await store.insert(aCall({ callId: aCallId(number) }));
    });

    afterEach(() => close());

    /** Queues a callback of the call with that number. */
    function queue(callbackId: string, call = 1, createdAtMs = ManualClock.START_MS): Promise<void> {
      return queued(store, aCallback({ callbackId, callId: aCallId(call), createdAtMs }));
    }

    async function claimed(changes: Partial<typeof CLAIM> = {}, by = outbox): Promise<string[]> {
      return (await by.claimDue({ ...CLAIM, ...changes })).map(({ callbackId }) => callbackId);
    }

    test('gives a callback as it was queued, never tried', async () => {
      await queued(store, aCallback({ body: '{"text":"Grüße"}' }));

      expect(await outbox.claimDue(CLAIM)).toEqual([{ ...aCallback({ body: '{"text":"Grüße"}' }), attempts: 0 }]);
    });

    test('is empty at first', async () => {
      expect(await claimed()).toEqual([]);
      expect(await outbox.nextDueAtMs()).toBeUndefined();
    });

    test('gives those of one call one after the other, in their order', async () => {
      await queue('b');
      await queue('a');
      await queued(store, aCallback({ callbackId: 'c' }), aCallback({ callbackId: 'd', createdAtMs: 1 }));

      const order: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        const [callbackId, ...more] = await claimed();
        expect(more).toEqual([]);
        expect(await claimed()).toEqual([]);
        order.push(callbackId!);
        await outbox.markDelivered(callbackId!, NOW_MS);
      }

      expect(order).toEqual(['b', 'a', 'c', 'd']);
      expect(await claimed()).toEqual([]);
    });

    test('gives those of several calls at the same time, what is due longest first, within the limit', async () => {
      await queue('one', 1, ManualClock.START_MS + 2);
      await queue('two', 2, ManualClock.START_MS + 1);
      await queue('three', 3, ManualClock.START_MS + 3);

      expect(await claimed({ limit: 2 })).toEqual(['two', 'one']);
      expect(await claimed()).toEqual(['three']);
    });

    test('gives nothing before it is due', async () => {
      await queue('early', 1, NOW_MS + 1);

      expect(await claimed()).toEqual([]);
      expect(await outbox.nextDueAtMs()).toBe(NOW_MS + 1);
      expect(await claimed({ nowMs: NOW_MS + 1 })).toEqual(['early']);
    });

    test('gives what is claimed to nobody else until the claim lapses', async () => {
      await queue('first');
      await queue('second');
      await claimed();

      expect(await claimed({}, other)).toEqual([]);
      expect(await claimed({ nowMs: CLAIM.claimedUntilMs - 1 }, other)).toEqual([]);
      expect(await claimed({ nowMs: CLAIM.claimedUntilMs, claimedUntilMs: NOW_MS + 90_000 }, other)).toEqual(['first']);
    });

    test('gives nothing twice when several nodes ask at once', async () => {
      for (let call = 4; call <= 40; call += 1) {
        await store.insert(aCall({ callId: aCallId(call) }));
        await queue(`callback-${call}`, call);
      }

      const all = await Promise.all(
        Array.from({ length: 12 }, (_, index) => claimed({ limit: 7 }, index % 2 ? other : outbox)),
      );
      const rest = await claimed({ limit: 100 });

      expect([...all.flat(), ...rest]).toHaveLength(37);
      expect(new Set([...all.flat(), ...rest]).size).toBe(37);
    });

    test('keeps what comes later waiting behind a failure, and counts the failures', async () => {
      await queue('first');
      await queue('second');
      await claimed();

      await outbox.postpone('first', { attempts: 3, nextAttemptAtMs: NOW_MS + 500 });

      expect(await claimed()).toEqual([]);
      expect(await outbox.nextDueAtMs()).toBe(NOW_MS + 500);
      expect(await outbox.claimDue({ ...CLAIM, nowMs: NOW_MS + 500 })).toMatchObject([
        { callbackId: 'first', attempts: 3 },
      ]);
    });

    test('goes on with the next one of the call when one is given up', async () => {
      await queue('first');
      await queue('second');
      await claimed();

      await outbox.giveUp('first', NOW_MS);

      expect(await claimed()).toEqual(['second']);
    });

    test('does not send again what was delivered, whatever is said of it later', async () => {
      await queue('first');
      await claimed();
      await outbox.markDelivered('first', NOW_MS);

      await other.postpone('first', { attempts: 1, nextAttemptAtMs: NOW_MS });
      await other.giveUp('first', NOW_MS);

      expect(await claimed({ nowMs: NOW_MS + 1e9 })).toEqual([]);
      expect(await outbox.nextDueAtMs()).toBeUndefined();
    });

    test('tells when the next one is due that nobody has claimed', async () => {
      await queue('first', 1, NOW_MS - 5);
      await queue('behind it', 1, NOW_MS - 4);
      await queue('of another call', 2, NOW_MS + 7);
      expect(await outbox.nextDueAtMs()).toBe(NOW_MS - 5);

      await claimed();

      expect(await outbox.nextDueAtMs()).toBe(NOW_MS + 7);
    });

    test('takes the same callback once, although its record is written again', async () => {
      await queue('first');
      await queue('first');
      await queue('second');
      await claimed();
      await outbox.markDelivered('first', NOW_MS);

      expect(await claimed()).toEqual(['second']);
    });
  });
}
