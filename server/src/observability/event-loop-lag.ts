// How late the event loop is: a timer that looks how late it runs. Its delays differ, so that what blocks the loop at
// regular intervals is not always met at the same moment. There is one for the whole server: each look at its figures
// sees the same ones.

import type { Clock, Timer } from '../calls/ports';

// 50 looks a second, as many as one call has frames; for an idle process they are nearly all that wakes it.
const SHORTEST_DELAY_MS = 10;
const DELAY_SPREAD_MS = 20;

/** Multiples of it, modulo 1, fill the spread evenly and never recur. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

const WINDOW_MS = 500;

/** Figures are of 15 s: whoever collects them does so about as often. */
const WINDOWS_KEPT = 30;

// Of some 25 looks all but one: a single pause is no figure of a window, and a loop that is blocked half of the time is.
const WINDOW_PERCENT = 95;

/** Lag within some time, milliseconds. */
export type LagFigures = {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

type WindowListener = (lagMs: number) => void;

/** Measures from `start()` to `close()`. */
export class EventLoopLag {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'after'>;
  readonly #listeners: WindowListener[] = [];
  /** Each look of the last windows, the one that is under way last. */
  readonly #windows: number[][] = [[]];
  #windowEndsAtMs = 0;
  #looks = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(clock: Pick<Clock, 'monotonicMs' | 'after'>) {
    this.#clock = clock;
  }

  /** Calls `listener` every half a second with the lag that 19 of 20 looks within it stayed below. */
  onWindow(listener: WindowListener): void {
    this.#listeners.push(listener);
  }

  /** Begins to measure. */
  start(): void {
    if (this.#timer || this.#isClosed) return;
    this.#windowEndsAtMs = this.#clock.monotonicMs() + WINDOW_MS;
    this.#lookLater();
  }

  /** The lag of the last 15 s, whoever else has looked at it. */
  figures(): LagFigures {
    const lags = this.#windows.flat().sort((a, b) => a - b);
    return { p50Ms: percentile(lags, 50), p99Ms: percentile(lags, 99), maxMs: lags.at(-1) ?? 0 };
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #lookLater(): void {
    this.#looks += 1;
    const delayMs = SHORTEST_DELAY_MS + DELAY_SPREAD_MS * ((this.#looks * GOLDEN_RATIO) % 1);
    const dueAtMs = this.#clock.monotonicMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#look(dueAtMs);
      if (!this.#isClosed) this.#lookLater();
    });
  }

  #look(dueAtMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#windows.at(-1)?.push(Math.max(0, nowMs - dueAtMs));
    if (nowMs >= this.#windowEndsAtMs) this.#endWindow(nowMs);
  }

  #endWindow(nowMs: number): void {
    const lagMs = percentile(
      [...(this.#windows.at(-1) ?? [])].sort((a, b) => a - b),
      WINDOW_PERCENT,
    );
    this.#windowEndsAtMs = nowMs + WINDOW_MS;
    this.#windows.push([]);
    if (this.#windows.length > WINDOWS_KEPT) this.#windows.shift();
    for (const listener of this.#listeners) listener(lagMs);
  }
}

/** @param sorted Ascending. */
function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
