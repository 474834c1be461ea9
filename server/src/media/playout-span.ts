// One audio item on its way to the callee's ear: what was generated, what was sent, and what was heard of it when.

import { SILENCE_BYTE } from '../audio/g711';
import type { ItemRef } from '../calls/conversation-ports';

/** mu-law at 8 kHz: one byte a sample. */
export const BYTES_PER_MS = 8;
/** The carrier's packet: 20 ms. Less than that is out of its contract. */
export const FRAME_BYTES = 20 * BYTES_PER_MS;

/** A stretch in which the carrier plays this item without a pause, on our clock. */
type Stretch = { readonly startMs: number; durationMs: number };

/** The way of one item through the playout. */
export class PlayoutSpan {
  readonly item: ItemRef;
  /** How far the marks that were sent reach into the item. */
  markedMs = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #generatedBytes = 0;
  #sentBytes = 0;
  #isFinished = false;
  #confirmedMs = 0;
  readonly #stretches: Stretch[] = [];

  constructor(item: ItemRef) {
    this.item = item;
  }

  /** Audio that the model made, milliseconds. */
  get generatedMs(): number {
    return this.#generatedBytes / BYTES_PER_MS;
  }

  /** Audio that went to the carrier, padding not counted, milliseconds. */
  get sentMs(): number {
    return this.#sentBytes / BYTES_PER_MS;
  }

  /** True when the model makes no more and everything went out. */
  get isSent(): boolean {
    return this.#isFinished && this.#waitingBytes === 0;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  add(audio: Uint8Array): void {
    if (audio.length === 0 || this.#isFinished) return;
    this.#waiting.push(audio);
    this.#waitingBytes += audio.length;
    this.#generatedBytes += audio.length;
  }

  /** No more audio will come: the tail, shorter than a frame, may go out padded. */
  finish(): void {
    this.#isFinished = true;
  }

  /** Takes whole frames, `maxBytes` at most; undefined when there is less than a frame to send. */
  take(maxBytes: number): Uint8Array | undefined {
    const wholeBytes = Math.floor(Math.min(this.#waitingBytes, maxBytes) / FRAME_BYTES) * FRAME_BYTES;
    if (wholeBytes > 0) return this.#cut(wholeBytes);
    if (!this.#isFinished || this.#waitingBytes === 0) return undefined;
    const tail = Buffer.alloc(FRAME_BYTES, SILENCE_BYTE.mulaw);
    tail.set(this.#cut(this.#waitingBytes));
    return tail;
  }

  /** Notes when the carrier will play what was just sent. */
  schedule(startMs: number, durationMs: number): void {
    const last = this.#stretches.at(-1);
    if (last && Math.abs(last.startMs + last.durationMs - startMs) < 1) last.durationMs += durationMs;
    else this.#stretches.push({ startMs, durationMs });
  }

  /** Nothing that was sent and is not played by `nowMs` will be: the stream that had it is gone. */
  freeze(nowMs: number): void {
    for (const stretch of this.#stretches) {
      stretch.durationMs = Math.min(Math.max(nowMs - stretch.startMs, 0), stretch.durationMs);
    }
  }

  /** The carrier confirmed that the first `ms` were played. */
  confirm(ms: number): void {
    this.#confirmedMs = Math.max(this.#confirmedMs, ms);
  }

  /** How much the callee has heard at `nowMs`, never more than was sent. */
  heardMs(nowMs: number): number {
    let playedMs = 0;
    for (const { startMs, durationMs } of this.#stretches) {
      playedMs += Math.min(Math.max(nowMs - startMs, 0), durationMs);
    }
    return Math.min(Math.max(playedMs, this.#confirmedMs), this.sentMs);
  }

  /** True when the carrier confirmed the last of it. */
  get isConfirmed(): boolean {
    return this.isSent && this.#confirmedMs >= this.sentMs;
  }

  #cut(bytes: number): Uint8Array {
    const cut = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      const head = this.#waiting[0];
      if (!head) break;
      const part = head.subarray(0, bytes - filled);
      cut.set(part, filled);
      filled += part.length;
      if (part.length === head.length) this.#waiting.shift();
      else this.#waiting[0] = head.subarray(part.length);
    }
    this.#waitingBytes -= filled;
    this.#sentBytes += filled;
    return cut;
  }
}
