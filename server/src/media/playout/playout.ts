// What the callee hears: queues the AI's audio item by item, paces it to the carrier against an absolute clock, and
// knows how much of each item was heard. Bursts wait here and not at the carrier, so that a barge-in is exact.

import type { AudioFormat } from '../../audio/audio-format';
import type { ItemRef } from '../../calls/conversation-ports';
import type { AudioTap } from '../audio-tap';
import type { MediaClock, Sleeper } from '../media-clock';
import { PlayoutGaps } from './playout-gaps';
import { PlayoutMarks } from './playout-marks';
import { type Framing, framingOf } from './playout-queue';
import { type ClearedSpan, PlayoutSpan } from './playout-span';
import { FRAME_MS } from '../stream/stream-format';

/** The carrier's side of the playout. */
export interface PlayoutSink {
  /** Whole frames, in memory that is valid during the call only. */
  sendAudio(audio: Buffer): void;
  sendMark(name: string): void;
  clear(): void;
  /** Network round trip to the carrier, milliseconds. */
  readonly roundTripMs: number;
}

/** What the playout reports. */
export interface PlayoutListener {
  /** The first audio of an item went out; the carrier will play it at `startsPlayingAtMs` on our clock. */
  onStarted(item: ItemRef, startsPlayingAtMs: number): void;
  /** The callee heard an item to its end. */
  onHeard(item: ItemRef, heardMs: number): void;
}

/** The pace of a playout. */
export type PlayoutPace = {
  /** How far ahead of the callee's ear the carrier's buffer is kept. */
  readonly leadMs: number;
  /** The longest message; audio that comes in real time is never held back for it. */
  readonly chunkMs: number;
};

/** What a playout works with. */
export type PlayoutOptions = PlayoutPace & {
  readonly clock: MediaClock;
  /** What the carrier plays, and what is added. */
  readonly format: AudioFormat;
  /** Who listens in. */
  readonly tap?: AudioTap | undefined;
};

/** Gaps in the middle of items, counted since the call began. */
export type PlayoutStats = {
  readonly underruns: number;
  /** How long the carrier had nothing to play, all of them together. */
  readonly underrunMs: number;
};

/**
 * A lead that is enough for network jitter (Telnyx streams ran dry without one and ran smoothly at 600 ms) and little
 * enough to be forgotten at once on a barge-in; messages as long as the carrier takes them without delay.
 */
export const DEFAULT_PLAYOUT: PlayoutPace = { leadMs: 400, chunkMs: 100 };

// The lead has room a moment after it was full to the brim.
const ROOM_AFTER_MS = 1;

// A mark this often keeps the clock honest without a message per frame.
const MARK_EVERY_MS = 300;

// When the echo of the last mark is this late, the clock decides: some carriers lose marks.
const MARK_GRACE_MS = 1_500;

/** The outbound audio of one call. */
export class Playout {
  readonly #clock: MediaClock;
  readonly #leadMs: number;
  readonly #framing: Framing;
  readonly #listener: PlayoutListener;
  readonly #tap: AudioTap | undefined;
  readonly #sleeper: Sleeper;
  #sink: PlayoutSink | undefined;
  /** Items in playing order; heard ones leave at the front. */
  #spans: PlayoutSpan[] = [];
  /** So many of them, from the front, have gone out whole and wait to be heard. */
  #sentSpans = 0;
  readonly #marks = new PlayoutMarks();
  /** When the carrier will have played everything sent so far. */
  #playEndMs = 0;
  #sinceMarkMs = 0;
  readonly #gaps = new PlayoutGaps();
  #isClosed = false;

  constructor({ clock, format, leadMs, chunkMs, tap }: PlayoutOptions, listener: PlayoutListener) {
    this.#clock = clock;
    this.#leadMs = leadMs;
    this.#framing = framingOf(format, chunkMs);
    this.#listener = listener;
    this.#tap = tap;
    this.#sleeper = clock.sleeper((nowMs) => this.#pump(nowMs));
  }

  /** True while there is audio that the callee has not heard. */
  get isPlaying(): boolean {
    const untilMs = this.#heardUntilMs();
    return this.#spans.some((span) => span.heardMs(untilMs) < span.generatedMs);
  }

  /** How often the playout ran dry in the middle of an item. */
  get stats(): PlayoutStats {
    return this.#gaps.stats;
  }

