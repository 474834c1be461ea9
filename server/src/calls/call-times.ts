// The times of a call as everybody outside gets to see them: ISO 8601, null for what has not happened.

import type { CallTimings } from './call';

/** From the answer to the end, seconds with one decimal; null for a call that was not answered or is not over. */
export function durationSeconds({ answeredAtMs, endedAtMs }: CallTimings): number | null {
  if (answeredAtMs === undefined || endedAtMs === undefined) return null;
  return Math.round((endedAtMs - answeredAtMs) / 100) / 10;
}

/** All timings. */
export function isoTimings(timings: CallTimings): Readonly<Record<string, string | null>> {
  return {
    createdAt: iso(timings.createdAtMs),
    initiatedAt: iso(timings.initiatedAtMs),
    ringingAt: iso(timings.ringingAtMs),
    answeredAt: iso(timings.answeredAtMs),
    endedAt: iso(timings.endedAtMs),
  };
}

/** One time. */
export function iso(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
