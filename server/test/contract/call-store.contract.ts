// What every record of calls has to do, whatever it is made of.

import fc from 'fast-check';
import { type CallBehaviour, DEFAULT_BEHAVIOUR } from '../../src/calls/behaviour';
import type { Call } from '../../src/calls/call';
import { CALL_STATUSES, type CallStatus } from '../../src/calls/call-state';
import { endCall } from '../../src/calls/end-call';
import { CursorError } from '../../src/calls/errors';
import type { CallQuery, CallStore, Idempotency } from '../../src/calls/record-ports';
import { aCall, aCallId, aUsage } from '../support/builders';
import { ManualClock } from '../support/manual-clock';
import { saved } from './writes';

/** A store of its own for one test, and how to let go of it. */
export type StoreUnderTest = { readonly store: CallStore; readonly close: () => Promise<void> };

const KEY: Idempotency = { key: 'key-1', fingerprint: 'fingerprint-1' };

const UNICODE = 'Grüße 👩‍👩‍👧 مرحبا\u0301 \u202Eabc\u202C "quoted" \\ \'; DROP TABLE calls; --\n\t';

/** A behaviour in which nothing is the default. */
const FULL_BEHAVIOUR: CallBehaviour = {
  opening: 'wait-for-hello',
  helloTimeoutMs: 4_000,
  protectGreeting: true,
  answeringMachine: 'leave-message',
  voicemailMessage: UNICODE,
  turnDetection: { type: 'semantic-vad', eagerness: 'high' },
  noiseReduction: 'off',
  bargeInHoldMs: 250,
  silenceNudgeSeconds: 0,
  silenceGoodbyeSeconds: 30,
  builtInTools: ['end_call'],
  tools: [
    {
      name: 'find_order',
      description: 'Finds an order.',
      parameters: { type: 'object', properties: { id: { type: 'string', enum: ['a', UNICODE] } } },
      url: 'https://tools.example/orders?x={id}',
      method: 'PUT',
      headers: { authorization: 'Bearer ${TOOL_KEY}' },
      timeoutMs: 1_500,
      filler: 'One moment.',
      whileRunning: 'wait',
    },
  ],
  transferTargets: [{ name: 'Desk', to: 'sip:desk@pbx.example', description: 'For complaints.' }],
};

/** A call with every field filled. */
function aFullCall(): Call {
  return aCall({
    status: 'completed',
    greeting: 'Good morning.',
    metadata: { order: '17', '': 'empty key', __proto__x: 'y' },
    statusCallbackUrl: 'https://example.com/hook?a=b',
    carrierCallId: 'v3:abc',
    maxDurationSeconds: 61,
    maxCostUsd: 0.35,
    isRecorded: true,
    placedBy: 'crm',
    behaviour: FULL_BEHAVIOUR,
    timings: {
      createdAtMs: ManualClock.START_MS,
      initiatedAtMs: ManualClock.START_MS + 1,
      ringingAtMs: ManualClock.START_MS + 2,
      answeredAtMs: ManualClock.START_MS + 3,
      endedAtMs: ManualClock.START_MS + 4,
    },
    usage: aUsage({ responses: 3, inputAudioTokens: 120, cachedInputTokens: 7, costUsd: 0.012_345_678 }),
    carrierCostUsd: 0.007,
    mayHaveLeg: false,
    recording: { state: 'ready', durationMs: 61_000, bytes: 1_952_044 },
    verdict: endCall('callee-hung-up', { hangupCause: 'normal_clearing', retries: 2, final: true }),
  });
}

