// A bounded memory of ids already seen, so that a webhook delivered twice has its effect once.

import type { Clock } from './ports';

// A signature is accepted for five minutes before and after the time that it names, so for ten when that is ahead of us:
// a delivery that is genuine once must be known for longer, however often somebody sends it again.
const KEEP_MS = 660_000;
const MAX_IDS = 50_000;

/** Remembers ids for eleven minutes, the newest 50,000 at most. */
export class RecentIds {
  readonly #clock: Clock;
  readonly #seenAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether the id is new. */
  add(id: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#forget(nowMs);
    if (this.#seenAtMs.has(id)) return false;
    this.#seenAtMs.set(id, nowMs);
    return true;
  }

  /** A Map keeps insertion order, so the oldest come first. */
  #forget(nowMs: number): void {
    for (const [id, seenAtMs] of this.#seenAtMs) {
      if (nowMs - seenAtMs < KEEP_MS && this.#seenAtMs.size < MAX_IDS) return;
      this.#seenAtMs.delete(id);
    }
  }
}
