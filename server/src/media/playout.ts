// What the callee hears: queues the AI's audio item by item, paces it to the carrier against an absolute clock, and
// knows how much of each item was heard. Bursts wait here and not at the carrier, so that a barge-in is exact.

import type { ItemRef } from '../calls/conversation-ports';
import type { Clock, Timer } from '../calls/ports';
import { BYTES_PER_MS, PlayoutSpan } from './playout-span';

/** The carrier's side of the playout. */
export interface PlayoutSink {
  sendAudio(audio: Uint8Array): void;
  sendMark(name: string): void;
  clear(): void;
  /** Network round trip to the carrier, milliseconds. */
  readonly roundTripMs: number;
}

/** What the playout reports. */
export interface PlayoutListener {
  /** The first audio of an item went out. */
  onStarted(item: ItemRef): void;
  /** The callee heard an item to its end. */
  onHeard(item: ItemRef, heardMs: number): void;
}

/** What was done with one item when the playout was cleared. */
export type ClearedSpan = {
  readonly item: ItemRef;
  readonly heardMs: number;
  readonly sentMs: number;
  readonly generatedMs: number;
  /** True when the model had made all of it. */
  readonly isFinished: boolean;
};

// How far ahead of the callee's ear the carrier's buffer is kept: enough for network jitter (Telnyx streams ran dry
// without a lead and ran smoothly at 600 ms), little enough to be forgotten at once on a barge-in.
const LEAD_MS = 400;

// What already waits goes out in messages of up to this much; audio that comes in real time is never held back for it.
const MAX_CHUNK_BYTES = 100 * BYTES_PER_MS;

// A mark this often keeps the clock honest without a message per frame.
const MARK_EVERY_MS = 300;

// When the echo of the last mark is this late, the clock decides: some carriers lose marks.
const MARK_GRACE_MS = 1_500;

// A carrier this far behind our clock is not late, it has lost its marks.
const MAX_CARRIER_DELAY_MS = 1_000;

// The carrier cannot have played what it has not had for long enough; a frame of tolerance for its own clock.
const EARLY_MARK_MS = 20;

// Of the last few marks, the least delayed tells the carrier's delay: the others waited for something on the way.
const KEPT_DELAYS = 4;

type OpenMark = { readonly span: PlayoutSpan; readonly positionMs: number; readonly dueMs: number };

/** The outbound audio of one call. */
export class Playout {
  readonly #clock: Clock;
  readonly #listener: PlayoutListener;
  #sink: PlayoutSink | undefined;
  /** Items in playing order; heard ones leave at the front. */
  #spans: PlayoutSpan[] = [];
  #marks = new Map<string, OpenMark>();
  /** Marks of an earlier generation come back because of a clear and confirm nothing. */
  #generation = 0;
  #lastMark = 0;
  /** When the carrier will have played everything sent so far. */
  #playEndMs = 0;
  /** By how much the carrier plays later than our clock says, from its last marks. */
  #delaysMs: number[] = [];
  #sinceMarkMs = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(clock: Clock, listener: PlayoutListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** True while there is audio that the callee has not heard. */
  get isPlaying(): boolean {
    const nowMs = this.#heardUntilMs();
    return this.#spans.some((span) => span.generatedMs > 0 && span.heardMs(nowMs) < span.generatedMs);
  }

