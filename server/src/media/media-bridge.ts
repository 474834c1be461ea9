// Joins one carrier stream and one realtime session into a conversation: audio both ways, barge-in, and what was said.
// It decides nothing about the call: it reports, and the call ends it.

import type {
  AssistantText,
  CarrierStream,
  CarrierStreamStats,
  Conversation,
  ConversationEvent,
  ItemRef,
  RealtimeListener,
  RealtimeSession,
  ResponseOutcome,
  Turn,
} from '../calls/conversation-ports';
import type { CallUsage } from '../calls/call';
import { type EndCall, endCall } from '../calls/end-call';
import type { Clock } from '../calls/ports';
import type { AudioFormat } from '../audio/audio-format';
import { AudioConverter } from '../audio/converter';
import { type Correction, planCorrections } from './barge-in';
import { CalleeAudio } from './callee-audio';
import type { MediaClock } from './media-clock';
import { Playout, type PlayoutPace } from './playout';
import { carrierFormat } from './stream-format';
import { TurnLog } from './turn-log';

/** What a bridge works with. */
export type MediaBridgeDeps = {
  readonly session: RealtimeSession;
  readonly aiFormat: AudioFormat;
  /** What the carrier takes; what it sends is announced by each stream. */
  readonly outboundFormat: AudioFormat;
  readonly playout: PlayoutPace;
  readonly greeting: string | undefined;
  readonly clock: Clock;
  readonly mediaClock: MediaClock;
  readonly report: (event: ConversationEvent) => void;
};

/** The conversation of one call. */
export class MediaBridge implements Conversation, RealtimeListener {
  readonly #deps: MediaBridgeDeps;
  readonly #playout: Playout;
  readonly #outbound: AudioConverter;
  readonly #callee: CalleeAudio;
  readonly #turns = new TurnLog();
  #stream: CarrierStream | undefined;
  /** Of all streams that the call has left. */
  #streamStats: CarrierStreamStats | undefined;
  #isClosed = false;
  #streamStartedAtMs = 0;
  #speechStoppedAtMs: number | undefined;
  #hasSpoken = false;
  /** The item whose end the converter still holds. */
  #convertedItem: ItemRef | undefined;
  #activeResponseId: string | undefined;
  /** Responses that were cut off, with the items already dealt with: what still arrives of them is dropped. */
  readonly #discarded = new Map<string, Set<string>>();
  /** Items nobody heard, to be deleted when their response is done. */
  readonly #unheard = new Map<string, string[]>();

