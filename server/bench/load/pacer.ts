// Real time for many calls at once: every call and direction has its own moment within each 20 ms, evenly spread, on
// one absolute schedule that delays never shift.

import { FRAME_MS } from './speech-frames';

// So many frames are written before what came in meanwhile is read: otherwise the generator's own burst would be
// measured as the latency of whatever answers it.
const MAX_BURST = 4;

const TICK_MS = 1;

/** What the pacer works with. */
export type PacerOptions = {
  /**
   * One for each direction of each call, in the order of their moments. `countedFromMs` is now, or a tick after the frame
   * was due when the generator is later than that: its resolution is not the subject's latency, but its own jams must
   * not hide any.
   */
  readonly slots: readonly ((countedFromMs: number) => void)[];
  /** Called once a millisecond or so. */
  readonly onTick: (nowMs: number) => void;
  /** By how much the frame that was due at `dueMs` was late. */
  readonly onFired: (lateMs: number, dueMs: number) => void;
};

/** Fires every slot once in 20 ms until it is stopped. */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #startMs = performance.now();
  #fired = 0;
  #isStopped = false;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#tick();
  }

  stop(): void {
    this.#isStopped = true;
  }

  readonly #tick = (): void => {
    if (this.#isStopped) return;
    const { slots, onTick, onFired } = this.#options;
    let nowMs = performance.now();
    onTick(nowMs);
    for (let burst = 0; burst < MAX_BURST; burst++) {
      const dueMs = this.#startMs + (this.#fired / slots.length) * FRAME_MS;
      if (dueMs > nowMs) return void setTimeout(this.#tick, TICK_MS);
      slots[this.#fired % slots.length]?.(Math.min(nowMs, dueMs + TICK_MS));
      this.#fired += 1;
      onFired(nowMs - dueMs, dueMs);
      nowMs = performance.now();
    }
    setImmediate(this.#tick);
  };
}
