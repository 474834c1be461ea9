// Joins one carrier stream and one realtime session into a voice line: audio both ways, barge-in, and who said what.
// Decides nothing about the call or the conversation: it reports, and does as it is told.

import type { VoiceLine, VoiceLineListener } from '../calls/agent-ports';
import type { CarrierStream, RealtimeSession } from '../calls/conversation-ports';
import type { ConversationEvent } from '../calls/conversation-events';
import { type EndCall, endCall } from '../calls/end-call';
import type { Clock, Logger } from '../calls/ports';
import type { SpeechOutcome, SpeechRequest, TurnTaking } from '../calls/speech';
import type { AudioFormat } from '../audio/audio-format';
import { deferred } from '../lib/deferred';
import type { AudioTap } from './audio-tap';
import { AiVoice } from './ai-voice';
import { CalleeVoice } from './callee-voice';
import { LineGap } from './line-gap';
import { LineStream } from './stream/line-stream';
import type { MediaClock } from './media-clock';
import type { PlayoutPace } from './playout/playout';
import { RealtimeEar } from './realtime-ear';
import { ReplyStopwatch } from './reply-latency';
import { carrierFormat } from './stream/stream-format';
import { ToolAnswers } from './tool-answers';
import { TurnLog } from './turn-log';

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
  /** Who listens in. */
  readonly tap?: AudioTap | undefined;
  readonly listener: VoiceLineListener;
  readonly log?: Logger | undefined;
};

// The last words of the callee are written down within a second or two.
const SETTLE_MS = 2_000;

const ANSWER: SpeechRequest = { content: { kind: 'answer' }, mayUseTools: true, isMootWhenAnswered: true };

/** The voice line of one call. */
export class MediaBridge implements VoiceLine {
  readonly #deps: MediaBridgeDeps;
  readonly #callee: CalleeVoice;
  readonly #ai: AiVoice;
  readonly #turnLog = new TurnLog();
  readonly #toolAnswers: ToolAnswers;
  readonly #ear: RealtimeEar;
  readonly #line: LineStream;
  readonly #gap = new LineGap();
  readonly #settled = deferred<void>();
  #isClosed = false;

