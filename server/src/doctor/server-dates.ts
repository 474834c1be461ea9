// How far the clock of this machine is from that of a server, by the Date headers of its answers.

import type { Clock } from '../calls/ports';

const SECOND_MS = 1_000;

/** Notes the headers of the answers of one server. */
export class ServerDates {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #skewMs: number | undefined;

  /** Nothing is asked before this. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
  }

  /** Milliseconds by which this machine is ahead (negative: behind), at least; undefined as long as nothing was told. */
  get skewMs(): number | undefined {
    return this.#skewMs;
  }

  /** Takes in the headers of an answer that has just come. */
  note(headers: Headers): void {
    const dateMs = Date.parse(headers.get('date') ?? '');
    if (Number.isNaN(dateMs)) return;
    const skewMs = this.#skewOf(dateMs);
    // An answer that was held up on its way, or by a cache, is further off than the clocks are.
    if (this.#skewMs === undefined || Math.abs(skewMs) < Math.abs(this.#skewMs)) this.#skewMs = skewMs;
  }

  /** The answer was written between start and now, and its date leaves out what is beyond the second. */
  #skewOf(dateMs: number): number {
    if (dateMs > this.#clock.nowMs()) return this.#clock.nowMs() - dateMs;
    return Math.max(0, this.#startedAtMs - (dateMs + SECOND_MS));
  }
}
