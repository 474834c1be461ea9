// A measurement that others disturb says little: it waits for a quiet moment, is repeated when the moment did not
// last, and the least disturbed run counts.

import { setTimeout as wait } from 'node:timers/promises';
import type { Measurement } from './load-report';
import { measure, type MeasurementOptions } from './measure';
import { cpuTimeOfOthersMs } from './process-stat';
import { isNoisy, NOISY_PERCENT } from './validity';

const TRIES = 3;
const LISTEN_MS = 2_000;
const QUIET_LIMIT_MS = 60_000;

/** The first undisturbed measurement, or the least disturbed of a few. */
export async function measureQuietly(options: MeasurementOptions, tell: (line: string) => void): Promise<Measurement> {
  let best: Measurement | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    await untilQuiet();
    const run = await measure(options);
    best = !best || (run.foreignCpuPercent ?? 0) < (best.foreignCpuPercent ?? 0) ? run : best;
    if (!isNoisy(run)) break;
    tell(`  disturbed: other processes used ${run.foreignCpuPercent?.toFixed(0) ?? '?'} % of a core`);
  }
  return best as Measurement;
}

/** Waits until nobody else works, but no longer than the limit. */
export async function untilQuiet(limitMs = QUIET_LIMIT_MS): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  for (let busyPercent = Infinity; busyPercent > NOISY_PERCENT && performance.now() < deadlineMs;) {
    const before = cpuTimeOfOthersMs([]);
    await wait(LISTEN_MS);
    busyPercent = (((cpuTimeOfOthersMs([]) ?? 0) - (before ?? 0)) / LISTEN_MS) * 100;
  }
}
