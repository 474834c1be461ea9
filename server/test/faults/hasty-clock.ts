// A clock whose long waits are short: watchdogs of many seconds are tried out in one or two, while everything that paces
// audio runs in real time. Counts the timers that are set, as none may stay behind.

import { SYSTEM_CLOCK } from '../../src/app/system-clock';
import type { Clock, Timer } from '../../src/calls/ports';

const LONG_MS = 4_000;
const HASTE = 5;

/** The clock of one server under test. */
export class HastyClock implements Clock {
  readonly #pending = new Set<Timer>();

  /** How many timers are set. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  nowMs(): number {
    return SYSTEM_CLOCK.nowMs();
  }

  monotonicMs(): number {
    return SYSTEM_CLOCK.monotonicMs();
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = SYSTEM_CLOCK.after(delayMs >= LONG_MS ? delayMs / HASTE : delayMs, () => {
      this.#pending.delete(handle);
      task();
    });
    const handle: Timer = {
      cancel: () => {
        this.#pending.delete(handle);
        timer.cancel();
      },
    };
    this.#pending.add(handle);
    return handle;
  }
}
