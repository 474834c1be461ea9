// Waiting as a promise, on the clock that tests own.

import type { Clock, Timer } from './ports';

/** Resolves after `delayMs`. */
export function wait(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
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
