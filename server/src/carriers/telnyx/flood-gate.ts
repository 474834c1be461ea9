// How much may come in on one stream: a token bucket. A phone call has 50 frames a second; whoever sends many times that
// wants our time and not a conversation.

import type { Clock } from '../../calls/ports';

// Twice what a call has: marks, keys, pings, a clock that runs fast, a second track.
const FRAMES_PER_MS = 0.1;

// A network that stalls for half a minute hands over everything at once when it comes back.
const BURST_FRAMES = 1_500;

// 20 ms are 300 bytes of G.711 and at most 900 of L16. What is longer takes longer to read, and counts for more.
const BYTES_PER_EXTRA_FRAME = 4_096;

/** Counts what comes in on one stream. Allocates nothing per frame. */
export class FloodGate {
  readonly #clock: Clock;
  #left = BURST_FRAMES;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** Counts one message, whatever is in it; false when that is too much. */
  take(bytes: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const left = this.#left + (nowMs - this.#atMs) * FRAMES_PER_MS;
    this.#atMs = nowMs;
    this.#left = (left > BURST_FRAMES ? BURST_FRAMES : left) - 1 - bytes / BYTES_PER_EXTRA_FRAME;
    return this.#left >= 0;
  }
}
