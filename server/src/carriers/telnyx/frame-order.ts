// Puts the frames of one track in the order of their `chunk`. Telnyx promises no order and may repeat frames; a frame
// that is late by a few is waited for, one that is missing for longer is reported as lost.
// Source: Telnyx "Stream call media over WebSocket", field reports of contiguous chunks that start anew on a reconnect.

/** What becomes of the frames. */
export interface FrameOrderListener {
  /** The next frame in order: its base64 payload. */
  onFrame(payload: string): void;
  /** So many frames in a row will not come. */
  onMissing(frames: number): void;
}

/** What was out of order, in frames. */
export type FrameOrderStats = {
  readonly reordered: number;
  readonly duplicates: number;
  readonly missing: number;
};

// Waiting for one late frame delays all that come after it: four frames, 80 ms, is what a call can bear.
const WINDOW_FRAMES = 4;

// A counter that jumps by more than this, either way, was set anew: 30 s of a stream do not get lost without its socket.
const MAX_JUMP_FRAMES = 1_500;

// An old frame that comes later than this is not a late copy either, but a counter set back.
const MAX_LATE_FRAMES = 64;

/** The order of one track of one stream. */
export class FrameOrder {
  readonly #listener: FrameOrderListener;
  readonly #early = new Map<number, string>();
  #next: number | undefined;
  #reordered = 0;
  #duplicates = 0;
  #missing = 0;

  constructor(listener: FrameOrderListener) {
    this.#listener = listener;
  }

  get stats(): FrameOrderStats {
    return { reordered: this.#reordered, duplicates: this.#duplicates, missing: this.#missing };
  }

  /** Takes a frame as it arrives; a frame without a number is taken to be in order. */
  take(chunk: number | undefined, payload: string): void {
    if (chunk === this.#next && this.#early.size === 0 && chunk !== undefined) {
      this.#next = chunk + 1;
      return this.#listener.onFrame(payload);
    }
    if (chunk === undefined || !Number.isSafeInteger(chunk)) return this.#listener.onFrame(payload);
    const ahead = this.#next === undefined ? 0 : chunk - this.#next;
    if (this.#next === undefined || ahead > MAX_JUMP_FRAMES || ahead < -MAX_LATE_FRAMES)
      return this.#restart(chunk, payload);
    if (ahead < 0 || this.#early.has(chunk)) {
      this.#duplicates += 1;
      return;
    }
    this.#early.set(chunk, payload);
    if (ahead > 0) this.#reordered += 1;
    this.#deliver();
    if (this.#early.size > WINDOW_FRAMES) this.#skipToEarliest();
  }

  /** No more frames come: those that waited for a missing one are delivered. */
  finish(): void {
    while (this.#early.size > 0) this.#skipToEarliest();
  }

  #restart(chunk: number, payload: string): void {
    this.finish();
    this.#next = chunk + 1;
    this.#listener.onFrame(payload);
  }

  #skipToEarliest(): void {
    const earliest = Math.min(...this.#early.keys());
    const missing = earliest - (this.#next ?? earliest);
    this.#missing += missing;
    this.#listener.onMissing(missing);
    this.#next = earliest;
    this.#deliver();
  }

  #deliver(): void {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      const payload = this.#early.get(next);
      if (payload === undefined) return;
      this.#early.delete(next);
      this.#next = next + 1;
      this.#listener.onFrame(payload);
    }
  }
}
