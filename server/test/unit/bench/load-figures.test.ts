import { FrameMatcher, MeasuringWindow } from '../../../bench/load/latencies';
import { coresOf } from '../../../bench/load/process-stat';
import { median, summarise } from '../../../bench/load/summary';
import { measurement } from './measurements';

const FRAME_BYTES = 160;

/** A window that is open, and the moment at which frames of the tests are due. */
function openWindow(): { window: MeasuringWindow; dueMs: number } {
  const window = new MeasuringWindow(16);
  window.begin();

  return { window, dueMs: performance.now() };
}

test('the latency of a frame runs from when it was due to its last byte', () => {
  const { window, dueMs } = openWindow();
  const matcher = new FrameMatcher(FRAME_BYTES, window);

  matcher.onSent(dueMs);
  matcher.onReceived(FRAME_BYTES - 1, dueMs + 5);
  matcher.onReceived(1, dueMs + 8);

  expect(window.figures()).toEqual({ count: 1, p50Ms: 8, p95Ms: 8, p99Ms: 8, maxMs: 8 });
});

test('frames that come merged are told apart', () => {
  const { window, dueMs } = openWindow();
  const matcher = new FrameMatcher(FRAME_BYTES, window);

  matcher.onSent(dueMs);
  matcher.onSent(dueMs + 20);
  matcher.onReceived(2 * FRAME_BYTES, dueMs + 25);

  expect(window.figures()).toMatchObject({ count: 2, p50Ms: 5, maxMs: 25 });
});

test('a frame that never comes is lost and infinitely late', () => {
  const { window, dueMs } = openWindow();
  const matcher = new FrameMatcher(FRAME_BYTES, window);

  matcher.onSent(dueMs);
  matcher.onSent(dueMs + 20);
  matcher.onReceived(FRAME_BYTES, dueMs + 1);
  matcher.giveUp();

  expect(matcher).toMatchObject({ sent: 2, received: 1, lost: 1, extra: 0 });
  expect(window.figures()).toMatchObject({ count: 2, p50Ms: 1, p99Ms: Infinity, maxMs: Infinity });
});

test('audio that nobody sent does not make up for a loss', () => {
  const { window, dueMs } = openWindow();
  const matcher = new FrameMatcher(FRAME_BYTES, window);

  matcher.onReceived(FRAME_BYTES, dueMs);
  matcher.onSent(dueMs);

  expect(matcher).toMatchObject({ sent: 1, received: 1, lost: 1, extra: 1 });
});

test('extra audio in the middle shifts nothing after it', () => {
  const { window, dueMs } = openWindow();
  const matcher = new FrameMatcher(FRAME_BYTES, window);

  matcher.onSent(dueMs);
  matcher.onReceived(2 * FRAME_BYTES, dueMs + 3);
  matcher.onSent(dueMs + 20);
  matcher.onReceived(FRAME_BYTES, dueMs + 24);

  expect(matcher).toMatchObject({ sent: 2, received: 3, lost: 0, extra: 1 });
  expect(window.figures()).toMatchObject({ count: 2, p50Ms: 3, maxMs: 4 });
});

test('of more frames under way than can be remembered, the oldest are lost', () => {
  const { window, dueMs } = openWindow();
  const matcher = new FrameMatcher(FRAME_BYTES, window);

  for (let frame = 0; frame < 513; frame++) matcher.onSent(dueMs);

  expect(window.figures()).toMatchObject({ count: 1, maxMs: Infinity });
});

test('frames outside the window do not count', () => {
  const { window, dueMs } = openWindow();
  window.end();

  window.add(1, dueMs - 60_000);
  window.add(1, dueMs + 60_000);

  expect(window.figures()).toEqual({ count: 0, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null });
});

test('the median takes the middle of what was measured', () => {
  expect(median([3, null, 1, 2])).toBe(2);
  expect(median([4, 1])).toBe(2.5);
  expect(median([1, Infinity, Infinity])).toBe(Infinity);
  expect(median([null, null])).toBeNull();
  expect(median([])).toBeNull();
});

test('a summary has medians, the largest maximum and the sum of what went wrong', () => {
  const lossy = measurement({ p50Ms: 9, lostFrames: 2, extraFrames: 1, brokenLegs: ['AI leg: closed'] });

  const summary = summarise([measurement({ p50Ms: 1 }), lossy, measurement({ p50Ms: 2 })]);

  expect(summary.latency.toAi).toEqual({ p50Ms: 2, p95Ms: 2, p99Ms: 2, maxMs: 9 });
  expect(summary).toMatchObject({ lostFrames: { toAi: 2, toPhone: 2 }, extraFrames: { toAi: 1 }, brokenLegs: 1 });
});

test('a summary of nothing measured has no latency', () => {
  const { latency, cpuMsPerCallSecond } = summarise([measurement({ p50Ms: null, cpuMsPerCallSecond: null })]);

  expect(latency.toPhone).toEqual({ p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null });
  expect(cpuMsPerCallSecond).toBeNull();
});

test('a list of cores is read as the kernel writes it', () => {
  expect(coresOf('0-1')).toEqual([0, 1]);
  expect(coresOf('2,5-7,12')).toEqual([2, 5, 6, 7, 12]);
});
