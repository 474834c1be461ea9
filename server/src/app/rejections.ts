// Rejections that nobody handled: one is a mishap of one call, which its deadlines bring to an end; many are a server in
// disorder.

import type { Clock } from '../calls/ports';

const WINDOW_MS = 60_000;
const MAX_IN_WINDOW = 5;

/** Counts rejections of the last minute. */
export class Rejections {
  readonly #clock: Clock;
  #atMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Another one; returns whether the server can go on. */
  add(): 'tolerable' | 'too-many' {
    const nowMs = this.#clock.monotonicMs();
    this.#atMs = [...this.#atMs.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
    return this.#atMs.length <= MAX_IN_WINDOW ? 'tolerable' : 'too-many';
  }
}
