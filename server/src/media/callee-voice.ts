// The callee's half of a bridge: their audio on its way to the AI, their turns as the AI hears them, what follows from
// those for the AI's voice, and what a session that takes the place of a lost one has to hear of it again.

import type { ConversationEvent, MediaStats } from '../calls/conversation-events';
import type { RealtimeSession, StoppedSpeech } from '../calls/conversation-ports';
import type { Spending } from '../calls/cost';
import type { Clock } from '../calls/ports';
import type { AudioFormat } from '../audio/audio-format';
import type { AiVoice } from './ai-voice';
import type { AudioTap } from './audio-tap';
import { CalleeAudio } from './callee-audio';
import { type BrokenResponse, CalleeSpeeches } from './callee-speeches';
import type { MediaClock } from './media-clock';
import type { ReplyStopwatch } from './reply-latency';
import { Resumption } from './resumption';
import type { TurnLog } from './turn-log';
import { TurnTaker } from './turn-taker';

/** What the callee's half works with. */
export type CalleeVoiceDeps = {
  readonly session: RealtimeSession;
  readonly aiFormat: AudioFormat;
  readonly bargeInHoldMs: number;
  readonly clock: Clock;
  readonly mediaClock: MediaClock;
  readonly tap?: AudioTap | undefined;
  readonly turnLog: TurnLog;
  readonly stopwatch: ReplyStopwatch;
  readonly ai: Pick<AiVoice, 'isActive' | 'isPlaying' | 'cutOff'>;
  readonly report: (event: ConversationEvent) => void;
  /** The callee waits, and the server does not answer by itself. */
  readonly answer: () => void;
  readonly onStarted: () => void;
  readonly onStopped: (speech: { readonly cutIn: boolean }) => void;
  readonly onDead: (silentMs: number) => void;
};

/** The inbound half of a bridge. Idempotent `close()`. */
export class CalleeVoice {
  readonly turns: TurnTaker;
  readonly speeches = new CalleeSpeeches();
  readonly #deps: CalleeVoiceDeps;
  readonly #audio: CalleeAudio;
  readonly #resumption: Resumption;

  constructor(deps: CalleeVoiceDeps) {
    const { clock, session, answer } = deps;
    this.#deps = deps;
    this.turns = new TurnTaker({
      session,
      holdMs: deps.bargeInHoldMs,
      nowMs: () => clock.monotonicMs(),
      onAnswerDue: answer,
    });
    this.#audio = new CalleeAudio({
      ...deps,
      clock: deps.mediaClock,
      unaccountedFromByte: (overdueByte) => this.speeches.fromByte(overdueByte),
      onVoice: this.turns.hasHold ? (frame) => this.turns.onFrame(frame, deps.ai.isActive) && this.#cutIn() : undefined,
    });
    this.#resumption = new Resumption({
      clock,
      feed: this.#audio.feed,
      speeches: this.speeches,
      turns: this.turns,
      onAnswerDue: answer,
      onFellSilent: () => this.onSpeechStopped({ endMs: undefined, isAnswered: false }),
    });
  }

  get stats(): Pick<MediaStats, 'receivedFrames' | 'filledMs' | 'droppedMs'> {
    return this.#audio.stats;
  }

  /** A stream is there. */
  connect(format: AudioFormat): void {
    this.#audio.connect(format);
  }

  disconnect(): void {
    this.#audio.disconnect();
  }

  /** The first session takes audio from now on. */
  release(): void {
    this.#audio.feed.release();
  }

  onFrame(frame: Buffer): void {
    this.#audio.onFrame(frame);
  }

  onMissing(frames: number): void {
    this.#audio.onMissing(frames);
  }

  onSpeechStarted(itemId: string): void {
    const { clock, turnLog, stopwatch, ai, onStarted } = this.#deps;
    const again = this.#resumption.onSpeechStarted(itemId);
    turnLog.onCalleeStarted(itemId, again?.startedAtMs ?? clock.nowMs());
    if (again) return;
    this.speeches.onStarted(itemId, clock.nowMs(), this.#audio.feed.recentByte);
    stopwatch.onCalleeStarted();
    this.#audio.onSpeechStarted();
    if (this.turns.onSpeechStarted(ai.isPlaying)) this.#cutIn();
    onStarted();
  }

  onSpeechStopped(speech: StoppedSpeech): void {
    if (this.#resumption.onSpeechStopped(speech)) return;
    const { endMs, isAnswered } = speech;
    const { clock, stopwatch, ai, report, answer, onStopped } = this.#deps;
    const noticedAtMs = clock.monotonicMs();
    this.speeches.onStopped(isAnswered, this.#audio.feed.endByte);
    this.#audio.onSpeechStopped();
    const { cutIn, isAnswerDue, heldOffMs } = this.turns.onSpeechStopped({ isSpeaking: ai.isActive, isAnswered });
    const speechEndedAtMs = this.#audio.arrivedAtMs(endMs);
    if (heldOffMs === undefined) stopwatch.onCalleeStopped({ speechEndedAtMs, noticedAtMs });
    else report({ type: 'callee.held-off', voicedMs: Math.round(heldOffMs) });
    if (isAnswerDue) answer();
    onStopped({ cutIn });
  }

  /** The words of a turn; `undefined` when they could not be written down. */
  onText(itemId: string, text: string | undefined, { usage, charge }: Spending): void {
    const { report, turnLog, clock } = this.#deps;
    if (charge) report({ type: 'usage.added', usage, charge });
    this.speeches.onWrittenDown(itemId);
    const turn = turnLog.onCalleeText(itemId, text, clock.nowMs());
    if (turn) report({ type: 'turn.finished', turn });
  }

  /** The session is lost, perhaps in the middle of a response. */
  onLost(broken: BrokenResponse | undefined): void {
    this.#resumption.stop();
    this.speeches.onLost(broken);
    this.#audio.feed.lose();
    this.#deps.turnLog.onLost();
  }

  /** Another one is there, and is not asked for anything before `goOn`. */
  onResumed(goOn: () => void): void {
    this.#resumption.begin(goOn);
  }

  close(): void {
    this.#audio.disconnect();
    this.#resumption.stop();
    this.turns.close();
  }

  /** Sound goes first; then a server that only listens is told. */
  #cutIn(): void {
    if (!this.#deps.ai.cutOff('callee')) return;
    this.#deps.session.cancelResponse('cut-in');
    this.turns.onCutIn();
  }
}
