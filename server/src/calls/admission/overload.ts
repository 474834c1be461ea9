// Refuses new calls while the event loop lags: each frame of each call waits as long as the loop does, and one more call
// makes all of them stutter. Calls that live are not touched.
//
// The lag is what 19 of 20 looks within half a second stayed below: about what the unlucky frames wait. What it is for loops
// that are kept busy in one way or another, and what frames wait in them, is in docs/operations.md. The mean hides a loop
// that blocks again and again; the maximum takes one collection of garbage for an overload.

import { OverloadError } from '../errors';
import type { Logger } from '../ports';

/** A lag counts when three of the last four windows had it: one long pause, and the one after it, refuse nobody. */
const WINDOWS = 4;
const LOW_WINDOWS_ALLOWED = 1;

/** New calls are taken again at half the lag, or the server would open and close with each call. */
const RECOVERED_AT = 0.5;

/** Measures the lag of the event loop. */
export interface LagMeter {
  /** Calls `listener` with the lag of each half a second, milliseconds. */
  onWindow(listener: (lagMs: number) => void): void;
}

/** What the gate works with. */
export type OverloadDeps = {
  readonly meter: LagMeter;
  /** Lag at which new calls are refused, milliseconds. */
  readonly limitMs: number;
  readonly log: Logger;
};

/** A gate for new calls. Idempotent `close()`, after which it is open. */
export class Overload {
  readonly #deps: OverloadDeps;
  #windows: readonly number[] = [];
  #isOverloaded = false;
  #isClosed = false;

  constructor(deps: OverloadDeps) {
    this.#deps = deps;
    deps.meter.onWindow((lagMs) => this.#take(lagMs));
  }

  /** The lag that stops new calls; undefined while they are taken. */
  get lagMs(): number | undefined {
    return this.#isOverloaded ? this.#lagMs() : undefined;
  }

  /** @throws OverloadError */
  check(): void {
    if (this.#isOverloaded) throw new OverloadError(this.#lagMs());
  }

  close(): void {
    this.#isClosed = true;
    this.#isOverloaded = false;
  }

  #take(lagMs: number): void {
    if (this.#isClosed) return;
    const { limitMs, log } = this.#deps;
    this.#windows = [...this.#windows, lagMs].slice(-WINDOWS);
    const smoothMs = this.#lagMs();
    const wasOverloaded = this.#isOverloaded;
    this.#isOverloaded = smoothMs >= (wasOverloaded ? limitMs * RECOVERED_AT : limitMs);
    if (this.#isOverloaded === wasOverloaded) return;
    const facts = { lagMs: Math.round(smoothMs), limitMs };
    if (this.#isOverloaded) log.warn('The event loop lags: no new calls, see OVERLOAD_LAG_MS', facts);
    else log.info('The event loop keeps up again: new calls are taken', facts);
  }

  /** What all windows but the lowest had at least; nothing before there are four. */
  #lagMs(): number {
    const sorted = [...this.#windows].sort((a, b) => a - b);
    return sorted.length < WINDOWS ? 0 : (sorted[LOW_WINDOWS_ALLOWED] ?? 0);
  }
}
