import { guardedClock } from '../../../src/calls/fault-guard';
import type { Clock } from '../../../src/calls/ports';
import { ManualClock, settle } from '../../support/manual-clock';

let clock: ManualClock;
let faults: unknown[];
let guarded: Clock;

beforeEach(() => {
  clock = new ManualClock();
  faults = [];
  guarded = guardedClock(clock, (error) => faults.push(error));
});

test('tells the same time as the clock behind it', () => {
  clock.advance(1_234);

  expect(guarded.nowMs()).toBe(clock.nowMs());
  expect(guarded.monotonicMs()).toBe(clock.monotonicMs());
});

test('runs a task at its time, and tells of no fault', () => {
  let runs = 0;
  guarded.after(100, () => (runs += 1));

  clock.advance(99);
  expect(runs).toBe(0);
  clock.advance(1);

  expect(runs).toBe(1);
  expect(faults).toEqual([]);
});

test('tells what a task throws, and whatever is due next runs all the same', () => {
  const error = new Error('broken');
  let runs = 0;
  guarded.after(100, () => {
    throw error;
  });
  guarded.after(100, () => (runs += 1));

  expect(() => clock.advance(100)).not.toThrow();

  expect(faults).toEqual([error]);
  expect(runs).toBe(1);
});

test('tells what an async task rejects with', async () => {
  const error = new Error('broken later');
  guarded.after(100, async () => {
    await Promise.resolve();
    throw error;
  });

  clock.advance(100);
  await settle();

  expect(faults).toEqual([error]);
});

test('forgets a task that is cancelled', () => {
  const timer = guarded.after(100, () => {
    throw new Error('broken');
  });

  timer.cancel();
  timer.cancel();
  clock.advance(100);

  expect(faults).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('keeps the faults of one guard from another', () => {
  const others: unknown[] = [];
  const other = guardedClock(clock, (error) => others.push(error));
  other.after(100, () => {
    throw new Error('broken');
  });

  clock.advance(100);

  expect([faults.length, others.length]).toEqual([0, 1]);
});
