// The maximum duration of one call, by the clock on the wall: it holds whether or not anything else of the call works.

import type { CallTimers } from './call-timers';
import type { Clock } from './ports';

/** What a limit works with. */
export type CallLimitDeps = {
  readonly clock: Clock;
  readonly timers: CallTimers;
  readonly onReached: () => void;
};

/** Counts from the answer. */
export class CallLimit {
  readonly #maxMs: number;
  readonly #deps: CallLimitDeps;
  #endsAtMs: number | undefined;

  constructor(maxDurationSeconds: number, deps: CallLimitDeps) {
    this.#maxMs = maxDurationSeconds * 1000;
    this.#deps = deps;
  }

  /** All of it before the answer. */
  get remainingMs(): number {
    if (this.#endsAtMs === undefined) return this.#maxMs;
    return Math.max(0, this.#endsAtMs - this.#deps.clock.monotonicMs());
  }

  /** The call was answered. */
  start(): void {
    const { clock, timers, onReached } = this.#deps;
    this.#endsAtMs = clock.monotonicMs() + this.#maxMs;
    timers.set('max-duration', this.#maxMs, onReached);
  }
}
