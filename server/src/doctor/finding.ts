// What a check has found, and checks that are bounded in time.

import type { Clock } from '../calls/ports';

/** One thing found; what is not in order comes with its cure. */
export type Finding =
  | { readonly state: 'ok' | 'skipped'; readonly found: string }
  | { readonly state: 'warn' | 'fail'; readonly found: string; readonly cure: string };

/** A check. It never rejects for what it has to find out. */
export type Check = { readonly name: string; readonly run: () => Promise<readonly Finding[]> };

/** How long a check may take, not counting others that it waits for. */
export const CHECK_LIMIT_MS = 5_000;

const SECONDS = `${CHECK_LIMIT_MS / 1_000} s`;

/** It is as it should be. */
export function ok(found: string): Finding {
  return { state: 'ok', found };
}

/** It was not looked at, or only follows from something else: `because …`. */
export function skipped(found: string): Finding {
  return { state: 'skipped', found };
}

/** Calls work, and yet. */
export function warn(found: string, cure: string): Finding {
  return { state: 'warn', found, cure };
}

/** Calls will not work. */
export function fail(found: string, cure: string): Finding {
  return { state: 'fail', found, cure };
}

/** The check did not come to an end in time. */
export class TimeLimitError extends Error {
  constructor() {
    super(`No answer within ${SECONDS}`);
    this.name = 'TimeLimitError';
  }
}

/** What does not answer is given up, by the signal where it listens to one. @throws TimeLimitError */
export async function bounded<T>(clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = new TimeLimitError();
  let giveUp: () => void = () => undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const timer = clock.after(CHECK_LIMIT_MS, () => {
      reject(late);
      controller.abort(late);
    });
    giveUp = () => timer.cancel();
  });
  try {
    return await Promise.race([work(controller.signal), limit]);
  } finally {
    giveUp();
  }
}

/** The same answer for all who ask. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

/** Problems one by one; where there is none, what is in order. */
export function orOk(problems: readonly (Finding | undefined)[], found: string): readonly Finding[] {
  const real = problems.filter((problem) => problem !== undefined);
  return real.length === 0 ? [ok(found)] : real;
}
