import { Overload, type LagMeter } from '../../../../src/calls/admission/overload';
import { OverloadError } from '../../../../src/calls/errors';
import { ACCESS_SETTINGS } from '../../../../src/config/access-settings';
import { EventLoopLag } from '../../../../src/observability/event-loop-lag';
import { BusyClock } from '../../../support/busy-loop';
import { RecordingLogger } from '../../../support/fakes';

const LIMIT_MS = 60;
const WINDOW_MS = 500;

const DEFAULT_LIMIT_MS = ACCESS_SETTINGS.OVERLOAD_LAG_MS.parse(undefined);

/** A loop whose lag a test decides. */
class FakeMeter implements LagMeter {
  #listener: (lagMs: number) => void = () => undefined;

  onWindow(listener: (lagMs: number) => void): void {
    this.#listener = listener;
  }

  tell(lagMs: number): void {
    this.#listener(lagMs);
  }
}

let meter: FakeMeter;
let log: RecordingLogger;
let overload: Overload;

beforeEach(() => {
  meter = new FakeMeter();
  log = new RecordingLogger();
  overload = new Overload({ meter, limitMs: LIMIT_MS, log });
});

/** The loop lags so much for so long. */
function lag(lagMs: number, forMs: number): void {
  for (let atMs = WINDOW_MS; atMs <= forMs; atMs += WINDOW_MS) meter.tell(lagMs);
}

function isOpen(): boolean {
  try {
    overload.check();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(OverloadError);
    return false;
  }
}

test('takes calls while the loop keeps up, and before anything is known', () => {
  expect(isOpen()).toBe(true);

  lag(LIMIT_MS - 1, 10_000);

  expect(isOpen()).toBe(true);
  expect(overload.lagMs).toBeUndefined();
});

test('refuses calls when the loop lags for two seconds, and says by how much', () => {
  lag(80, 2_000);

  expect(isOpen()).toBe(false);
  expect(overload.lagMs).toBe(80);
  expect(() => overload.check()).toThrow('80 ms');
});

test.each([100, 5_000])('one pause of the whole process refuses nobody, however long: %d ms', (pauseMs) => {
  lag(1, 2_000);
  lag(pauseMs, 500);
  lag(1, 500);
  lag(pauseMs, 500);

  expect(isOpen()).toBe(true);
});

test('calls are taken again at half the lag, not just below the limit', () => {
  lag(200, 2_000);
  lag(LIMIT_MS - 1, 10_000);
  expect(isOpen()).toBe(false);

  lag(LIMIT_MS / 2 - 1, 2_000);

  expect(isOpen()).toBe(true);
});

test('a lag that goes up and down around the limit does not open and close the door', () => {
  for (let round = 0; round < 50; round += 1) lag(round % 2 === 0 ? LIMIT_MS + 5 : LIMIT_MS - 5, 500);
  lag(LIMIT_MS + 5, 2_000);
  for (let round = 0; round < 50; round += 1) lag(round % 2 === 0 ? LIMIT_MS + 5 : LIMIT_MS - 5, 500);

  expect(log.at('warn')).toHaveLength(1);
  expect(log.at('info')).toHaveLength(0);
});

test('each change is logged once', () => {
  lag(90, 5_000);
  lag(1, 5_000);

  expect(log.at('warn')).toMatchObject([{ fields: { lagMs: 90, limitMs: LIMIT_MS } }]);
  expect(log.at('info')).toHaveLength(1);
});

test('closed, it refuses nobody, whatever it is told; closing twice is harmless', () => {
  lag(500, 2_000);

  overload.close();
  overload.close();
  lag(500, 2_000);

  expect(isOpen()).toBe(true);
});

describe('with the limit that is set when none is, and the meter that there is', () => {
  function isRefused(busyMs: number, freeMs: number): boolean {
    const clock = new BusyClock();
    const real = new EventLoopLag(clock);
    const gate = new Overload({ meter: real, limitMs: DEFAULT_LIMIT_MS, log });
    real.start();
    clock.pattern = { busyMs, freeMs };
    let windows = 0;
    let refused = 0;
    real.onWindow(() => {
      windows += 1;
      if (gate.lagMs !== undefined) refused += 1;
    });
    clock.run(60_000);
    // All but the first four, or none.
    expect([0, windows - 3]).toContain(refused);
    return refused > 0;
  }

  test.each([
    [30, 30],
    [40, 10],
    [60, 40],
    [60, 5],
    [300, 10],
  ])('a loop that is busy for %d ms, then free for %d, takes no new calls', (busyMs, freeMs) => {
    expect(isRefused(busyMs, freeMs)).toBe(true);
  });

  test.each([
    [0, 1],
    [2, 0.1],
    [10, 10],
    [20, 20],
    [100, 2_400],
    [300, 2_200],
  ])('a loop that is busy for %d ms, then free for %d, does', (busyMs, freeMs) => {
    expect(isRefused(busyMs, freeMs)).toBe(false);
  });
});
