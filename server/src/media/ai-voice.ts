// The AI's voice on its way to the callee: converted, paced, and followed to the ear, so that everybody who needs to
// know (the model, the record, whoever asked for a speech) learns what was heard of it and what was not.

import type {
  AssistantText,
  CarrierStream,
  ItemRef,
  RealtimeSession,
  ResponseOutcome,
  StartedResponse,
} from '../calls/conversation-ports';
import type { ConversationEvent, Turn } from '../calls/conversation-events';
import { NO_SPENDING } from '../calls/cost';
import type { Clock } from '../calls/ports';
import type { AudioFormat } from '../audio/audio-format';
import { AudioConverter } from '../audio/converter';
import type { AudioTap } from './audio-tap';
import { type Correction, planCorrections } from './barge-in';
import { type BrokenSpeech, requestAfterLoss } from './broken-speech';
import { Corrector } from './corrector';
import type { MediaClock } from './media-clock';
import { Playout, type PlayoutPace, type PlayoutStats } from './playout/playout';
import type { ClearedSpan } from './playout/playout-span';
import type { ReplyStopwatch } from './reply-latency';
import { Speeches } from './speeches';
import type { TurnLog } from './turn-log';

/** What the AI's voice works with. */
export type AiVoiceDeps = {
  readonly session: Pick<RealtimeSession, 'truncate' | 'deleteItem'>;
  readonly aiFormat: AudioFormat;
  readonly outboundFormat: AudioFormat;
  readonly playout: PlayoutPace;
  readonly clock: Clock;
  readonly mediaClock: MediaClock;
  readonly turnLog: TurnLog;
  readonly tap?: AudioTap | undefined;
  readonly stopwatch: ReplyStopwatch;
  readonly report: (event: ConversationEvent) => void;
  /** The callee begins to hear the AI, after silence. */
  readonly onStarted: () => void;
  /** The AI has nothing more to be heard, and nothing in the making. */
  readonly onQuiet: () => void;
};

/** The outbound half of a bridge. */
export class AiVoice {
  readonly speeches = new Speeches();
  readonly #deps: AiVoiceDeps;
  readonly #playout: Playout;
  readonly #converter: AudioConverter;
  readonly #corrector: Corrector;
  #stream: CarrierStream | undefined;
  #streamStartedAtMs = 0;
  #hasSpoken = false;
  /** What was told last: that the callee hears the AI, and that the AI is done. */
  #isHeard = false;
  #isDone = true;
  /** The item whose end the converter still holds. */
  #convertedItem: ItemRef | undefined;
  /** Words of the response that is being made, by item. */
  readonly #words = new Map<string, string>();

