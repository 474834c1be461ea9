// Joins one carrier stream and one realtime session into a voice line: audio both ways, barge-in, and who said what.
// Decides nothing about the call or the conversation: it reports, and does as it is told.

import type { VoiceLine, VoiceLineListener } from '../calls/agent-ports';
import {
  type AssistantText,
  type CarrierStream,
  type CarrierStreamStats,
  type ConversationEvent,
  type ItemRef,
  type RealtimeListener,
  type RealtimeSession,
  type ResponseOutcome,
  type StartedResponse,
  type StoppedSpeech,
  type Turn,
} from '../calls/conversation-ports';
import type { CallUsage } from '../calls/call';
import { type EndCall, endCall } from '../calls/end-call';
import type { Clock } from '../calls/ports';
import type { SpeechOutcome, SpeechRequest, ToolCall, TurnTaking } from '../calls/speech';
import type { AudioFormat } from '../audio/audio-format';
import { AiVoice } from './ai-voice';
import { CalleeAudio } from './callee-audio';
import type { MediaClock } from './media-clock';
import type { PlayoutPace } from './playout';
import { ReplyStopwatch } from './reply-latency';
import { carrierFormat } from './stream-format';
import { addStats } from './stream-stats';
import { ToolAnswers } from './tool-answers';
import { TurnLog } from './turn-log';
import { TurnTaker } from './turn-taker';

/** What a bridge works with. */
export type MediaBridgeDeps = {
  readonly session: RealtimeSession;
  readonly aiFormat: AudioFormat;
  /** What the carrier takes; what it sends is announced by each stream. */
  readonly outboundFormat: AudioFormat;
  readonly playout: PlayoutPace;
  readonly bargeInHoldMs: number;
  readonly clock: Clock;
  readonly mediaClock: MediaClock;
  readonly listener: VoiceLineListener;
};

/** The voice line of one call. */
export class MediaBridge implements VoiceLine, RealtimeListener {
  readonly #deps: MediaBridgeDeps;
  readonly #callee: CalleeAudio;
  readonly #ai: AiVoice;
  readonly #turns: TurnTaker;
  readonly #turnLog = new TurnLog();
  readonly #stopwatch = new ReplyStopwatch();
  readonly #toolAnswers: ToolAnswers;
  #stream: CarrierStream | undefined;
  /** Of all streams that the call has left. */
  #streamStats: CarrierStreamStats | undefined;
  #isClosed = false;

