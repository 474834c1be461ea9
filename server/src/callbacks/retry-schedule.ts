// When a callback that failed is tried again, and when that is of no use any more: soon at first, for an endpoint that
// restarts, and up to a day in all, for one whose people are asleep.

import type { DueCallback } from '../calls/record-ports';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const WAITS_MS = [5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS] as const;
const LAST_WAIT_MS = 2 * HOUR_MS;

const LIFETIME_MS = 24 * HOUR_MS;

/** As many tries has one that got old while it waited: behind another one of its call, or while no server ran. */
const MIN_ATTEMPTS = 4;

/** An endpoint may ask for patience, not for silence. */
const MAX_RETRY_AFTER_MS = HOUR_MS;

/** Spreads what failed together: an endpoint that comes back is not met by everything at once. */
const JITTER = 0.2;

/** One more failure of a callback. */
export type Failure = {
  readonly nowMs: number;
  /** Tries so far, this one included. */
  readonly attempts: number;
  /** What the endpoint asked for. */
  readonly retryAfterMs?: number | undefined;
  /** From 0 to 1. */
  readonly random: number;
};

/** When the next try is due, epoch milliseconds; undefined when there is none. */
export function nextAttemptAtMs({ createdAtMs }: DueCallback, failure: Failure): number | undefined {
  const { nowMs, attempts, retryAfterMs = 0, random } = failure;
  const waitMs = (WAITS_MS[attempts - 1] ?? LAST_WAIT_MS) * (1 - JITTER + 2 * JITTER * random);
  const atMs = Math.round(nowMs + Math.max(waitMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)));
  const isTooOld = atMs > createdAtMs + LIFETIME_MS;
  return isTooOld && attempts >= MIN_ATTEMPTS ? undefined : atMs;
}