  constructor(deps: MediaBridgeDeps) {
    this.#deps = deps;
    this.#toolAnswers = new ToolAnswers(deps.session);
    const { listener } = deps;
    const parts = {
      ...deps,
      mediaClock: deps.mediaClock.withFaults((fault) => this.#onFault(fault)),
      turnLog: this.#turnLog,
      stopwatch: new ReplyStopwatch(),
    };
    this.#ai = new AiVoice({
      ...parts,
      report: (event) => this.#report(event),
      onStarted: () => this.#onAiStarted(),
      onQuiet: () => !this.#isClosed && listener.onAiQuiet(),
    });
    this.#callee = new CalleeVoice({
      ...parts,
      ai: this.#ai,
      report: (event) => this.#tell(event),
      answer: () => void this.speak(ANSWER),
      onStarted: () => listener.onCalleeStarted(),
      onStopped: (speech) => listener.onCalleeStopped(speech),
      onDead: (silentMs) => this.#fail(endCall('no-caller-media', { silentMs })),
    });
    const { session } = deps;
    this.#ear = new RealtimeEar({
      session,
      ai: this.#ai,
      callee: this.#callee,
      toolAnswers: this.#toolAnswers,
      listener,
      line: this,
      report: (event) => this.#tell(event),
    });
    this.#line = this.#listenToLine();
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get isStreaming(): boolean {
    return this.#line.isOpen;
  }

  get isAiSpeaking(): boolean {
    return this.#ai.isActive || this.#ai.speeches.isBusy;
  }

  get isAiHeard(): boolean {
    return this.#ai.isPlaying;
  }

  get isCalleeSpeaking(): boolean {
    return this.#callee.turns.isCalleeSpeaking;
  }

  open(): void {
    this.#deps.session.open(this.#ear);
  }

  attach(stream: CarrierStream): void {
    if (this.#isClosed) return stream.close();
    const format = carrierFormat(stream);
    const { streamId, encoding, sampleRateHz, channels } = stream;
    if (!format) {
      stream.close();
      return this.#fail(endCall('unsupported-encoding', { encoding, sampleRateHz, channels }));
    }
    this.#line.take(stream);
    this.#callee.connect(format);
    this.#report({ type: 'stream.started', streamId, encoding, sampleRateHz });
    // Whoever hears of the stream may end the call.
    if (!this.#isClosed) this.#ai.connect(stream);
    if (!this.#isClosed) this.#line.listen();
    if (!this.#isClosed) this.#deps.listener.onStreamStarted();
    if (!this.#isClosed) this.#bridgeGap();
  }

  speak(request: SpeechRequest, onSounding?: () => void): Promise<SpeechOutcome> {
    const { requestId, outcome } = this.#ai.speeches.ask(request, onSounding);
    if (this.#isClosed) return outcome;
    if (request.isProtected === true) this.#callee.turns.protectUntil(outcome);
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
    if (by === 'callee' && this.#callee.turns.isProtected) return false;
    const wasMaking = this.#deps.session.cancelResponse('all');
    this.#callee.speeches.onCancelled();
    return this.#ai.cutOff(by) || wasMaking;
  }

  takeTurns(by: TurnTaking): void {
    this.#callee.turns.takeTurns(by);
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
    try {
      this.#ai.close();
      for (const turn of this.#turnLog.close()) this.#report({ type: 'turn.finished', turn });
      this.#callee.close();
    } finally {
      // Whatever goes wrong while it is written down: nothing stays open, and nobody waits for ever.
      this.#isClosed = true;
      this.#line.leave();
      this.#toolAnswers.close();
      this.#deps.tap?.close();
      void this.#leaveSession();
    }
    const stats = { ...this.#callee.stats, ...this.#ai.stats };
    if (this.#line.stats) this.#tell({ type: 'media.measured', ...this.#line.stats, ...stats });
  }

  whenSettled(): Promise<void> {
    return this.#settled.promise;
  }

  #listenToLine(): LineStream {
    return new LineStream({
      onAudio: (frame) => this.#callee.onFrame(frame),
      onMissing: (frames) => this.#callee.onMissing(frames),
      onMark: (name) => this.#ai.onMark(name),
      onDigit: (digit) => !this.#isClosed && this.#deps.listener.onDigit(digit),
      onGone: (event) => this.#onStreamGone(event),
      onFlooded: () => this.#fail(endCall('media-flood')),
      onFault: (fault) => this.#onFault(fault),
    });
  }

  #onAiStarted(): void {
    this.#callee.turns.onAiStarted();
    if (!this.#isClosed) this.#deps.listener.onAiStarted();
  }

  /** From here on nothing is heard, however long the call takes to end. */
  #onStreamGone(event: ConversationEvent): void {
    if (this.#isClosed) return;
    this.#noteGap(event);
    this.#callee.disconnect();
    this.#ai.disconnect();
    this.#deps.session.cancelResponse('all');
    this.#callee.speeches.onCancelled();
    this.#report(event);
  }

  /** A carrier that ends the stream in order may only be replacing it: what that cuts off is missed all the same. */
  #noteGap({ type }: ConversationEvent): void {
    const { isAnswerDue } = this.#callee.speeches;
    const isSpeaking = this.isAiSpeaking;
    if (type !== 'stream.lost' && !isSpeaking && !isAnswerDue) return;
    this.#gap.onLost(this.#deps.clock.monotonicMs(), { isSpeaking, isAnswerDue });
  }

  #bridgeGap(): void {
    const gap = this.#gap.onBack(this.#deps.clock.monotonicMs(), this.isAiSpeaking);
    if (gap) this.tell('system', gap.note);
    if (gap?.request) void this.speak(gap.request);
  }

  /** What it still has to say of the past is waited for. */
  async #leaveSession(): Promise<void> {
    const { session, log } = this.#deps;
    try {
      await session.drain(SETTLE_MS);
    } catch (error) {
      log?.error('A realtime session was not left in order', { error });
    }
    session.close();
    this.#settled.resolve();
  }

  /** Of this call and no other. */
  #onFault(fault: unknown): void {
    this.#deps.log?.error('The media of a call failed', { error: fault });
    this.#fail(endCall('internal-error'));
  }

  #fail(verdict: EndCall): void {
    this.#report({ type: 'conversation.failed', verdict });
  }

  #report(event: ConversationEvent): void {
    if (!this.#isClosed) this.#tell(event);
  }

  /** Even after the end of the call, for the record. */
  #tell(event: ConversationEvent): void {
    this.#deps.listener.onEvent(event);
  }
}