  constructor(deps: MediaBridgeDeps) {
    this.#deps = deps;
    const { session, aiFormat, mediaClock, listener } = deps;
    this.#turns = new TurnTaker({
      session,
      holdMs: deps.bargeInHoldMs,
      nowMs: () => deps.clock.monotonicMs(),
      onAnswerDue: () => this.#answer(),
    });
    this.#toolAnswers = new ToolAnswers(session);
    this.#callee = new CalleeAudio({
      session,
      aiFormat,
      clock: mediaClock,
      onVoice: this.#turns.hasHold
        ? (frame) => this.#turns.onFrame(frame, this.#ai.isActive) && this.#cutIn()
        : undefined,
      onDead: (silentMs) => this.onFailed(endCall('no-caller-media', { silentMs })),
    });
    this.#ai = new AiVoice({
      ...deps,
      turnLog: this.#turnLog,
      stopwatch: this.#stopwatch,
      report: (event) => this.#report(event),
      onStarted: () => {
        this.#turns.onAiStarted();
        if (!this.#isClosed) listener.onAiStarted();
      },
      onQuiet: () => !this.#isClosed && listener.onAiQuiet(),
    });
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get isStreaming(): boolean {
    return this.#stream?.closed === false;
  }

  get isAiSpeaking(): boolean {
    return this.#ai.isActive || this.#ai.speeches.isBusy;
  }

  get isCalleeSpeaking(): boolean {
    return this.#turns.isCalleeSpeaking;
  }

  open(): void {
    this.#deps.session.open(this);
  }

  attach(stream: CarrierStream): void {
    if (this.#isClosed) return stream.close();
    const format = carrierFormat(stream);
    const { streamId, encoding, sampleRateHz, channels } = stream;
    if (!format) {
      stream.close();
      return this.onFailed(endCall('unsupported-encoding', { encoding, sampleRateHz, channels }));
    }
    this.#leaveStream();
    this.#stream = stream;
    this.#callee.connect(format);
    this.#report({ type: 'stream.started', streamId, encoding, sampleRateHz });
    // Whoever hears of the stream may end the call.
    if (!this.#isClosed) this.#ai.connect(stream);
    if (!this.#isClosed) this.#listenTo(stream);
    if (!this.#isClosed) this.#deps.listener.onStreamStarted();
  }

  speak(request: SpeechRequest): Promise<SpeechOutcome> {
    const { requestId, outcome } = this.#ai.speeches.ask(request);
    if (this.#isClosed) return outcome;
    if (request.isProtected === true) this.#turns.protectUntil(outcome);
    this.#deps.session.requestResponse({ ...request, requestId });
    return outcome;
  }

  whenMade(responseId: string): Promise<void> {
    return this.#ai.speeches.whenMade(responseId);
  }

  whenHeard(responseId: string): Promise<SpeechOutcome> {
    return this.#ai.speeches.whenHeard(responseId);
  }

  interrupt(by: 'callee' | 'api'): boolean {
    if (by === 'callee' && this.#turns.isProtected) return false;
    const wasMaking = this.#deps.session.cancelResponse('all');
    return this.#ai.cutOff(by) || wasMaking;
  }

  takeTurns(by: TurnTaking): void {
    this.#turns.takeTurns(by);
  }

  tell(role: 'system' | 'user', text: string): void {
    this.#deps.session.addMessage(role, text);
  }

  answerTool(toolCallId: string, output: string): Promise<void> {
    return this.#isClosed ? Promise.resolve() : this.#toolAnswers.give(toolCallId, output);
  }

  setInstructions(instructions: string): void {
    this.#deps.session.setInstructions(instructions);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#ai.close();
    for (const turn of this.#turnLog.close()) this.#reportTurn(turn);
    this.#callee.disconnect();
    this.#leaveStream();
    const stats = { ...this.#callee.stats, ...this.#ai.stats };
    if (this.#streamStats) this.#report({ type: 'media.measured', ...this.#streamStats, ...stats });
    this.#isClosed = true;
    this.#turns.close();
    this.#toolAnswers.close();
    this.#deps.session.close();
  }

  onReady(facts: { readonly sessionId: string; readonly connectMs: number }): void {
    this.#report({ type: 'ai.ready', ...facts });
    this.#callee.release();
    this.#deps.listener.onReady();
  }

  onResponseStarted(started: StartedResponse): void {
    // Begun before the server knew that it should only listen.
    const isUncalledFor = !started.requestId && !started.isUnwanted && this.#turns.isListening;
    this.#ai.onResponseStarted({ ...started, isUnwanted: started.isUnwanted || isUncalledFor });
    if (isUncalledFor) this.#deps.session.cancelResponse('active');
  }

  onRequestDropped(requestId: string): void {
    this.#ai.onRequestDropped(requestId);
  }

  onAudio(item: ItemRef, audio: Buffer): void {
    this.#ai.onAudio(item, audio);
  }

  onAudioDone(item: ItemRef): void {
    this.#ai.onAudioDone(item);
  }

  onAssistantText(item: ItemRef, text: AssistantText): void {
    this.#ai.onText(item, text);
  }

  onCalleeText(itemId: string, text: string | undefined, usage: CallUsage): void {
    this.#report({ type: 'usage.added', usage });
    this.#reportTurn(this.#turnLog.onCalleeText(itemId, text, this.#deps.clock.nowMs()));
  }

  onSpeechStarted(itemId: string): void {
    this.#turnLog.onCalleeStarted(itemId, this.#deps.clock.nowMs());
    this.#stopwatch.onCalleeStarted();
    this.#callee.onSpeechStarted();
    if (this.#turns.onSpeechStarted(this.#ai.isPlaying)) this.#cutIn();
    this.#deps.listener.onCalleeStarted();
  }

  onSpeechStopped({ endMs, isAnswered }: StoppedSpeech): void {
    const noticedAtMs = this.#deps.clock.monotonicMs();
    const isSpeaking = this.#ai.isActive;
    const { cutIn, isAnswerDue, heldOffMs } = this.#turns.onSpeechStopped({ isSpeaking, isAnswered });
    const speechEndedAtMs = this.#callee.arrivedAtMs(endMs);
    if (heldOffMs === undefined) this.#stopwatch.onCalleeStopped({ speechEndedAtMs, noticedAtMs });
    else this.#report({ type: 'callee.held-off', voicedMs: Math.round(heldOffMs) });
    if (isAnswerDue) this.#answer();
    this.#deps.listener.onCalleeStopped({ cutIn });
  }

  onToolCall(call: ToolCall): void {
    if (!this.#isClosed) this.#deps.listener.onToolCall(call);
  }

  onToolAnswered(toolCallId: string): void {
    this.#toolAnswers.onTaken(toolCallId);
  }

  onResponseDone(outcome: ResponseOutcome): void {
    this.#ai.onResponseDone(outcome);
  }

  onFailed(verdict: EndCall): void {
    this.#report({ type: 'conversation.failed', verdict });
  }

  #listenTo(stream: CarrierStream): void {
    const isCurrent = (): boolean => stream === this.#stream;
    stream.listen({
      onAudio: (frame) => isCurrent() && this.#callee.onFrame(frame),
      onMissing: (frames) => isCurrent() && this.#callee.onMissing(frames),
      onMark: (name) => isCurrent() && this.#ai.onMark(name),
      onDigit: (digit) => isCurrent() && !this.#isClosed && this.#deps.listener.onDigit(digit),
      onStopped: () => this.#onStreamGone(stream, { type: 'stream.stopped' }),
      onLost: (closeCode) => this.#onStreamGone(stream, { type: 'stream.lost', closeCode }),
    });
  }

  /** Closes the stream that there is, and remembers how well it went. */
  #leaveStream(): void {
    if (!this.#stream) return;
    this.#stream.close();
    this.#streamStats = addStats(this.#streamStats, this.#stream.stats);
  }

  /** Sound goes first; then a server that only listens is told. */
  #cutIn(): void {
    if (!this.#ai.cutOff('callee')) return;
    this.#deps.session.cancelResponse('cut-in');
    this.#turns.onCutIn();
  }

  /** The server does not answer by itself, and the callee waits. */
  #answer(): void {
    void this.speak({ content: { kind: 'answer' }, mayUseTools: true, isMootWhenAnswered: true });
  }

  /** From here on nothing is heard, however long the call takes to end. */
  #onStreamGone(stream: CarrierStream, event: ConversationEvent): void {
    if (this.#isClosed || stream !== this.#stream) return;
    stream.close();
    this.#callee.disconnect();
    this.#ai.disconnect();
    this.#deps.session.cancelResponse('all');
    this.#report(event);
  }

  #reportTurn(turn: Turn | undefined): void {
    if (turn) this.#report({ type: 'turn.finished', turn });
  }

  #report(event: ConversationEvent): void {
    if (!this.#isClosed) this.#deps.listener.onEvent(event);
  }
}
