// How late each part of a stream comes, against the earliest that any part of it has come. That is forgotten after a
// while: the clock of the far end is not quite ours, and a stream that pauses goes on later than it began.

// A clock that is off by 100 millionths makes 1.5 ms of it; a pause counts as lateness for no longer than twice this.
const FORGOTTEN_AFTER_MS = 15_000;

/** The clock of one stream. */
export class EarliestArrival {
  #sinceMs = -Infinity;
  /** The least of arrival less position, in the time before and in that which is under way. */
  #beforeMs = Infinity;
  #leastMs = Infinity;

  /** How much later this part has come than it should have, milliseconds. */
  lateness(arrivedAtMs: number, positionMs: number): number {
    if (arrivedAtMs - this.#sinceMs > FORGOTTEN_AFTER_MS) {
      this.#sinceMs = arrivedAtMs;
      this.#beforeMs = this.#leastMs;
      this.#leastMs = Infinity;
    }
    const offsetMs = arrivedAtMs - positionMs;
    if (offsetMs < this.#leastMs) this.#leastMs = offsetMs;
    return offsetMs - Math.min(this.#beforeMs, this.#leastMs);
  }
}