/** Declares the tests of the contract for one kind of store. */
export function callStoreContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`the record of calls: ${name}`, () => {
    let store: CallStore;
    let close: () => Promise<void>;

    beforeEach(async () => {
      ({ store, close } = await makeStore());
    });

    afterEach(() => close());

    describe('one call', () => {
      test('comes back as it was inserted, every field included', async () => {
        expect(await store.insert(aFullCall())).toEqual({ kind: 'inserted' });

        expect(await store.find(aCallId())).toEqual(aFullCall());
      });

      test('comes back as it was inserted, with nothing but what it must have', async () => {
        await store.insert(aCall());

        expect(await store.find(aCallId())).toEqual(aCall());
      });

      test('is not there before it is inserted', async () => {
        expect(await store.find(aCallId())).toBeUndefined();
      });

      test('is saved whole: every field that can change does', async () => {
        const { carrierCallId, timings, usage, carrierCostUsd, mayHaveLeg, recording } = aFullCall();
        const verdict = endCall('ai-failed', { tries: 4 });
        const changes = { carrierCallId, timings, usage, carrierCostUsd, mayHaveLeg, recording, verdict };
        await store.insert(aCall());
        const later = aCall({ ...changes, status: 'failed', instructions: 'Say goodbye.' });

        await saved(store, later);

        expect(await store.find(aCallId())).toEqual(later);
      });

      test('keeps its behaviour through every save', async () => {
        const behaviour = { ...DEFAULT_BEHAVIOUR, opening: 'silent' as const, builtInTools: [] };
        await store.insert(aCall({ behaviour }));
        await saved(store, aCall({ behaviour, status: 'ringing' }));

        expect((await store.find(aCallId()))?.behaviour).toEqual(behaviour);
        expect((await store.list({ limit: 1 })).calls[0]?.behaviour).toEqual(behaviour);
      });

      test('keeps a cost that is unknown unknown, and one that is nothing nothing', async () => {
        await store.insert(aCall({ usage: aUsage({ costUsd: null }) }));
        await store.insert(aCall({ callId: aCallId(2), usage: aUsage({ costUsd: 0 }) }));

        expect((await store.find(aCallId()))?.usage.costUsd).toBeNull();
        expect((await store.find(aCallId(2)))?.usage.costUsd).toBe(0);
      });

      test('is saved although somebody counts in fractions of tokens', async () => {
        const usage = aUsage({ inputTextTokens: 1.25, inputAudioTokens: 1.5, outputAudioTokens: 0.4, costUsd: 0.01 });
        await store.insert(aCall());

        await saved(store, aCall({ usage }));

        expect((await store.find(aCallId()))?.usage).toEqual(usage);
      });

      test('is saved without touching another', async () => {
        await store.insert(aCall());
        await store.insert(aCall({ callId: aCallId(2) }));

        await saved(store, aCall({ status: 'busy' }));

        expect((await store.find(aCallId(2)))?.status).toBe('queued');
      });

      test('that was never inserted is not made by saving it', async () => {
        await saved(store, aCall());

        expect(await store.find(aCallId())).toBeUndefined();
      });

      test('cannot be inserted twice under one id', async () => {
        await store.insert(aCall());

        await expect(store.insert(aCall({ to: '+12025550199' }))).rejects.toThrow();
        expect((await store.find(aCallId()))?.to).toBe(aCall().to);
      });

      test.each([undefined, KEY])(
        'inserted again, as nobody knew whether it was, is inserted (key: %j)',
        async (key) => {
          await store.insert(aCall(), key);

          expect(await store.insert(aCall(), key)).toEqual({ kind: 'inserted' });
          expect((await store.list({ limit: 10 })).calls).toEqual([aCall()]);
        },
      );

      test('keeps text of any script, quotes and control characters', async () => {
        const call = aCall({ instructions: UNICODE, greeting: UNICODE, metadata: { [UNICODE]: UNICODE } });
        await store.insert(call);

        expect(await store.find(aCallId())).toEqual(call);
      });

      test.each(CALL_STATUSES)('can be %s', async (status) => {
        await store.insert(aCall({ status }));

        expect((await store.find(aCallId()))?.status).toBe(status);
      });
    });

    describe('an idempotency key', () => {
      test('is new until it is used', async () => {
        expect(await store.findReplay(KEY)).toBeUndefined();
      });

      test('finds the call that it placed, as it is now', async () => {
        await store.insert(aCall(), KEY);
        await saved(store, aCall({ status: 'ringing' }));

        const replay = { kind: 'replayed', call: aCall({ status: 'ringing' }) };
        expect(await store.findReplay(KEY)).toEqual(replay);
        expect(await store.insert(aCall({ callId: aCallId(2) }), KEY)).toEqual(replay);
        expect(await store.find(aCallId(2))).toBeUndefined();
      });

      test('does not fit another request', async () => {
        await store.insert(aCall(), KEY);
        const other = { ...KEY, fingerprint: 'fingerprint-2' };

        expect(await store.findReplay(other)).toEqual({ kind: 'mismatched' });
        expect(await store.insert(aCall({ callId: aCallId(2) }), other)).toEqual({ kind: 'mismatched' });
        expect(await store.find(aCallId(2))).toBeUndefined();
      });

      test('does not stop calls with another key, or with none', async () => {
        await store.insert(aCall(), KEY);

        expect(await store.insert(aCall({ callId: aCallId(2) }), { ...KEY, key: 'key-2' })).toEqual({
          kind: 'inserted',
        });
        expect(await store.insert(aCall({ callId: aCallId(3) }))).toEqual({ kind: 'inserted' });
        expect(await store.insert(aCall({ callId: aCallId(4) }))).toEqual({ kind: 'inserted' });
      });

      test('lets one of many simultaneous inserts through', async () => {
        const insertions = await Promise.all(
          [1, 2, 3, 4, 5].map((number) => store.insert(aCall({ callId: aCallId(number) }), KEY)),
        );

        expect(insertions.filter(({ kind }) => kind === 'inserted')).toHaveLength(1);
        expect(insertions.filter(({ kind }) => kind === 'replayed')).toHaveLength(4);
        expect((await store.list({ limit: 10 })).calls).toHaveLength(1);
      });

      test('still belongs to its call after the call was saved', async () => {
        await store.insert(aCall(), KEY);
        await saved(store, aFullCall());

        expect(await store.findReplay(KEY)).toMatchObject({ kind: 'replayed', call: { status: 'completed' } });
      });
    });

    describe('the list', () => {
      async function insertAt(number: number, createdAtMs: number, changes: Partial<Call> = {}): Promise<void> {
        await store.insert(aCall({ callId: aCallId(number), timings: { createdAtMs }, ...changes }));
      }

      async function idsOf(query: Omit<CallQuery, 'limit'>): Promise<string[]> {
        return (await store.list({ limit: 100, ...query })).calls.map(({ callId }) => callId);
      }

      test('is empty when there are no calls', async () => {
        expect(await store.list({ limit: 10 })).toEqual({ calls: [] });
      });

      test('has the newest call first', async () => {
        await insertAt(1, 2_000);
        await insertAt(2, 3_000);
        await insertAt(3, 1_000);

        expect(await idsOf({})).toEqual([aCallId(2), aCallId(1), aCallId(3)]);
      });

      test('can be narrowed to statuses, a destination and a time, and to all of them', async () => {
        await insertAt(1, 1_000, { status: 'busy' });
        await insertAt(2, 2_000, { status: 'completed', to: '+12025550177' });
        await insertAt(3, 3_000, { status: 'busy', to: '+12025550177' });

        expect(await idsOf({ statuses: ['busy'] })).toEqual([aCallId(3), aCallId(1)]);
        expect(await idsOf({ statuses: ['busy', 'completed'] })).toHaveLength(3);
        expect(await idsOf({ to: '+12025550177' })).toEqual([aCallId(3), aCallId(2)]);
        expect(await idsOf({ sinceMs: 2_000 })).toEqual([aCallId(3), aCallId(2)]);
        expect(await idsOf({ statuses: ['busy'], to: '+12025550177', sinceMs: 3_001 })).toEqual([]);
      });

      test('of no status at all is empty', async () => {
        await insertAt(1, 1_000);

        expect(await idsOf({ statuses: [] })).toEqual([]);
      });

      test('follows a call into its new status', async () => {
        await insertAt(1, 1_000);
        await saved(store, aCall({ status: 'no-answer', timings: { createdAtMs: 1_000 } }));

        expect(await idsOf({ statuses: ['queued'] })).toEqual([]);
        expect(await idsOf({ statuses: ['no-answer'] })).toEqual([aCallId(1)]);
      });

      test('has a cursor only when there is more', async () => {
        await insertAt(1, 1_000);
        await insertAt(2, 2_000);

        expect((await store.list({ limit: 1 })).nextCursor).toEqual(expect.any(String));
        expect((await store.list({ limit: 2 })).nextCursor).toBeUndefined();
      });

      test('goes on where the page ended although new calls came in between', async () => {
        for (const number of [1, 2, 3]) await insertAt(number, number * 1_000);
        const { nextCursor } = await store.list({ limit: 2 });
        await insertAt(4, 4_000);

        const second = await store.list({ limit: 2, cursor: nextCursor });

        expect(second.calls.map(({ callId }) => callId)).toEqual([aCallId(1)]);
        expect(second.nextCursor).toBeUndefined();
      });

      test('keeps its filters from page to page', async () => {
        for (let number = 1; number <= 6; number += 1) {
          await insertAt(number, number * 1_000, { status: number % 2 === 0 ? 'busy' : 'failed' });
        }
        const query: CallQuery = { limit: 2, statuses: ['busy'] };

        const first = await store.list(query);
        const second = await store.list({ ...query, cursor: first.nextCursor });

        const ids = [...first.calls, ...second.calls].map(({ callId }) => callId);
        expect(ids).toEqual([aCallId(6), aCallId(4), aCallId(2)]);
      });

      test('loses and repeats nothing page by page, calls of the same moment included', async () => {
        const moments = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 });
        await fc.assert(
          fc.asyncProperty(moments, fc.integer({ min: 1, max: 5 }), async (createdAt, limit) => {
            const one = await makeStore();
            for (const [index, createdAtMs] of createdAt.entries()) {
              await one.store.insert(aCall({ callId: aCallId(index + 1), timings: { createdAtMs } }));
            }

            const calls = await allPages(one.store, limit);

            expect(calls.map(({ callId }) => callId).sort()).toEqual(
              createdAt.map((_, index) => aCallId(index + 1)).sort(),
            );
            const times = calls.map(({ timings }) => timings.createdAtMs);
            expect(times).toEqual([...times].sort((a, b) => b - a));
            await one.close();
          }),
          { numRuns: 15 },
        );
      });

      test.each(['', 'nonsense', '%%%', 'bm9uc2Vuc2U', '[]', '{}', 'null', 'e30', 'a'.repeat(500)])(
        'refuses the cursor %j, which it never gave out',
        async (cursor) => {
          await insertAt(1, 1_000);

          await expect(store.list({ limit: 1, cursor })).rejects.toThrow(CursorError);
        },
      );
    });
  });
}

async function allPages(store: CallStore, limit: number): Promise<Call[]> {
  const calls: Call[] = [];
  const statuses: readonly CallStatus[] | undefined = undefined;
  let cursor: string | undefined;
  do {
    const page = await store.list({ limit, cursor, statuses });
    expect(page.calls.length).toBeLessThanOrEqual(limit);
    calls.push(...page.calls);
    cursor = page.nextCursor;
  } while (cursor !== undefined && calls.length < 1_000);
  return calls;
}
