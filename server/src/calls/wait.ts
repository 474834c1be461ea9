// Waiting as a promise, on the clock that tests own.

import type { Clock, Timer } from './ports';

/** Resolves after `delayMs`, or at once when the signal says that nobody waits any more. */
export function wait(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const over = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const timer = clock.after(delayMs, over);
    signal?.addEventListener('abort', over);
  });
}

/** Resolves with the first of the promises, or after `limitMs`; leaves no timer behind. */
export async function firstWithin(clock: Clock, limitMs: number, promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: Timer | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = clock.after(limitMs, resolve);
  });
  await Promise.race([...promises, limit]).finally(() => timer?.cancel());
}
