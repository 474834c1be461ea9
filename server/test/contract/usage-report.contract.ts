// What every usage report has to sum up.

import type { Call } from '../../src/calls/call';
import type { CostItem } from '../../src/calls/cost';
import type { CallStore, UsageReport } from '../../src/calls/record-ports';
import { aCall, aCallId, aCharge, anEntry, aUsage } from '../support/builders';
import { appended, saved } from './writes';

/** A report and the store that it reports on. */
export type UsageUnderTest = {
  readonly store: CallStore;
  readonly report: UsageReport;
  readonly close: () => Promise<void>;
};

const MIDNIGHT_MS = Date.parse('2026-11-20T00:00:00.000Z');
const HOUR_MS = 3_600_000;
const ALWAYS = { sinceMs: 0, untilMs: 9e12 };
const TO = '+12025550101';
const OTHER = '+12025550102';

const NOTHING = {
  answered: 0,
  failed: 0,
  talkSeconds: 0,
  inputTokens: 0,
  outputTokens: 0,
  aiCostUsd: 0,
  carrierCostUsd: 0,
  unpricedCalls: 0,
};

/** Declares the tests of the contract for one kind of database. */
export function usageReportContract(name: string, make: () => Promise<UsageUnderTest>): void {
  describe(`the usage report: ${name}`, () => {
    let store: CallStore;
    let report: UsageReport;
    let close: () => Promise<void>;

    beforeEach(async () => {
      ({ store, report, close } = await make());
    });

    afterEach(() => close());

    function insertAt(number: number, createdAtMs: number, changes: Partial<Call> = {}): Promise<unknown> {
      return store.insert(aCall({ callId: aCallId(number), to: TO, timings: { createdAtMs }, ...changes }));
    }

    test('is empty when there are no calls, and nothing was spent', async () => {
      expect(await report.usage(ALWAYS)).toEqual([]);
      expect(await report.costSince(0)).toBe(0);
    });

    test('has a row a day and destination, in that order, by the day on which calls were placed in UTC', async () => {
      await insertAt(1, MIDNIGHT_MS - 1);
      await insertAt(2, MIDNIGHT_MS, { to: OTHER });
      await insertAt(3, MIDNIGHT_MS);
      await insertAt(4, MIDNIGHT_MS + 24 * HOUR_MS - 1);

      expect(await report.usage(ALWAYS)).toEqual([
        { ...NOTHING, day: '2026-11-19', to: TO, calls: 1 },
        { ...NOTHING, day: '2026-11-20', to: TO, calls: 2 },
        { ...NOTHING, day: '2026-11-20', to: OTHER, calls: 1 },
      ]);
    });

    test('sums up what the calls of a row have used', async () => {
      const timings = { createdAtMs: MIDNIGHT_MS, answeredAtMs: MIDNIGHT_MS + 500 };
      const tokens = { inputTextTokens: 10, inputAudioTokens: 20, cachedInputTokens: 5, outputTextTokens: 3 };
      await insertAt(1, MIDNIGHT_MS, { timings: { ...timings, endedAtMs: MIDNIGHT_MS + 61_750 }, status: 'completed' });
      await insertAt(2, MIDNIGHT_MS, { timings, usage: aUsage({ ...tokens, outputAudioTokens: 4, costUsd: 0.25 }) });
      await insertAt(3, MIDNIGHT_MS, { status: 'failed', usage: aUsage({ inputTextTokens: 1, costUsd: null }) });
      await insertAt(4, MIDNIGHT_MS, { status: 'no-answer' });
      await saved(
        store,
        aCall({ callId: aCallId(4), to: TO, timings: { createdAtMs: MIDNIGHT_MS }, carrierCostUsd: 0.5 }),
      );

      expect(await report.usage(ALWAYS)).toEqual([
        {
          day: '2026-11-20',
          to: TO,
          calls: 4,
          answered: 2,
          failed: 1,
          talkSeconds: 61.25,
          inputTokens: 31,
          outputTokens: 7,
          aiCostUsd: 0.25,
          carrierCostUsd: 0.5,
          unpricedCalls: 1,
        },
      ]);
    });

    test('can be narrowed to a time and a destination; the end is exclusive', async () => {
      await insertAt(1, MIDNIGHT_MS);
      await insertAt(2, MIDNIGHT_MS + 1);
      await insertAt(3, MIDNIGHT_MS + 2);
      await insertAt(4, MIDNIGHT_MS + 1, { to: OTHER });

      const query = { sinceMs: MIDNIGHT_MS + 1, untilMs: MIDNIGHT_MS + 2 };

      expect((await report.usage(query)).map(({ to, calls }) => [to, calls])).toEqual([
        [TO, 1],
        [OTHER, 1],
      ]);
      expect(await report.usage({ ...query, to: OTHER })).toHaveLength(1);
    });

    test('tells what was charged since a moment; what has no price counts as nothing', async () => {
      const item: CostItem = { kind: 'leg', quantity: 1, unit: 'seconds', unitPriceUsd: null, amountUsd: null };
      await insertAt(1, MIDNIGHT_MS);
      const charges: readonly [number, readonly CostItem[]][] = [
        [MIDNIGHT_MS - 1, [{ ...item, amountUsd: 100 }]],
        [MIDNIGHT_MS, [{ ...item, amountUsd: 0.5 }, item]],
        [MIDNIGHT_MS + 1, [{ ...item, amountUsd: 0.25 }]],
        [MIDNIGHT_MS + 2, []],
      ];
      for (const [atMs, items] of charges) {
        await appended(store, anEntry({ type: 'usage.added', atMs, data: { charge: aCharge({ items }) } }));
      }

      expect(await report.costSince(MIDNIGHT_MS)).toBe(0.75);
      expect(await report.costSince(MIDNIGHT_MS + 3)).toBe(0);
    });
  });
}
