// Loops that are kept busy: one of a clock that only counts, and the real one.

import type { Clock, Timer } from '../../src/calls/ports';

/** Busy for so long, then free for so long, again and again; milliseconds. */
export type BusyPattern = { readonly busyMs: number; readonly freeMs: number };

/** Time of a loop that is busy now and then: a timer that falls due meanwhile runs when the loop is free again. */
export class BusyClock implements Pick<Clock, 'monotonicMs' | 'after'> {
  pattern: BusyPattern = { busyMs: 0, freeMs: 1 };
  #nowMs = 0;
  #timers: { readonly dueMs: number; readonly task: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, task };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== timer)) };
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Lets so much time pass in the pattern. */
  run(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs);
      const atMs = next && Math.max(this.#nowMs, this.#freeAt(next.dueMs));
      if (!next || atMs === undefined || atMs > endMs) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = atMs;
      next.task();
    }
    this.#nowMs = endMs;
  }

  #freeAt(ms: number): number {
    const { busyMs, freeMs } = this.pattern;
    const intoMs = ms % (busyMs + freeMs);
    return intoMs < busyMs ? ms - intoMs + busyMs : ms;
  }
}

/** Nothing else runs in this process for so long. */
export function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    // The point is to keep the loop busy.
  }
}

/** Keeps this process busy in a pattern; returns what ends that. */
export function keepBusy({ busyMs, freeMs }: BusyPattern): () => void {
  let timer = setTimeout(function again() {
    block(busyMs);
    timer = setTimeout(again, freeMs);
  }, freeMs);
  return () => clearTimeout(timer);
}
