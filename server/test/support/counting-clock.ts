// A clock that knows who has asked it for what: a timer that outlives its server holds up the end of the process.

import type { Clock } from '../../src/calls/ports';

/** Counts the timers of another clock. */
export class CountingClock implements Clock {
  readonly #clock: Clock;
  /** Where each timer that is still to come was set. */
  readonly #pending = new Set<Error>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The timers that are still to come, each by the lines that set it. */
  get pending(): readonly string[] {
    return [...this.#pending].map(({ message, stack }) => `${message} ${linesOfServer(stack)}`);
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, task: () => void): ReturnType<Clock['after']> {
    const origin = new Error(`${delayMs} ms`);
    this.#pending.add(origin);
    const timer = this.#clock.after(delayMs, () => {
      this.#pending.delete(origin);
      task();
    });
    return {
      cancel: () => {
        this.#pending.delete(origin);
        timer.cancel();
      },
    };
  }
}

function linesOfServer(stack = ''): string {
  return (stack.match(/src\/[\w/.-]+:\d+/g) ?? []).slice(0, 6).join(' <- ');
}