  /**
   * The stream is there: what was held goes out now. When it takes the place of another one, what that still had is
   * lost: items that were all sent are over, and how far they got is returned.
   */
  connect(sink: PlayoutSink): ClearedSpan[] {
    const nowMs = this.#heardUntilMs();
    for (const span of this.#spans) span.freeze(nowMs);
    const over = this.#spans.filter((span) => span.isSent);
    this.#spans = this.#spans.filter((span) => !span.isSent);
    this.#sink = sink;
    this.#forgetMarks();
    this.#delaysMs = [];
    this.#playEndMs = 0;
    this.#pump();
    return over.map((span) => cleared(span, nowMs));
  }

  /** The stream is gone: nothing more is heard. Returns how far each item got. */
  disconnect(): ClearedSpan[] {
    if (!this.#sink) return [];
    this.#sink = undefined;
    return this.clear();
  }

  /** Adds mu-law audio of an item; items play in the order of their first audio. */
  add(item: ItemRef, audio: Uint8Array): void {
    if (this.#isClosed) return;
    this.#spanOf(item).add(audio);
    this.#pump();
  }

  /** No more audio comes for the item. */
  finish(item: ItemRef): void {
    if (this.#isClosed) return;
    this.#find(item)?.finish();
    this.#pump();
  }

  /** The response is over, however: items that were never finished one by one are finished now. */
  finishResponse(responseId: string): void {
    for (const span of this.#spans) if (span.item.responseId === responseId) span.finish();
    this.#pump();
  }

  /** Drops everything that the callee has not heard, here and at the carrier, and tells how far each item got. */
  clear(): ClearedSpan[] {
    const nowMs = this.#heardUntilMs();
    this.#sink?.clear();
    const spans = this.#spans.map((span) => cleared(span, nowMs));
    this.#spans = [];
    this.#forgetMarks();
    this.#playEndMs = 0;
    this.#timer?.cancel();
    return spans;
  }

  /** The carrier played everything up to this mark; a mark that cannot be true yet is left to the clock. */
  onMark(name: string): void {
    const mark = this.#marks.get(name);
    if (!mark) return;
    this.#marks.delete(name);
    const lateMs = this.#clock.monotonicMs() - mark.dueMs;
    if (lateMs < -EARLY_MARK_MS) return;
    mark.span.confirm(mark.positionMs);
    // The mark's own way back is no delay of the sound.
    const delayMs = lateMs - (this.#sink?.roundTripMs ?? 0) / 2;
    this.#delaysMs = [...this.#delaysMs.slice(1 - KEPT_DELAYS), Math.min(Math.max(delayMs, 0), MAX_CARRIER_DELAY_MS)];
    this.#settle();
  }

  /** Stops for good; returns how far each item got. */
  close(): ClearedSpan[] {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    const spans = this.#sink ? this.clear() : [];
    this.#sink = undefined;
    this.#spans = [];
    return spans;
  }

  #pump(): void {
    const sink = this.#sink;
    if (!sink) return;
    this.#settle();
    const nowMs = this.#clock.monotonicMs();
    while (this.#playEndMs - nowMs < LEAD_MS && this.#sendNext(sink, nowMs));
    // The end of an item may become known only after all of its audio has gone out.
    for (const span of this.#spans) if (span.isSent && span.markedMs < span.sentMs) this.#mark(sink, span);
    this.#wakeUp(nowMs);
  }

  /** Sends the next chunk; returns whether there was one. */
  #sendNext(sink: PlayoutSink, nowMs: number): boolean {
    const span = this.#spans.find((candidate) => !candidate.isSent);
    const isFirst = span?.sentMs === 0;
    const audio = span?.take(MAX_CHUNK_BYTES);
    if (!span || !audio) return false;
    sink.sendAudio(audio);
    this.#schedule(span, audio.length / BYTES_PER_MS, nowMs);
    if (isFirst || this.#sinceMarkMs >= MARK_EVERY_MS) this.#mark(sink, span);
    if (isFirst) this.#listener.onStarted(span.item);
    return true;
  }

  #schedule(span: PlayoutSpan, durationMs: number, nowMs: number): void {
    const startMs = Math.max(nowMs, this.#playEndMs);
    span.schedule(startMs, durationMs);
    this.#playEndMs = startMs + durationMs;
    this.#sinceMarkMs += durationMs;
  }

  #mark(sink: PlayoutSink, span: PlayoutSpan): void {
    this.#lastMark += 1;
    this.#sinceMarkMs = 0;
    span.markedMs = span.sentMs;
    const name = `${this.#generation}.${this.#lastMark}`;
    this.#marks.set(name, { span, positionMs: span.sentMs, dueMs: this.#playEndMs });
    sink.sendMark(name);
  }

  /** Items that were heard to their end leave. Their marks say so, or the clock, when a mark is long overdue. */
  #settle(): void {
    const graceMs = this.#clock.monotonicMs() - MARK_GRACE_MS;
    for (let head = this.#spans[0]; head?.isSent; head = this.#spans[0]) {
      if (!head.isConfirmed && head.heardMs(graceMs) < head.sentMs) return;
      this.#spans.shift();
      for (const [name, { span }] of this.#marks) if (span === head) this.#marks.delete(name);
      this.#listener.onHeard(head.item, head.sentMs);
    }
  }

  /** The next moment at which there is something to do: room in the lead, or a mark that does not come. */
  #wakeUp(nowMs: number): void {
    this.#timer?.cancel();
    if (this.#isClosed || this.#spans.length === 0) return;
    const isLeadFull = this.#playEndMs - nowMs >= LEAD_MS;
    const dueMs = isLeadFull ? this.#playEndMs - LEAD_MS : this.#playEndMs + MARK_GRACE_MS;
    // Nothing was sent lately and nothing waits: the next audio wakes us.
    if (!isLeadFull && dueMs <= nowMs) return;
    this.#timer = this.#clock.after(dueMs - nowMs, () => this.#pump());
  }

  /** The moment, on our clock, up to which the carrier has played. */
  #heardUntilMs(): number {
    const delayMs = this.#delaysMs.length > 0 ? Math.min(...this.#delaysMs) : (this.#sink?.roundTripMs ?? 0) / 2;
    return this.#clock.monotonicMs() - delayMs;
  }

  #forgetMarks(): void {
    this.#generation += 1;
    this.#marks.clear();
    this.#sinceMarkMs = 0;
  }

  #spanOf(item: ItemRef): PlayoutSpan {
    const known = this.#find(item);
    if (known) return known;
    // Audio comes in playing order: a new item means that the ones before it are complete.
    for (const earlier of this.#spans) earlier.finish();
    const span = new PlayoutSpan(item);
    this.#spans.push(span);
    return span;
  }

  #find({ itemId, contentIndex }: ItemRef): PlayoutSpan | undefined {
    return this.#spans.find((span) => span.item.itemId === itemId && span.item.contentIndex === contentIndex);
  }
}

function cleared(span: PlayoutSpan, nowMs: number): ClearedSpan {
  const { item, sentMs, generatedMs, isFinished } = span;
  return { item, heardMs: span.heardMs(nowMs), sentMs, generatedMs, isFinished };
}
