// Trying again: a bounded number of tries with growing waits, on the clock that tests own.

import { type Backoff, backoffMs } from '../lib/backoff';
import type { Clock } from './ports';
import { wait } from './wait';

/** How often and how patiently to try. */
export type RetryPolicy = {
  readonly tries: number;
  readonly backoff: Backoff;
  /** Called after each failure; returning false ends the tries. */
  readonly onFailure: (error: unknown, attempt: number) => boolean;
  /** Aborted when nobody needs the result any more: there is no other try then, and no wait. */
  readonly signal?: AbortSignal | undefined;
};

/** Runs `task` until it succeeds; rejects with its last error when the policy gives up. */
export async function withRetries<T>(clock: Clock, policy: RetryPolicy, task: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      const mayGoOn = policy.onFailure(error, attempt);
      if (!mayGoOn || attempt >= policy.tries) throw error;
      await wait(clock, backoffMs(policy.backoff, attempt), policy.signal);
      if (policy.signal?.aborted) throw error;
    }
  }
}
