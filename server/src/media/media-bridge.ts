// Joins one carrier stream and one realtime session into a conversation: audio both ways, barge-in, and what was said.
// It decides nothing about the call: it reports, and the call ends it.

import type {
  AssistantText,
  CarrierStream,
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
import type { Clock, Timer } from '../calls/ports';
import { type AiAudioFormat, createInboundAudio, createOutboundAudio, type InboundAudio } from './audio-paths';
import { type Correction, planCorrections } from './barge-in';
import { HeldAudio } from './held-audio';
import { Playout } from './playout';
import { TurnLog } from './turn-log';

// The carrier sends a frame every 20 ms, silence included: this long without one, and the line is dead.
const CALLEE_MEDIA_LIMIT_MS = 10_000;
const CALLEE_MEDIA_CHECK_MS = 1_000;

/** What a bridge works with. */
export type MediaBridgeDeps = {
  readonly session: RealtimeSession;
  readonly aiFormat: AiAudioFormat;
  readonly greeting: string | undefined;
  readonly clock: Clock;
  readonly report: (event: ConversationEvent) => void;
};

/** The conversation of one call. */
export class MediaBridge implements Conversation, RealtimeListener {
  readonly #deps: MediaBridgeDeps;
  readonly #playout: Playout;
  readonly #outbound;
  readonly #turns = new TurnLog();
  readonly #held = new HeldAudio();
  #stream: CarrierStream | undefined;
  #inbound: InboundAudio | undefined;
  #isReady = false;
  #isClosed = false;
  #streamStartedAtMs = 0;
  #lastFrameAtMs = 0;
  #speechStoppedAtMs: number | undefined;
  #hasSpoken = false;
  /** The item whose end the converter still holds. */
  #convertedItem: ItemRef | undefined;
  #activeResponseId: string | undefined;
  /** Responses that were cut off, with the items already dealt with: what still arrives of them is dropped. */
  readonly #discarded = new Map<string, Set<string>>();
  /** Items nobody heard, to be deleted when their response is done. */
  readonly #unheard = new Map<string, string[]>();
  #mediaWatch: Timer | undefined;

  constructor(deps: MediaBridgeDeps) {
    this.#deps = deps;
    this.#outbound = createOutboundAudio(deps.aiFormat);
    this.#playout = new Playout(deps.clock, {
      onStarted: (item) => this.#onSpeaking(item),
      onHeard: (item, audioMs) => this.#reportTurn(this.#turns.onHeard(item, audioMs)),
    });
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
    const inbound = createInboundAudio(stream, this.#deps.aiFormat);
    if (!inbound) {
      const { encoding, sampleRateHz } = stream;
      stream.close();
      return this.onFailed(endCall('unsupported-encoding', { encoding, sampleRateHz }));
    }
    this.#stream?.close();
    this.#stream = stream;
    this.#inbound = inbound;
    this.#streamStartedAtMs = this.#deps.clock.monotonicMs();
    this.#lastFrameAtMs = this.#streamStartedAtMs;
    this.#report({ type: 'stream.started', streamId: stream.streamId, encoding: stream.encoding });
    // Whoever hears of the stream may end the call.
    if (this.#isClosed) return;
    for (const correction of planCorrections(this.#playout.connect(stream))) this.#correct(correction);
    stream.listen({
      onAudio: (frame) => this.#onCalleeAudio(stream, frame),
      onMark: (name) => stream === this.#stream && this.#playout.onMark(name),
      onStopped: () => this.#onStreamGone(stream, { type: 'stream.stopped' }),
      onLost: (closeCode) => this.#onStreamGone(stream, { type: 'stream.lost', closeCode }),
    });
    this.#watchMedia();
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
    this.#isClosed = true;
    this.#mediaWatch?.cancel();
    this.#deps.session.close();
    this.#stream?.close();
  }

  onReady(facts: { readonly sessionId: string; readonly connectMs: number }): void {
    this.#isReady = true;
    this.#report({ type: 'ai.ready', ...facts });
    this.#deps.session.requestOpening({ greeting: this.#deps.greeting });
    this.#forwardHeld();
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

  #onCalleeAudio(stream: CarrierStream, frame: Buffer): void {
    if (stream !== this.#stream || !this.#inbound) return;
    this.#lastFrameAtMs = this.#deps.clock.monotonicMs();
    this.#held.add(this.#inbound(frame));
    this.#forwardHeld();
  }

  #forwardHeld(): void {
    const { session } = this.#deps;
    if (!this.#isReady || session.isCongested) return;
    for (const audio of this.#held.release()) session.appendAudio(audio);
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

  #watchMedia(): void {
    this.#mediaWatch?.cancel();
    this.#mediaWatch = this.#deps.clock.after(CALLEE_MEDIA_CHECK_MS, () => {
      const silentMs = this.#deps.clock.monotonicMs() - this.#lastFrameAtMs;
      if (silentMs < CALLEE_MEDIA_LIMIT_MS) return this.#watchMedia();
      this.onFailed(endCall('no-caller-media', { silentMs: Math.round(silentMs) }));
    });
  }

  #report(event: ConversationEvent): void {
    if (!this.#isClosed) this.#deps.report(event);
  }
}

function isSamePart(item: ItemRef, other: ItemRef | undefined): boolean {
  return item.itemId === other?.itemId && item.contentIndex === other.contentIndex;
}
