// When a callback that failed is tried again.

import { nextAttemptAtMs } from '../../../src/callbacks/retry-schedule';
import { aCallId } from '../../support/builders';

const HOUR_MS = 3_600_000;
const CALLBACK = { callbackId: 'a', callId: aCallId(), url: '', body: '', createdAtMs: 0, attempts: 0 };

/** The waits of a callback that always fails, seconds. */
function waits(firstAtMs: number, random = 0.5): number[] {
  const seconds: number[] = [];
  let nowMs = firstAtMs;
  for (let attempts = 1; ; attempts += 1) {
    const atMs = nextAttemptAtMs(CALLBACK, { nowMs, attempts, random });
    if (atMs === undefined) return seconds;
    seconds.push((atMs - nowMs) / 1_000);
    nowMs = atMs;
  }
}

test('waits longer and longer, up to a day in all', () => {
  const seconds = waits(0);

  expect(seconds.slice(0, 8)).toEqual([5, 30, 120, 600, 1_800, 3_600, 7_200, 7_200]);
  const hours = seconds.reduce((sum, wait) => sum + wait) / 3_600;
  expect(hours).toBeGreaterThan(22);
  expect(hours).toBeLessThanOrEqual(24);
});

test('gives what is old already a few tries', () => {
  expect(waits(48 * HOUR_MS)).toEqual([5, 30, 120]);
});

test.each([
  [0, 4],
  [1, 6],
])('spreads what failed together (%d)', (random, seconds) => {
  expect(waits(0, random)[0]).toBe(seconds);
});