  /**
   * The stream is there: what was held goes out now. When it takes the place of another one, what that still had is
   * lost: items that were all sent are over, and how far they got is returned.
   */
  connect(sink: PlayoutSink): ClearedSpan[] {
    const untilMs = this.#heardUntilMs();
    for (const span of this.#spans) span.freeze(untilMs);
    const over = this.#spans.filter((span) => span.isSent);
    this.#forget(this.#spans.filter((span) => !span.isSent));
    this.#tap?.onAiCleared(untilMs + this.#playDelayMs);
    this.#sink = sink;
    this.#marks.reset();
    this.#pump();
    return over.map((span) => span.outcome(untilMs));
  }

  /** The stream is gone: nothing more is heard. Returns how far each item got. */
  disconnect(): ClearedSpan[] {
    if (!this.#sink) return [];
    const spans = this.#drop();
    this.#sink = undefined;
    return spans;
  }

  /**
   * Adds audio of an item; items play in the order of their first audio. The memory is the caller's again when this
   * returns: what can go out goes out from there, and only what has to wait is copied.
   */
  add(item: ItemRef, audio: Buffer): void {
    if (this.#isClosed || audio.length === 0) return;
    const span = this.#spanOf(item);
    span.lend(audio);
    this.#pump();
    span.keep();
  }

  /** No more audio comes for the item. */
  finish(item: ItemRef): void {
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
    this.#sink?.clear();
    return this.#drop(this.#heardUntilMs() + this.#clearDelayMs);
  }

  /** Drops what waits of a response that the callee does not hear yet, without a word to the carrier; undefined else. */
  dropUnstarted(responseId: string): ClearedSpan[] | undefined {
    const dropped = this.#spans.filter(({ item }) => item.responseId === responseId);
    if (dropped.some(({ hasStarted }) => hasStarted)) return undefined;
    this.#spans = this.#spans.filter((span) => !dropped.includes(span));
    return dropped.map((span) => span.outcome(this.#heardUntilMs()));
  }

  /** The carrier played everything up to this mark. */
  onMark(name: string): void {
    this.#marks.onMark(name, this.#clock.nowMs, this.#sink?.roundTripMs ?? 0);
    this.#pump();
  }

  /** Stops for good; returns how far each item got. */
  close(): ClearedSpan[] {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    this.#sink?.clear();
    const spans = this.disconnect();
    this.#forget([]);
    return spans;
  }

  /** Sends what has room, and goes to sleep until there is something to do again. */
  #pump(nowMs = this.#clock.nowMs): void {
    for (let span = this.#nextSpan(); span && this.#playEndMs - nowMs < this.#leadMs; span = this.#nextSpan()) {
      const audio = span.take();
      if (!audio) break;
      this.#send(span, audio, nowMs);
    }
    this.#settle(nowMs);
    this.#sleep();
  }

  /** The item to send from. Those before it went out whole; the end of each gets a mark, however late it was known. */
  #nextSpan(): PlayoutSpan | undefined {
    if (!this.#sink) return undefined;
    let span = this.#spans[this.#sentSpans];
    while (span?.isSent) {
      this.#sentSpans += 1;
      if (span.markedMs < span.sentMs) this.#mark(span);
      span = this.#spans[this.#sentSpans];
    }
    return span;
  }

  #send(span: PlayoutSpan, audio: Buffer, nowMs: number): void {
    this.#sink?.sendAudio(audio);
    const isFirst = !span.hasStarted;
    if (!isFirst) this.#gaps.note(nowMs - this.#playEndMs);
    const startMs = Math.max(nowMs, this.#playEndMs);
    const durationMs = audio.length / this.#framing.bytesPerMs;
    span.schedule(startMs, durationMs);
    this.#tap?.onAi(audio, startMs + this.#playDelayMs);
    this.#playEndMs = startMs + durationMs;
    this.#sinceMarkMs += durationMs;
    if (isFirst || this.#sinceMarkMs >= MARK_EVERY_MS) this.#mark(span);
    if (isFirst) this.#listener.onStarted(span.item, startMs);
  }

  #mark(span: PlayoutSpan): void {
    this.#sinceMarkMs = 0;
    this.#sink?.sendMark(this.#marks.open(span, this.#playEndMs));
  }

  /** Items that were heard to their end leave. Their marks say so, or the clock, when a mark is long overdue. */
  #settle(nowMs: number): void {
    for (let head = this.#spans[0]; head && this.#sentSpans > 0; head = this.#spans[0]) {
      if (!head.isConfirmed && head.endMs > nowMs - MARK_GRACE_MS) return;
      this.#spans.shift();
      this.#sentSpans -= 1;
      this.#marks.forget(head);
      this.#listener.onHeard(head.item, head.sentMs);
    }
  }

  /** Until the lead has room for what waits, or a mark is overdue; audio that comes in real time needs no waking. */
  #sleep(): void {
    if (this.#sink && this.#spans[this.#sentSpans]?.isReady) {
      this.#sleeper.wakeAt(this.#playEndMs - this.#leadMs + ROOM_AFTER_MS);
    } else if (this.#sentSpans > 0) this.#sleeper.wakeAt(this.#playEndMs + MARK_GRACE_MS);
    else this.#sleeper.cancel();
  }

  /** Forgets all items; returns how far each got. Needs the stream, which knows its round trip. */
  #drop(untilMs = this.#heardUntilMs()): ClearedSpan[] {
    this.#tap?.onAiCleared(untilMs + this.#playDelayMs);
    const spans = this.#spans.map((span) => span.outcome(untilMs));
    this.#forget([]);
    return spans;
  }

  /** Nothing is at the carrier any more: goes on with the items that remain. */
  #forget(remaining: PlayoutSpan[]): void {
    this.#spans = remaining;
    this.#sentSpans = 0;
    this.#marks.clear();
    this.#sinceMarkMs = 0;
    this.#playEndMs = this.#clock.nowMs;
    this.#sleeper.cancel();
  }

  /** The moment, on our clock, up to which the carrier has played. */
  #heardUntilMs(): number {
    return this.#clock.nowMs - this.#playDelayMs;
  }

  /** How much later than scheduled the carrier plays; before the first mark, the way there stands in for it. */
  get #playDelayMs(): number {
    return this.#marks.delayMs ?? (this.#sink?.roundTripMs ?? 0) / 2;
  }

  /** The carrier plays on until the clear has arrived, and then to the end of its frame: half of one on average. */
  get #clearDelayMs(): number {
    return this.#sink ? this.#sink.roundTripMs / 2 + FRAME_MS / 2 : 0;
  }

  #spanOf(item: ItemRef): PlayoutSpan {
    // The newest first: it is nearly always the one.
    const newest = this.#spans.at(-1);
    const known = newest?.isOf(item) ? newest : this.#find(item);
    if (known) return known;
    // Audio comes in playing order: a new item means that the ones before it are complete.
    for (const earlier of this.#spans) earlier.finish();
    const span = new PlayoutSpan(item, this.#framing);
    this.#spans.push(span);
    return span;
  }

  #find(item: ItemRef): PlayoutSpan | undefined {
    return this.#spans.find((span) => span.isOf(item));
  }
}
