// The budget of a day: what all calls may cost together, on this node and on others.

import fc from 'fast-check';
import { DayBudget } from '../../../../src/calls/admission/day-budget';
import { DailyBudgetError } from '../../../../src/calls/errors';
import { deferred } from '../../../../src/lib/deferred';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';

const REFRESH_MS = 60_000;
const HOUR_MS = 3_600_000;
const MIDNIGHT_MS = Date.parse('2026-11-20T00:00:00.000Z');

let clock: ManualClock;
let log: RecordingLogger;
/** What the record was asked for. */
let askedSinceMs: number[];
/** What the record says. */
let costSince: () => Promise<number>;
let budget: DayBudget;

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  askedSinceMs = [];
  costSince = () => Promise.resolve(0);
  budget = makeBudget(10);
});

function makeBudget(limitUsd: number | undefined): DayBudget {
  const report = {
    costSince: (sinceMs: number) => {
      askedSinceMs.push(sinceMs);
      return costSince();
    },
  };
  return new DayBudget({ limitUsd, report, clock, log });
}

function refusal(): DailyBudgetError {
  try {
    budget.check();
  } catch (error) {
    if (error instanceof DailyBudgetError) return error;
  }
  throw new Error('The check refused nothing.');
}

test('begins with what the record says of today, by UTC', async () => {
  costSince = () => Promise.resolve(4);

  await budget.start();

  expect(askedSinceMs).toEqual([MIDNIGHT_MS]);
  expect(budget.remainingUsd).toBe(6);
});

test('is started once, and not after it is closed', async () => {
  await budget.start();
  await budget.start();
  expect(askedSinceMs).toHaveLength(1);
  expect(clock.pendingTimers).toBe(1);
  budget.close();
  await budget.start();

  expect(askedSinceMs).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});

test('counts what calls spend at once, and never falls below 0', () => {
  budget.add(4);
  expect(budget.remainingUsd).toBe(6);

  budget.add(7);

  expect(budget.remainingUsd).toBe(0);
});

test('without a limit leaves everything, asks nobody and sets no timer', async () => {
  budget = makeBudget(undefined);
  await budget.start();

  budget.add(1_000);

  expect(budget.remainingUsd).toBe(Infinity);
  expect(() => budget.check()).not.toThrow();
  expect(askedSinceMs).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('takes new calls until nearly everything is spent; the last of it is for calls under way', () => {
  budget.add(9.49);
  expect(() => budget.check()).not.toThrow();

  budget.add(0.02);

  expect(() => budget.check()).toThrow(DailyBudgetError);
  expect(budget.remainingUsd).toBeCloseTo(0.49);
});

test('says how long it is until midnight UTC', () => {
  budget.add(10);

  expect(refusal()).toMatchObject({
    code: 'DAILY_BUDGET_SPENT',
    retryable: true,
    retryAfterSeconds: (12 * HOUR_MS) / 1000,
  });
  clock.advance(12 * HOUR_MS - 1);
  expect(refusal().retryAfterSeconds).toBe(1);
});

test('begins anew at midnight UTC', async () => {
  await budget.start();
  budget.add(10);

  clock.advance(12 * HOUR_MS);

  expect(budget.remainingUsd).toBe(10);
  expect(() => budget.check()).not.toThrow();
});

describe('with other nodes', () => {
  test('learns each minute what they have spent', async () => {
    await budget.start();
    costSince = () => Promise.resolve(3);

    await clock.advanceAsync(REFRESH_MS - 1);
    expect(budget.remainingUsd).toBe(10);
    await clock.advanceAsync(1);

    expect(budget.remainingUsd).toBe(7);
  });

  test('counts its own spending once, though the record has it too', async () => {
    await budget.start();
    budget.add(2);
    costSince = () => Promise.resolve(2);

    await clock.advanceAsync(3 * REFRESH_MS);

    expect(budget.remainingUsd).toBe(8);
  });

  test('keeps what is not written yet', async () => {
    await budget.start();
    budget.add(2);
    costSince = () => Promise.resolve(0.5);

    await clock.advanceAsync(REFRESH_MS);

    expect(budget.remainingUsd).toBe(8);
  });

  test('adds what is spent while the record answers', async () => {
    const answer = deferred<number>();
    await budget.start();
    costSince = () => answer.promise;
    await clock.advanceAsync(REFRESH_MS);

    budget.add(1);
    answer.resolve(5);
    await settle();

    expect(budget.remainingUsd).toBe(4);
  });

  test('counts nothing twice, and misses at most what was not written when it last asked', async () => {
    const spending = fc.record({
      ownUsd: fc.nat(50),
      othersUsd: fc.nat(50),
      writtenShare: fc.double({ max: 1, min: 0, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(spending, { maxLength: 12 }), async (minutes) => {
        clock = new ManualClock();
        costSince = () => Promise.resolve(0);
        budget = makeBudget(10_000);
        await budget.start();
        let [ownUsd, othersUsd, unwrittenUsd] = [0, 0, 0];
        for (const minute of minutes) {
          budget.add(minute.ownUsd);
          ownUsd += minute.ownUsd;
          othersUsd += minute.othersUsd;
          unwrittenUsd = minute.ownUsd * (1 - minute.writtenShare);
          costSince = () => Promise.resolve(ownUsd + othersUsd - unwrittenUsd);
          await clock.advanceAsync(REFRESH_MS);
        }
        const countedUsd = 10_000 - budget.remainingUsd;
        expect(countedUsd).toBeLessThanOrEqual(ownUsd + othersUsd + 1e-6);
        expect(countedUsd).toBeGreaterThanOrEqual(ownUsd + othersUsd - unwrittenUsd - 1e-6);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a record that cannot be read', () => {
  beforeEach(() => {
    costSince = () => Promise.reject(new Error('no database'));
  });

  test('at the start is asked again, and calls are counted meanwhile', async () => {
    await budget.start();
    budget.add(1);
    expect(budget.remainingUsd).toBe(9);
    costSince = () => Promise.resolve(6);

    await clock.advanceAsync(REFRESH_MS);

    expect(budget.remainingUsd).toBe(4);
  });

  test('later leaves what is known, and is logged', async () => {
    costSince = () => Promise.resolve(6);
    await budget.start();
    costSince = () => Promise.reject(new Error('no database'));

    await clock.advanceAsync(REFRESH_MS);

    expect(budget.remainingUsd).toBe(4);
    expect(log.lines).toEqual([expect.objectContaining({ level: 'warn' })]);
  });

  test('answers about yesterday too late for today', async () => {
    clock.advance(12 * HOUR_MS - REFRESH_MS - 5_000);
    costSince = () => Promise.resolve(0);
    await budget.start();
    await settle();
    const answer = deferred<number>();
    costSince = () => answer.promise;
    clock.advance(REFRESH_MS);
    expect(askedSinceMs.at(-1)).toBe(MIDNIGHT_MS);
    clock.advance(10_000);

    answer.resolve(10);
    await settle();

    expect(budget.remainingUsd).toBe(10);
  });
});

test('closed, asks nobody any more and leaves no timer', async () => {
  const answer = deferred<number>();
  await budget.start();
  costSince = () => answer.promise;
  await clock.advanceAsync(REFRESH_MS);

  budget.close();
  budget.close();
  answer.resolve(1);
  await settle();

  expect(clock.pendingTimers).toBe(0);
});