  constructor(deps: AiVoiceDeps) {
    this.#deps = deps;
    this.#corrector = new Corrector(deps.session);
    this.#converter = new AudioConverter(deps.aiFormat, deps.outboundFormat);
    this.#playout = new Playout(
      { clock: deps.mediaClock, format: deps.outboundFormat, tap: deps.tap, ...deps.playout },
      {
        onStarted: (item, startsPlayingAtMs) => this.#onSpeaking(item, startsPlayingAtMs),
        onHeard: (item, audioMs) => this.#onHeard(item, audioMs),
      },
    );
  }

  get stats(): PlayoutStats {
    return this.#playout.stats;
  }

  /** True while the model makes a response, or the callee has not heard all of what it made. */
  get isActive(): boolean {
    return this.#playout.isPlaying || this.#corrector.isResponding;
  }

  /** True while there is audio that the callee has not heard. */
  get isPlaying(): boolean {
    return this.#playout.isPlaying;
  }

  /** The stream is there: what was held goes out now. */
  connect(stream: CarrierStream): void {
    this.#stream = stream;
    this.#streamStartedAtMs = this.#deps.clock.monotonicMs();
    const over = this.#playout.connect(stream);
    this.#correct(over);
    for (const { item } of over) this.speeches.onItemCut(item);
    this.#noteQuiet();
  }

  /** The line is gone: nothing more is heard. */
  disconnect(): void {
    this.#drop(this.#playout.disconnect());
    this.#noteQuiet();
  }

  /** The carrier has played everything up to this mark. */
  onMark(name: string): void {
    this.#playout.onMark(name);
  }

  onResponseStarted(started: StartedResponse): void {
    this.#corrector.onResponseStarted(started.responseId, started.isUnwanted);
    this.speeches.onStarted(started);
    this.#words.clear();
    this.#isDone = false;
  }

  onRequestDropped(requestId: string): void {
    this.speeches.onDropped(requestId);
    this.#noteQuiet();
  }

  onAudio(item: ItemRef, audio: Buffer): void {
    if (this.#corrector.isDiscarded(item.responseId)) return this.#corrector.dropLate(item);
    if (audio.length === 0) return;
    if (this.speeches.isReply(item)) this.#deps.stopwatch.onModelAudio(this.#deps.clock.monotonicMs());
    this.speeches.onAudio(item);
    if (!isSamePart(item, this.#convertedItem)) this.#finishConverted();
    this.#convertedItem = item;
    this.#playout.add(item, this.#converter.convert(audio));
  }

  onAudioDone(item: ItemRef): void {
    if (isSamePart(item, this.#convertedItem)) this.#finishConverted();
    this.#playout.finish(item);
  }

  onText(item: ItemRef, text: AssistantText): void {
    if (this.#corrector.isDiscarded(item.responseId)) return;
    const before = this.#words.get(item.itemId) ?? '';
    this.#words.set(item.itemId, 'whole' in text ? text.whole : before + text.delta);
    this.#reportTurn(this.#deps.turnLog.onAssistantText(item, text));
  }

  onResponseDone(outcome: ResponseOutcome): void {
    const { responseId } = outcome;
    this.#corrector.onResponseDone(responseId);
    if (this.#convertedItem?.responseId === responseId) this.#finishConverted();
    this.#playout.finishResponse(responseId);
    for (const turn of this.#deps.turnLog.onResponseDone(responseId)) this.#reportTurn(turn);
    const isBroken = outcome.status === 'failed' && this.speeches.isUnheard(responseId);
    this.speeches.onDone(outcome);
    if (isBroken) this.#takeBack(responseId);
    this.#noteQuiet();
  }

  /**
   * The session is lost in the middle of a response: what the callee hears of it is heard to its end, and what they do not
   * hear yet is taken back. Tells what is to be asked for in its place.
   */
  onLost(): BrokenSpeech | undefined {
    const responseId = this.#corrector.activeResponseId;
    if (responseId === undefined) return undefined;
    const isBrokenOff = this.#convertedItem?.responseId === responseId;
    const isWanted = !this.#corrector.isDiscarded(responseId);
    const effect = this.speeches.effectOf(responseId);
    const request = this.speeches.requestOf(responseId);
    const said = [...this.#words.values()].join(' ');
    const isVoid = isWanted && !effect.isSounding && !effect.hasTools;
    const isToGoOn = isWanted && effect.isSounding && (isBrokenOff || !effect.hasTools);
    const next = isToGoOn ? requestAfterLoss(request, { said, isBrokenOff }) : undefined;
    // Not before the response counts as failed: what was made of it is taken back then.
    const again = next && this.speeches.goOn(responseId, next);
    const status = isVoid ? 'failed' : isWanted ? 'incomplete' : 'cancelled';
    this.onResponseDone({ responseId, status, spending: NO_SPENDING });
    return { responseId, isVoid, isOwn: request === undefined, again: isVoid ? request : again };
  }

  /** The one path of every interruption; returns whether there was anything to cut off. Sound goes first. */
  cutOff(by: 'callee' | 'api'): boolean {
    const wasPlaying = this.#playout.isPlaying;
    if (!this.isActive) return false;
    const corrections = this.#drop(this.#playout.clear());
    const isInterrupted = wasPlaying && corrections.some(({ kind }) => kind !== 'keep');
    if (isInterrupted)
      this.#deps.report({ type: 'assistant.interrupted', by, heardMs: heardOfInterrupted(corrections) });
    this.#noteQuiet();
    return true;
  }

  /** Stops for good. The model is gone by then: only the record learns what was heard. */
  close(): void {
    for (const correction of planCorrections(this.#playout.close())) this.#record(correction);
    this.speeches.close();
  }

  /** It is asked for again: the fragment must not be said first, and the model not believe that it said it. */
  #takeBack(responseId: string): void {
    const unstarted = this.#playout.dropUnstarted(responseId);
    if (unstarted) this.#correct(unstarted);
    else this.#drop(this.#playout.clear());
  }

  /** Nothing of what is made or played goes any further. */
  #drop(cleared: readonly ClearedSpan[]): readonly Correction[] {
    this.#converter.reset();
    this.#convertedItem = undefined;
    this.#corrector.discardActive(cleared.map(({ item }) => item.itemId));
    const corrections = this.#correct(cleared);
    this.speeches.onCut();
    return corrections;
  }

  #correct(cleared: readonly ClearedSpan[]): readonly Correction[] {
    const corrections = planCorrections(cleared);
    for (const correction of corrections) {
      this.#corrector.correct(correction);
      this.#record(correction);
    }
    return corrections;
  }

  /** Heard to its end is heard, whether or not the carrier's last mark has come back. */
  #record(correction: Correction): void {
    if (correction.kind === 'keep') this.speeches.onHeard(correction.item);
    this.#reportTurn(this.#deps.turnLog.onCorrected(correction));
  }

  /** The end of an item is in the converter until it is pushed out. */
  #finishConverted(): void {
    if (this.#convertedItem) this.#playout.add(this.#convertedItem, this.#converter.finish());
    this.#convertedItem = undefined;
  }

  /** The first audio of an item went to the carrier. */
  #onSpeaking(item: ItemRef, startsPlayingAtMs: number): void {
    const { clock, turnLog, report } = this.#deps;
    const atMs = clock.monotonicMs();
    turnLog.onStarted(item, Math.round(clock.nowMs() + Math.max(0, startsPlayingAtMs - atMs)));
    this.speeches.onSpeaking(item);
    if (!this.#hasSpoken)
      report({ type: 'greeting.started', afterStreamMs: Math.round(atMs - this.#streamStartedAtMs) });
    this.#hasSpoken = true;
    if (this.speeches.isReply(item)) this.#noteReply({ atMs, startsPlayingAtMs });
    if (this.#isHeard) return;
    this.#isHeard = true;
    this.#deps.onStarted();
  }

  #noteReply(moments: { readonly atMs: number; readonly startsPlayingAtMs: number }): void {
    const roundTripMs = this.#stream?.roundTripMs ?? 0;
    const latency = this.#deps.stopwatch.onFrameOut({ ...moments, roundTripMs });
    if (latency) this.#deps.report({ type: 'reply.started', ...latency });
  }

  #onHeard(item: ItemRef, audioMs: number): void {
    this.#reportTurn(this.#deps.turnLog.onHeard(item, audioMs));
    this.speeches.onHeard(item);
    this.#noteQuiet();
  }

  #noteQuiet(): void {
    if (this.#isDone || this.isActive || this.speeches.isBusy) return;
    this.#isDone = true;
    this.#isHeard = false;
    this.#deps.onQuiet();
  }

  #reportTurn(turn: Turn | undefined): void {
    if (turn) this.#deps.report({ type: 'turn.finished', turn });
  }
}

/** How much was heard of what was cut off; items that had come to their end were not. */
function heardOfInterrupted(corrections: readonly Correction[]): number {
  return corrections.reduce((sum, correction) => sum + (correction.kind === 'truncate' ? correction.heardMs : 0), 0);
}

function isSamePart(item: ItemRef, other: ItemRef | undefined): boolean {
  return item.itemId === other?.itemId && item.contentIndex === other.contentIndex;
}
