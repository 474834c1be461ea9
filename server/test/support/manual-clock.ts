// Time that moves only when a test says so, for everything that has deadlines.

import type { Clock, Timer } from '../../src/calls/ports';

type Pending = { readonly dueMs: number; readonly order: number; readonly task: () => void };

/** Rounds of the event loop in which promise chains and their follow-ups settle; enough for any chain in the server. */
const SETTLE_ROUNDS = 3;

/** Node's own timers never run sooner, so that a task that sets itself again always lets time pass. */
const MIN_DELAY_MS = 1;

/** Lets everything run that is ready to run: microtasks and immediates, but no timers of the clock. */
export async function settle(): Promise<void> {
  for (let round = 0; round < SETTLE_ROUNDS; round += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** A clock that stands still until it is advanced. */
export class ManualClock implements Clock {
  /** Wall time at the start: far from zero, so that a mix-up with the monotonic time shows. */
  static readonly START_MS = Date.parse('2026-11-20T12:00:00.000Z');

  #elapsedMs = 1_000;
  #wallOffsetMs = ManualClock.START_MS - 1_000;
  #lastOrder = 0;
  #timers: Pending[] = [];

  nowMs(): number {
    return Math.round(this.#wallOffsetMs + this.#elapsedMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, task: () => void): Timer {
    this.#lastOrder += 1;
    const pending = { dueMs: this.#elapsedMs + Math.max(delayMs, MIN_DELAY_MS), order: this.#lastOrder, task };
    this.#timers.push(pending);

    return {
      cancel: () => {
        this.#timers = this.#timers.filter((timer) => timer !== pending);
      },
    };
  }

  /** How many timers are set and have not run. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Moves the wall clock alone, as a correction by NTP does. */
  jumpWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** Moves time, running due timers in order, those set by timers included. */
  advance(ms: number): void {
    const targetMs = this.#elapsedMs + ms;
    while (this.#runNext(targetMs)) {
      // Each round runs one timer.
    }
    this.#elapsedMs = targetMs;
  }

  /** Like `advance`, and lets promises settle before, between and after the timers. */
  async advanceAsync(ms: number): Promise<void> {
    const targetMs = this.#elapsedMs + ms;
    do {
      await settle();
    } while (this.#runNext(targetMs));
    this.#elapsedMs = targetMs;
    await settle();
  }

  #runNext(targetMs: number): boolean {
    let next: Pending | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > targetMs) continue;
      if (!next || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order)) next = timer;
    }
    if (!next) return false;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
    next.task();

    return true;
  }
}
