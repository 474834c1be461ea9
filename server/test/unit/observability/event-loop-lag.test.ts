import { SYSTEM_CLOCK } from '../../../src/app/system-clock';
import { EventLoopLag } from '../../../src/observability/event-loop-lag';
import { block, BusyClock, keepBusy } from '../../support/busy-loop';
import { until } from '../../support/until';

describe('in a loop that only counts', () => {
  let clock: BusyClock;
  let lag: EventLoopLag;
  let windows: number[];

  beforeEach(() => {
    clock = new BusyClock();
    lag = new EventLoopLag(clock);
    windows = [];
    lag.onWindow((lagMs) => windows.push(lagMs));
    lag.start();
  });

  test('a loop that keeps up has no lag, and so has one before anything is measured', () => {
    expect(lag.figures()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
    clock.run(5_000);

    expect(lag.figures()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
    expect(windows.length).toBeGreaterThanOrEqual(9);
    expect(Math.max(...windows)).toBe(0);
  });

  test('one pause shows in the maximum for 15 s, and in no other figure', () => {
    clock.run(5_000);
    clock.pattern = { busyMs: 100, freeMs: 400 };
    clock.run(500);
    clock.pattern = { busyMs: 0, freeMs: 1 };
    clock.run(9_000);

    expect(lag.figures().maxMs).toBeGreaterThan(70);
    expect(lag.figures().p99Ms).toBe(0);
    expect(Math.max(...windows)).toBe(0);
    clock.run(10_000);
    expect(lag.figures().maxMs).toBe(0);
  });

  test('nobody who looks at the figures takes them from another one', () => {
    clock.pattern = { busyMs: 40, freeMs: 10 };
    clock.run(3_000);

    expect(lag.figures().p50Ms).toBeGreaterThan(25);
    expect(lag.figures()).toEqual(lag.figures());
  });

  test.each([
    [30, 30],
    [30, 20],
    [31, 29],
    [40, 10],
    [60, 40],
    [60, 5],
    [500, 10],
  ])('a loop that is busy for %d ms and free for %d shows it in nearly every window', (busyMs, freeMs) => {
    clock.pattern = { busyMs, freeMs };
    clock.run(30_000);

    const seen = windows.filter((lagMs) => lagMs >= 25).length;
    expect(seen / windows.length).toBeGreaterThan(0.95);
    expect(Math.max(...windows)).toBeLessThanOrEqual(busyMs);
  });

  test('it wakes the process 50 times a second, and not at all after its end', () => {
    const after = jest.spyOn(clock, 'after');
    clock.run(10_000);
    expect(after.mock.calls.length).toBeLessThanOrEqual(520);

    lag.close();
    lag.close();
    lag.start();

    expect(clock.pendingTimers).toBe(0);
  });
});

describe('in the loop of this process', () => {
  let lag: EventLoopLag;
  let stop: (() => void) | undefined;

  beforeEach(() => {
    lag = new EventLoopLag(SYSTEM_CLOCK);
    lag.start();
  });

  afterEach(() => {
    stop?.();
    lag.close();
  });

  test('a pause is seen in the maximum', async () => {
    block(150);

    await until(() => lag.figures().maxMs > 110);
  });

  test('a loop that is blocked 40 of 50 ms is seen', async () => {
    const windows: number[] = [];
    lag.onWindow((lagMs) => windows.push(lagMs));
    stop = keepBusy({ busyMs: 40, freeMs: 10 });

    await until(() => windows.length >= 4, { timeoutMs: 10_000 });

    expect(Math.min(...windows.slice(1))).toBeGreaterThanOrEqual(25);
  });
});
