// One audio item on its way to the callee's ear: what was generated, what was sent, and what was heard of it when.

import type { ItemRef } from '../../calls/conversation-ports';
import { type Framing, PlayoutQueue } from './playout-queue';

/** How far one item got before its playout was cleared. */
export type ClearedSpan = {
  readonly item: ItemRef;
  readonly heardMs: number;
  readonly sentMs: number;
  readonly generatedMs: number;
  /** True when the model had made all of it. */
  readonly isFinished: boolean;
};

/** A stretch in which the carrier plays this item without a pause, on our clock, from a position in the item on. */
type Stretch = { readonly startMs: number; readonly positionMs: number; durationMs: number };

/** The way of one item through the playout. */
export class PlayoutSpan {
  readonly item: ItemRef;
  /** How far the marks that were sent reach into the item. */
  markedMs = 0;
  readonly #framing: Framing;
  readonly #queue: PlayoutQueue;
  #generatedBytes = 0;
  #sentBytes = 0;
  #isFinished = false;
  #confirmedMs = 0;
  /** Where in the item begins what is scheduled next. */
  #scheduledMs = 0;
  readonly #stretches: Stretch[] = [];

  constructor(item: ItemRef, framing: Framing) {
    this.item = item;
    this.#framing = framing;
    this.#queue = new PlayoutQueue(framing);
  }

  isOf({ itemId, contentIndex }: ItemRef): boolean {
    return this.item.itemId === itemId && this.item.contentIndex === contentIndex;
  }

  /** Audio that the model made, milliseconds. */
  get generatedMs(): number {
    return this.#generatedBytes / this.#framing.bytesPerMs;
  }

  /** Audio that went to the carrier, padding not counted, milliseconds. */
  get sentMs(): number {
    return this.#sentBytes / this.#framing.bytesPerMs;
  }

  /** True when the model makes no more and everything went out. */
  get isSent(): boolean {
    return this.#isFinished && this.#queue.waitingBytes === 0;
  }

  /** True when there is something to take. */
  get isReady(): boolean {
    const { waitingBytes } = this.#queue;
    return waitingBytes >= this.#framing.frameBytes || (this.#isFinished && waitingBytes > 0);
  }

  /** True when some of it is or was on its way to the ear. */
  get hasStarted(): boolean {
    return this.#stretches.length > 0;
  }

  /** When the carrier is through with what was sent; 0 before anything was. */
  get endMs(): number {
    const last = this.#stretches.at(-1);
    return last ? last.startMs + last.durationMs : 0;
  }

  /** Adds audio in memory that is lent: it may be taken from there until `keep` copies the rest. */
  lend(audio: Buffer): void {
    if (this.#isFinished) return;
    this.#queue.lend(audio);
    this.#generatedBytes += audio.length;
  }

  /** Ends the loan. */
  keep(): void {
    this.#queue.keep();
  }

  /** No more audio will come: the tail, shorter than a frame, may go out padded. */
  finish(): void {
    this.#isFinished = true;
  }

  /** Takes whole frames, one chunk at most; undefined when there is less than a frame to send. */
  take(): Buffer | undefined {
    const waitingBytes = this.#queue.waitingBytes;
    const audio = this.#queue.take() ?? (this.#isFinished ? this.#queue.takeTail() : undefined);
    this.#sentBytes += waitingBytes - this.#queue.waitingBytes;
    return audio;
  }

  /** Notes when the carrier will play what was just sent. */
  schedule(startMs: number, durationMs: number): void {
    const positionMs = this.#scheduledMs;
    this.#scheduledMs += durationMs;
    const last = this.#stretches.at(-1);
    const isNext = last !== undefined && last.positionMs + last.durationMs === positionMs;
    if (isNext && Math.abs(last.startMs + last.durationMs - startMs) < 1) last.durationMs += durationMs;
    else this.#stretches.push({ startMs, positionMs, durationMs });
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

  /** Up to where in the item the callee has heard at `nowMs`, never further than was sent. */
  heardMs(nowMs: number): number {
    let heardMs = this.#confirmedMs;
    for (const { startMs, positionMs, durationMs } of this.#stretches) {
      if (nowMs > startMs) heardMs = Math.max(heardMs, positionMs + Math.min(nowMs - startMs, durationMs));
    }
    return Math.min(heardMs, this.sentMs);
  }

  /** True when the carrier confirmed the last of it. */
  get isConfirmed(): boolean {
    return this.isSent && this.#confirmedMs >= this.sentMs;
  }

  /** How far it got, when it goes no further than the callee has heard at `nowMs`. */
  outcome(nowMs: number): ClearedSpan {
    const { item, sentMs, generatedMs } = this;
    return { item, heardMs: this.heardMs(nowMs), sentMs, generatedMs, isFinished: this.#isFinished };
  }
}
