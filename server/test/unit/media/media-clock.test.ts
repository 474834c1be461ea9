import type { Clock } from '../../../src/calls/ports';
import { MediaClock, type Sleeper, TICK_MS } from '../../../src/media/media-clock';
import { ManualClock } from '../../support/manual-clock';

/** A clock that counts how often a timer is set, and whose timers are off by a given time. */
class CountingClock implements Clock {
  readonly manual = new ManualClock();
  timersSet = 0;
  offByMs = 0;

  nowMs(): number {
    return this.manual.nowMs();
  }

  monotonicMs(): number {
    return this.manual.monotonicMs();
  }

  after(delayMs: number, task: () => void) {
    this.timersSet += 1;
    return this.manual.after(delayMs + this.offByMs, task);
  }
}

let clock: CountingClock;
let media: MediaClock;
let startMs: number;

beforeEach(() => {
  clock = new CountingClock();
  media = new MediaClock(clock);
  startMs = clock.monotonicMs();
});

/** Somebody who notes when it was woken, relative to the start. */
function aSleeper(onWake: () => void = () => undefined): { readonly sleeper: Sleeper; readonly wokenMs: number[] } {
  const wokenMs: number[] = [];
  const sleeper = media.sleeper(() => {
    wokenMs.push(clock.monotonicMs() - startMs);
    onWake();
  });
  return { sleeper, wokenMs };
}

test.each([
  [0.1, TICK_MS],
  [TICK_MS, TICK_MS],
  [TICK_MS + 0.1, 2 * TICK_MS],
  [1_234.5, 1_235],
])('who is due in %d ms is woken at the tick in %d ms, once', (dueMs, tickMs) => {
  const { sleeper, wokenMs } = aSleeper();

  sleeper.wakeAt(startMs + dueMs);
  clock.manual.advance(5_000);

  expect(wokenMs).toEqual([tickMs]);
});

test('who is overdue is woken at the next tick', () => {
  const { sleeper, wokenMs } = aSleeper();
  clock.manual.advance(1);

  sleeper.wakeAt(startMs - 500);
  clock.manual.advance(100);

  expect(wokenMs).toEqual([TICK_MS]);
});

test('ticks lie on one grid, whenever they are asked for', () => {
  clock.manual.advance(2.75);
  const { sleeper, wokenMs } = aSleeper(() => sleeper.wakeAt(clock.monotonicMs() + 6.3));

  sleeper.wakeAt(startMs);
  clock.manual.advance(1_000);

  expect(wokenMs.length).toBeGreaterThan(90);
  expect(wokenMs.every((atMs) => atMs % TICK_MS === 0)).toBe(true);
});

test('nobody is woken twice in a tick, however overdue', () => {
  const { sleeper, wokenMs } = aSleeper(() => sleeper.wakeAt(startMs));

  sleeper.wakeAt(startMs);
  clock.manual.advance(4 * TICK_MS);

  expect(wokenMs).toEqual([1, 2, 3, 4].map((tick) => tick * TICK_MS));
  expect(clock.timersSet).toBe(5);
});

test('who cancels itself and asks again in its wake waits for the next tick', () => {
  const { sleeper, wokenMs } = aSleeper(() => {
    sleeper.wakeAt(startMs);
    sleeper.cancel();
    sleeper.wakeAt(startMs);
  });

  sleeper.wakeAt(startMs);
  clock.manual.advance(2 * TICK_MS);

  expect(wokenMs).toEqual([TICK_MS, 2 * TICK_MS]);
  expect(clock.manual.pendingTimers).toBe(1);
});

test('there is one timer for all, and none when nobody sleeps', () => {
  const sleepers = Array.from({ length: 500 }, () => aSleeper());
  expect(clock.manual.pendingTimers).toBe(0);

  for (const [index, { sleeper }] of sleepers.entries()) sleeper.wakeAt(startMs + 600 - index);
  expect(clock.manual.pendingTimers).toBe(1);
  clock.manual.advance(1_000);

  expect(sleepers.every(({ wokenMs }) => wokenMs.length === 1)).toBe(true);
  expect(clock.manual.pendingTimers).toBe(0);
});

test('the timer goes with the last who cancels', () => {
  const [first, second] = [aSleeper(), aSleeper()];
  first.sleeper.wakeAt(startMs + 50);
  second.sleeper.wakeAt(startMs + 70);

  first.sleeper.cancel();
  first.sleeper.cancel();
  expect(clock.manual.pendingTimers).toBe(1);
  second.sleeper.cancel();

  expect(clock.manual.pendingTimers).toBe(0);
  clock.manual.advance(1_000);
  expect([...first.wokenMs, ...second.wokenMs]).toEqual([]);
});