  constructor(deps: MediaBridgeDeps) {
    this.#deps = deps;
    const { session, aiFormat, outboundFormat, mediaClock } = deps;
    this.#outbound = new AudioConverter(aiFormat, outboundFormat);
    this.#callee = new CalleeAudio({
      session,
      aiFormat,
      clock: mediaClock,
      onDead: (silentMs) => this.onFailed(endCall('no-caller-media', { silentMs })),
    });
    this.#playout = new Playout(
      { clock: mediaClock, format: outboundFormat, ...deps.playout },
      {
        onStarted: (item) => this.#onSpeaking(item),
        onHeard: (item, audioMs) => this.#reportTurn(this.#turns.onHeard(item, audioMs)),
      },
    );
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get isStreaming(): boolean {
    return this.#stream !== undefined && !this.#stream.closed;
  }

  open(): void {
    this.#deps.session.open(this);
  }

  attach(stream: CarrierStream): void {
    if (this.#isClosed) return stream.close();
    const format = carrierFormat(stream);
    if (!format) {
      const { encoding, sampleRateHz, channels } = stream;
      stream.close();
      return this.onFailed(endCall('unsupported-encoding', { encoding, sampleRateHz, channels }));
    }
    this.#leaveStream();
    this.#stream = stream;
    this.#streamStartedAtMs = this.#deps.clock.monotonicMs();
    this.#callee.connect(format);
    const { streamId, encoding, sampleRateHz } = stream;
    this.#report({ type: 'stream.started', streamId, encoding, sampleRateHz });
    // Whoever hears of the stream may end the call.
    if (this.#isClosed) return;
    for (const correction of planCorrections(this.#playout.connect(stream))) this.#correct(correction);
    stream.listen({
      onAudio: (frame) => stream === this.#stream && this.#callee.onFrame(frame),
      onMissing: (frames) => stream === this.#stream && this.#callee.onMissing(frames),
      onMark: (name) => stream === this.#stream && this.#playout.onMark(name),
      onStopped: () => this.#onStreamGone(stream, { type: 'stream.stopped' }),
      onLost: (closeCode) => this.#onStreamGone(stream, { type: 'stream.lost', closeCode }),
    });
  }

  interrupt(): boolean {
    const wasGenerating = this.#deps.session.cancelResponse();
    return this.#cutOff('api') || wasGenerating;
  }

  close(): void {
    if (this.#isClosed) return;
    for (const correction of planCorrections(this.#playout.close()))
      this.#reportTurn(this.#turns.onCorrected(correction));
    for (const turn of this.#turns.close()) this.#reportTurn(turn);
    this.#callee.disconnect();
    this.#leaveStream();
    if (this.#streamStats)
      this.#report({ type: 'media.measured', ...this.#streamStats, ...this.#callee.stats, ...this.#playout.stats });
    this.#isClosed = true;
    this.#deps.session.close();
  }

  onReady(facts: { readonly sessionId: string; readonly connectMs: number }): void {
    this.#report({ type: 'ai.ready', ...facts });
    this.#deps.session.requestOpening({ greeting: this.#deps.greeting });
    this.#callee.release();
  }

  onResponseStarted({ responseId, isUnwanted }: { readonly responseId: string; readonly isUnwanted: boolean }): void {
    this.#activeResponseId = responseId;
    if (isUnwanted) this.#discarded.set(responseId, new Set());
  }

  onAudio(item: ItemRef, audio: Buffer): void {
    const handled = this.#discarded.get(item.responseId);
    if (handled) return this.#dropLate(item, handled);
    if (!isSamePart(item, this.#convertedItem)) this.#finishConverted();
    this.#convertedItem = item;
    this.#playout.add(item, this.#outbound.convert(audio));
  }

  onAudioDone(item: ItemRef): void {
    if (isSamePart(item, this.#convertedItem)) this.#finishConverted();
    this.#playout.finish(item);
  }

  onAssistantText(item: ItemRef, text: AssistantText): void {
    if (!this.#discarded.has(item.responseId)) this.#reportTurn(this.#turns.onAssistantText(item, text));
  }

  onCalleeText(itemId: string, text: string, usage: CallUsage): void {
    this.#report({ type: 'usage.added', usage });
    this.#reportTurn(this.#turns.onCalleeText(itemId, text, this.#deps.clock.nowMs()));
  }

  onSpeechStarted(itemId: string): void {
    this.#turns.onCalleeStarted(itemId, this.#deps.clock.nowMs());
    this.#cutOff('callee');
  }

  onSpeechStopped(): void {
    this.#speechStoppedAtMs = this.#deps.clock.monotonicMs();
  }

  onResponseDone({ responseId, usage }: ResponseOutcome): void {
    if (this.#activeResponseId === responseId) this.#activeResponseId = undefined;
    this.#discarded.delete(responseId);
    for (const itemId of this.#unheard.get(responseId) ?? []) this.#deps.session.deleteItem(itemId);
    this.#unheard.delete(responseId);
    if (this.#convertedItem?.responseId === responseId) this.#finishConverted();
    this.#playout.finishResponse(responseId);
    for (const turn of this.#turns.onResponseDone(responseId)) this.#reportTurn(turn);
    this.#report({ type: 'usage.added', usage });
  }

  onFailed(verdict: EndCall): void {
    this.#report({ type: 'conversation.failed', verdict });
  }

  /** Closes the stream that there is, and remembers how well it went. */
  #leaveStream(): void {
    if (!this.#stream) return;
    this.#stream.close();
    this.#streamStats = addStats(this.#streamStats, this.#stream.stats);
  }

  /** The one path of every interruption; returns whether there was anything to cut off. Sound goes first. */
  #cutOff(by: 'callee' | 'api'): boolean {
    const wasPlaying = this.#playout.isPlaying;
    if (!wasPlaying && this.#activeResponseId === undefined) return false;
    const corrections = planCorrections(this.#playout.clear());
    this.#discardActive(corrections);
    for (const correction of corrections) this.#correct(correction);
    if (!wasPlaying) return true;
    const heardMs = corrections.reduce((sum, { span }) => sum + Math.floor(span.heardMs), 0);
    this.#report({ type: 'assistant.interrupted', by, heardMs });
    return true;
  }

  /** What is still to come of the response is dropped. A second cut must not forget what the first one dealt with. */
  #discardActive(corrections: readonly Correction[]): void {
    this.#outbound.reset();
    this.#convertedItem = undefined;
    if (this.#activeResponseId === undefined) return;
    const handled = this.#discarded.get(this.#activeResponseId) ?? new Set();
    for (const { item } of corrections) handled.add(item.itemId);
    this.#discarded.set(this.#activeResponseId, handled);
  }

  /** The line is gone: from here on nothing is heard, however long the call takes to end. */
  #onStreamGone(stream: CarrierStream, event: ConversationEvent): void {
    if (this.#isClosed || stream !== this.#stream) return;
    this.#callee.disconnect();
    const corrections = planCorrections(this.#playout.disconnect());
    this.#deps.session.cancelResponse();
    this.#discardActive(corrections);
    for (const correction of corrections) this.#correct(correction);
    this.#report(event);
  }

  /** The end of an item is in the converter until it is pushed out. */
  #finishConverted(): void {
    if (this.#convertedItem) this.#playout.add(this.#convertedItem, this.#outbound.finish());
    this.#convertedItem = undefined;
  }

  #correct(correction: Correction): void {
    const { kind, item } = correction;
    if (kind === 'truncate') this.#deps.session.truncate(item, correction.heardMs);
    if (kind === 'delete') this.#deleteUnheard(item);
    this.#reportTurn(this.#turns.onCorrected(correction));
  }

  /** An item that began after the cut was never heard: the model must not believe that it said it. */
  #dropLate(item: ItemRef, handled: Set<string>): void {
    if (handled.has(item.itemId)) return;
    handled.add(item.itemId);
    this.#deleteUnheard(item);
  }

  /** An item that is still being made cannot be deleted yet. */
  #deleteUnheard({ responseId, itemId }: ItemRef): void {
    if (responseId !== this.#activeResponseId) return this.#deps.session.deleteItem(itemId);
    this.#unheard.set(responseId, [...(this.#unheard.get(responseId) ?? []), itemId]);
  }

  #reportTurn(turn: Turn | undefined): void {
    if (turn) this.#report({ type: 'turn.finished', turn });
  }

  /** The first audio of an item went to the carrier. */
  #onSpeaking(item: ItemRef): void {
    this.#turns.onStarted(item, this.#deps.clock.nowMs());
    const nowMs = this.#deps.clock.monotonicMs();
    const afterStreamMs = Math.round(nowMs - this.#streamStartedAtMs);
    if (!this.#hasSpoken) this.#report({ type: 'greeting.started', afterStreamMs });
    this.#hasSpoken = true;
    if (this.#speechStoppedAtMs === undefined) return;
    this.#report({ type: 'reply.started', latencyMs: Math.round(nowMs - this.#speechStoppedAtMs) });
    this.#speechStoppedAtMs = undefined;
  }

  #report(event: ConversationEvent): void {
    if (!this.#isClosed) this.#deps.report(event);
  }
}

function addStats(sum: CarrierStreamStats | undefined, stats: CarrierStreamStats): CarrierStreamStats {
  if (!sum) return stats;
  return {
    reordered: sum.reordered + stats.reordered,
    duplicates: sum.duplicates + stats.duplicates,
    missing: sum.missing + stats.missing,
    unreadable: sum.unreadable + stats.unreadable,
    peakBacklogBytes: Math.max(sum.peakBacklogBytes, stats.peakBacklogBytes),
  };
}

function isSamePart(item: ItemRef, other: ItemRef | undefined): boolean {
  return item.itemId === other?.itemId && item.contentIndex === other.contentIndex;
}
