// A fault in one call is that call's end, not that of the process: a task that throws when its time has come would
// otherwise throw into Node's own timer, where nobody catches.

import type { Clock } from './ports';

/** A clock whose tasks may fail: what they throw, or reject with, is told to `onFault`, which must not throw. */
export function guardedClock(clock: Clock, onFault: (error: unknown) => void): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, task) => clock.after(delayMs, () => run(task, onFault)),
  };
}

function run(task: () => unknown, onFault: (error: unknown) => void): void {
  try {
    const result = task();
    // Where a task is expected, an async function fits as well.
    if (result instanceof Promise) result.catch(onFault);
  } catch (error) {
    onFault(error);
  }
}