test('a moment that is moved later sets no timer, and counts', () => {
  const { sleeper, wokenMs } = aSleeper();
  sleeper.wakeAt(startMs + 100);

  for (let delta = 1; delta <= 500; delta += 1) sleeper.wakeAt(startMs + 100 + delta);

  expect(clock.timersSet).toBe(1);
  clock.manual.advance(5_000);
  expect(wokenMs).toEqual([600]);
  expect(clock.timersSet).toBe(2);
});

test('the overdue set one timer, however often they say so', () => {
  const sleepers = [aSleeper(), aSleeper()];
  clock.manual.advance(100);

  for (let time = 0; time < 10; time += 1) for (const { sleeper } of sleepers) sleeper.wakeAt(startMs + time);

  expect(clock.timersSet).toBe(1);
});

test('a moment that is moved earlier counts', () => {
  const { sleeper, wokenMs } = aSleeper();
  sleeper.wakeAt(startMs + 1_000);

  sleeper.wakeAt(startMs + 100);
  clock.manual.advance(5_000);

  expect(wokenMs).toEqual([100]);
});

test('a late tick stands for those that it missed, and the grid stays', () => {
  const { sleeper, wokenMs } = aSleeper(() => sleeper.wakeAt(clock.monotonicMs() + 1));
  clock.offByMs = 23;
  sleeper.wakeAt(startMs + 10);
  clock.manual.advance(TICK_MS);
  clock.offByMs = 0;

  clock.manual.advance(40);

  expect(wokenMs).toEqual([33, 35, 40, 45]);
});

test('a schedule of 20 ms does not drift over an hour of late ticks', () => {
  let dueMs = startMs;
  const { sleeper, wokenMs } = aSleeper(() => sleeper.wakeAt((dueMs += 20)));
  clock.offByMs = 3.7;
  sleeper.wakeAt(dueMs);

  clock.manual.advance(3_600_000);

  expect(wokenMs).toHaveLength(180_000);
  expect(wokenMs.at(-1)! % 20).toBeCloseTo(3.7, 3);
});

test('a timer that runs a fraction too early wakes once, with the moment that was asked for', () => {
  const wokenAtMs: number[] = [];
  const sleeper = media.sleeper((nowMs) => wokenAtMs.push(nowMs - startMs));
  clock.offByMs = -0.9;

  sleeper.wakeAt(startMs + 20);
  clock.manual.advance(1_000);

  expect(wokenAtMs).toEqual([20]);
  expect(clock.timersSet).toBe(1);
});

test('whoever is cancelled or postponed by another’s wake does not wake', () => {
  const [cancelled, postponed] = [aSleeper(), aSleeper()];
  const { sleeper } = aSleeper(() => {
    cancelled.sleeper.cancel();
    postponed.sleeper.wakeAt(startMs + 500);
  });
  for (const each of [sleeper, cancelled.sleeper, postponed.sleeper]) each.wakeAt(startMs + 10);

  clock.manual.advance(1_000);

  expect(cancelled.wokenMs).toEqual([]);
  expect(postponed.wokenMs).toEqual([500]);
});

test('who is asked for in another’s wake and is due waits for the next tick', () => {
  const second = aSleeper();
  const { sleeper } = aSleeper(() => second.sleeper.wakeAt(startMs));
  sleeper.wakeAt(startMs + 10);

  clock.manual.advance(100);

  expect(second.wokenMs).toEqual([15]);
});

test('one that fails keeps no other from waking, and its fault surfaces', () => {
  const fault = new Error('broken');
  const failing = aSleeper(() => {
    throw fault;
  });
  const other = aSleeper(() => other.sleeper.wakeAt(startMs + 50));
  failing.sleeper.wakeAt(startMs + 10);
  other.sleeper.wakeAt(startMs + 10);

  expect(() => clock.manual.advance(20)).toThrow(fault);
  clock.manual.advance(40);

  expect(other.wokenMs).toEqual([10, 50]);
});

test('of several that fail in one tick every fault surfaces', () => {
  const faults = [new Error('one'), new Error('two')];
  for (const fault of faults) {
    const { sleeper } = aSleeper(() => {
      throw fault;
    });
    sleeper.wakeAt(startMs + 10);
  }

  expect(() => clock.manual.advance(20)).toThrow(expect.objectContaining({ errors: faults }));
  expect(clock.manual.pendingTimers).toBe(0);
});

test('a fault of somebody who has a way with it does not surface, and keeps nobody from waking', () => {
  const faults: unknown[] = [];
  const fault = new Error('A fault of one call.');
  const failing = media
    .withFaults((what) => faults.push(what))
    .sleeper(() => {
      throw fault;
    });
  const { sleeper, wokenMs } = aSleeper();
  failing.wakeAt(startMs + 10);
  sleeper.wakeAt(startMs + 10);

  clock.manual.advance(100);

  expect(faults).toEqual([fault]);
  expect(wokenMs).toEqual([10]);
  expect(clock.timersSet).toBe(1);
});
