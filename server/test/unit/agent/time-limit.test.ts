import fc from 'fast-check';
import { TimeLimit } from '../../../src/agent/time-limit';
import { ManualClock } from '../../support/manual-clock';

let clock: ManualClock;
let told: { readonly step: 'warning' | 'goodbye'; readonly remainingMs: number }[];
let endsAtMs: number;
let limit: TimeLimit;

function makeLimit(maxMs: number): void {
  clock = new ManualClock();
  told = [];
  endsAtMs = clock.monotonicMs() + maxMs;
  limit = new TimeLimit(
    { clock, remainingMs: () => endsAtMs - clock.monotonicMs(), maxMs },
    {
      onWarning: (remainingMs) => told.push({ step: 'warning', remainingMs }),
      onGoodbye: (remainingMs) => told.push({ step: 'goodbye', remainingMs }),
    },
  );
}

test.each([
  [5_000, 4_000, 2_000],
  [10_000, 8_000, 4_000],
  [20_000, 8_000, 4_000],
  [30_000, 8_000, 4_000],
  [60_000, 15_000, 6_000],
  [120_000, 30_000, 10_000],
  [900_000, 30_000, 10_000],
  [3_600_000, 30_000, 10_000],
])('of a call of %d ms, warns %d ms and says goodbye %d ms before the end', (maxMs, warningMs, goodbyeMs) => {
  makeLimit(maxMs);
  limit.start();

  clock.advance(maxMs);

  expect(told).toEqual([
    { step: 'warning', remainingMs: warningMs },
    { step: 'goodbye', remainingMs: goodbyeMs },
  ]);
});

test('leaves time for both steps in every call, each once and the warning first', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10_000, max: 3_600_000 }), (maxMs) => {
      makeLimit(maxMs);
      limit.start();

      clock.advance(maxMs * 2);

      expect(told.map(({ step }) => step)).toEqual(['warning', 'goodbye']);
      const [warningMs, goodbyeMs] = told.map(({ remainingMs }) => remainingMs) as [number, number];
      expect(goodbyeMs).toBeGreaterThanOrEqual(4_000 - 1);
      expect(warningMs).toBeGreaterThanOrEqual(2 * goodbyeMs - 1);
      expect(warningMs).toBeLessThanOrEqual(maxMs * 0.8);
      expect(clock.pendingTimers).toBe(0);
    }),
  );
});

test('does nothing before it is started, and starts once', () => {
  makeLimit(60_000);
  expect(clock.pendingTimers).toBe(0);

  limit.start();
  limit.start();

  expect(clock.pendingTimers).toBe(1);
});

test('goes by what remains, not by when it was started', () => {
  makeLimit(60_000);
  clock.advance(40_000);
  limit.start();

  clock.advance(5_000);

  expect(told).toEqual([{ step: 'warning', remainingMs: 15_000 }]);
});

test('leaves out a warning that comes too late, and says goodbye at once', () => {
  makeLimit(60_000);
  clock.advance(55_000);
  limit.start();

  clock.advance(100);

  expect(told.map(({ step }) => step)).toEqual(['goodbye']);
});

test('waits on when the end turns out to be later than it was', () => {
  makeLimit(60_000);
  limit.start();
  endsAtMs += 10_000;
  clock.advance(45_000);
  expect(told).toEqual([]);

  clock.advance(10_000);

  expect(told).toEqual([{ step: 'warning', remainingMs: 15_000 }]);
});

test('sets no endless timer for a call whose end is not known yet', () => {
  makeLimit(60_000);
  endsAtMs = Number.POSITIVE_INFINITY;
  limit.start();
  clock.advance(1_000);
  endsAtMs = clock.monotonicMs() + 60_000;

  clock.advance(60_000);

  expect(told.map(({ step }) => step)).toEqual(['warning', 'goodbye']);
});

test('tells nothing after close, and leaves no timer', () => {
  makeLimit(60_000);
  limit.start();
  limit.close();
  limit.close();
  limit.start();

  expect(clock.pendingTimers).toBe(0);
  clock.advance(60_000);
  expect(told).toEqual([]);
});

test('does not start after close', () => {
  makeLimit(60_000);
  limit.close();
  limit.start();

  expect(clock.pendingTimers).toBe(0);
});

test('can be closed by the one who is warned', () => {
  makeLimit(60_000);
  const closing = new TimeLimit(
    { clock, remainingMs: () => endsAtMs - clock.monotonicMs(), maxMs: 60_000 },
    {
      onWarning: () => closing.close(),
      onGoodbye: (remainingMs) => told.push({ step: 'goodbye', remainingMs }),
    },
  );
  closing.start();

  clock.advance(60_000);

  expect(told).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});
