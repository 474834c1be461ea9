// Puts the frames of one track in the order of their `chunk`. Telnyx promises no order and may repeat frames; a frame
// that is late by a few is waited for, one that is missing for longer is reported as lost.
// Source: Telnyx "Stream call media over WebSocket"; field reports: chunks are contiguous, and a counter may start anew.

import type { Clock, Timer } from '../../calls/ports';

/** What becomes of the frames. */
export interface FrameOrderListener {
  /** The next frame in order: its base64 payload. */
  onFrame(payload: string): void;
  /** So many frames in a row will not come. */
  onMissing(frames: number): void;
}

/** What was out of order, in frames. */
export type FrameOrderStats = {
  /** Came after a frame that they precede, and were put before it. */
  readonly reordered: number;
  /** Came again, or too late to be of use. */
  readonly duplicates: number;
  /** Never came. */
  readonly missing: number;
};

// Waiting for one late frame delays all that come after it: four frames are what a call can bear.
const WINDOW_FRAMES = 4;

// The same limit in time, for a stream that pauses while a frame is missing.
const WINDOW_MS = 100;

// A counter that jumps ahead by more than this was set anew: 30 s of a stream do not get lost without its socket.
const MAX_GAP_FRAMES = 1_500;

// One old frame is a late copy. So many in a row, and none that was expected between them, are a counter set anew.
const RESTART_RUN = 5;

// A counter begins at 0 or 1; a stream whose first frame is a little above that may have had its first two swapped.
const FIRST_CHUNK = 1;

/** The order of one track of one stream. */
export class FrameOrder {
  readonly #clock: Clock;
  readonly #listener: FrameOrderListener;
  readonly #early = new Map<number, string>();
  #next: number | undefined;
  /** Frames in a row that are far from where the counter stands. */
  #strays: { readonly chunk: number; readonly payload: string }[] = [];
  #patience: Timer | undefined;
  #reordered = 0;
  #duplicates = 0;
  #missing = 0;

  constructor(clock: Clock, listener: FrameOrderListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  get stats(): FrameOrderStats {
    return { reordered: this.#reordered, duplicates: this.#duplicates, missing: this.#missing };
  }

  /** Takes a frame as it arrives; a frame without a number is taken to be in order. */
  take(chunk: number | undefined, payload: string): void {
    if (chunk === undefined) return this.#listener.onFrame(payload);
    this.#next ??= chunk - FIRST_CHUNK < WINDOW_FRAMES ? Math.min(chunk, FIRST_CHUNK) : chunk;
    if (chunk === this.#next) return this.#onExpected(payload);
    const ahead = chunk - this.#next;
    if (ahead < 0 || ahead > MAX_GAP_FRAMES) return this.#onStray(chunk, payload);
    this.#onEarly(chunk, payload);
  }

  /** No more frames come: those that wait for a missing one are delivered. */
  finish(): void {
    while (this.#early.size > 0) this.#skipToEarliest();
  }

  #onExpected(payload: string): void {
    if (this.#strays.length > 0) this.#strays = [];
    if (this.#early.size > 0) this.#reordered += 1;
    this.#deliver(payload);
    this.#deliverEarly();
  }

  #onEarly(chunk: number, payload: string): void {
    this.#strays = [];
    if (this.#early.has(chunk)) {
      this.#duplicates += 1;
      return;
    }
    this.#early.set(chunk, payload);
    if (this.#early.size > WINDOW_FRAMES) return this.#skipToEarliest();
    this.#patience ??= this.#clock.after(WINDOW_MS, () => this.finish());
  }

  /** An old frame once more, or a counter that was set anew: those behind it tell. */
  #onStray(chunk: number, payload: string): void {
    this.#duplicates += 1;
    if (chunk - 1 !== this.#strays.at(-1)?.chunk) this.#strays = [];
    this.#strays.push({ chunk, payload });
    if (this.#strays.length < RESTART_RUN) return;
    const run = this.#strays;
    this.finish();
    this.#duplicates -= run.length;
    this.#next = run[0]?.chunk;
    for (const frame of run) this.#onExpected(frame.payload);
  }

  #skipToEarliest(): void {
    const earliest = Math.min(...this.#early.keys());
    const missing = earliest - (this.#next ?? earliest);
    this.#missing += missing;
    this.#next = earliest;
    this.#listener.onMissing(missing);
    this.#deliverEarly();
  }

  #deliverEarly(): void {
    for (let payload = this.#takeNext(); payload !== undefined; payload = this.#takeNext()) this.#deliver(payload);
    if (this.#early.size > 0) return;
    this.#patience?.cancel();
    this.#patience = undefined;
  }

  #takeNext(): string | undefined {
    if (this.#early.size === 0 || this.#next === undefined) return undefined;
    const payload = this.#early.get(this.#next);
    this.#early.delete(this.#next);
    return payload;
  }

  #deliver(payload: string): void {
    this.#next = (this.#next ?? 0) + 1;
    this.#listener.onFrame(payload);
  }
}
