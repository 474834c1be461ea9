/** One direction of a network: what goes in comes out a fixed time later, in the same order. */
import { TimerSet } from './timing';

/** A delay line; with a delay of 0 everything passes at once. */
export class DelayLine {
  readonly #delayMs: number;
  readonly #timers = new TimerSet();
  readonly #arrivals: (() => void)[] = [];

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** Lets something arrive after the delay. */
  pass(arrive: () => void): void {
    if (this.#delayMs === 0) return arrive();
    this.#arrivals.push(arrive);
    // Whichever timer runs first, it is the oldest arrival that is due.
    this.#timers.after(this.#delayMs, () => this.#arrivals.shift()?.());
  }

  /** Loses everything that is on the way. */
  clear(): void {
    this.#timers.clear();
    this.#arrivals.length = 0;
  }
}
