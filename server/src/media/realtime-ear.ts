// The ear of a bridge on its realtime session: brings what the session reports to the AI's voice, to the callee's, and to
// whoever owns the line, and has both voices go on when another session takes its place.

import type { VoiceLineListener } from '../calls/agent-ports';
import type { ConversationEvent } from '../calls/conversation-events';
import type {
  AssistantText,
  ItemRef,
  RealtimeListener,
  RealtimeSession,
  ResponseOutcome,
  ResumedSession,
  StartedResponse,
  StoppedSpeech,
} from '../calls/conversation-ports';
import type { Spending } from '../calls/cost';
import type { EndCall } from '../calls/end-call';
import type { ToolCall } from '../calls/speech';
import type { AiVoice } from './ai-voice';
import type { CalleeVoice } from './callee-voice';
import type { ToolAnswers } from './tool-answers';

/** Whom it tells. */
export type RealtimeEarDeps = {
  readonly session: RealtimeSession;
  readonly ai: AiVoice;
  readonly callee: CalleeVoice;
  readonly toolAnswers: ToolAnswers;
  readonly listener: VoiceLineListener;
  readonly line: { readonly closed: boolean };
  /** Of what belongs into the record, even after the end of the call. */
  readonly report: (event: ConversationEvent) => void;
};

/** Listens to the session of one bridge. Of a closed line, only the last words and the cost matter. */
export class RealtimeEar implements RealtimeListener {
  readonly #deps: RealtimeEarDeps;
  readonly #ai: AiVoice;
  readonly #callee: CalleeVoice;

  constructor(deps: RealtimeEarDeps) {
    this.#deps = deps;
    this.#ai = deps.ai;
    this.#callee = deps.callee;
  }

  onReady(facts: { readonly sessionId: string; readonly connectMs: number }): void {
    if (this.#isOver) return;
    this.#deps.report({ type: 'ai.ready', ...facts });
    this.#callee.release();
    this.#deps.listener.onReady();
  }

  onResponseStarted(started: StartedResponse): void {
    if (this.#isOver) return;
    // Begun before the server knew that it should only listen, or that what it was to go on with was cut off.
    const isOwn = !started.requestId && this.#callee.turns.isListening;
    const isUncalledFor = !started.isUnwanted && (isOwn || this.#ai.speeches.isAbandoned(started.requestId));
    const known = { ...started, isUnwanted: started.isUnwanted || isUncalledFor };
    this.#callee.speeches.onResponseStarted(known);
    this.#ai.onResponseStarted(known);
    if (isUncalledFor) this.#deps.session.cancelResponse('active');
  }

  onRequestDropped(requestId: string): void {
    this.#ai.onRequestDropped(requestId);
  }

  onAudio(item: ItemRef, audio: Buffer): void {
    if (!this.#isOver) this.#ai.onAudio(item, audio);
  }

  onAudioDone(item: ItemRef): void {
    if (!this.#isOver) this.#ai.onAudioDone(item);
  }

  onAssistantText(item: ItemRef, text: AssistantText): void {
    if (!this.#isOver) this.#ai.onText(item, text);
  }

  /** Also of what was said before the end of the call. */
  onCalleeText(itemId: string, text: string | undefined, spending: Spending): void {
    this.#callee.onText(itemId, text, spending);
  }

  onSpeechStarted(itemId: string): void {
    if (!this.#isOver) this.#callee.onSpeechStarted(itemId);
  }

  onSpeechStopped(speech: StoppedSpeech): void {
    if (!this.#isOver) this.#callee.onSpeechStopped(speech);
  }

  onToolCall(call: ToolCall): void {
    this.#ai.speeches.onToolCall(call.responseId);
    if (!this.#isOver) this.#deps.listener.onToolCall(call);
  }

  onToolAnswered(toolCallId: string): void {
    this.#deps.toolAnswers.onTaken(toolCallId);
  }

  onResponseDone(outcome: ResponseOutcome): void {
    const { usage, charge } = outcome.spending;
    if (charge) this.#deps.report({ type: 'usage.added', usage, charge });
    if (this.#isOver) return;
    this.#callee.speeches.onResponseDone(outcome);
    this.#ai.onResponseDone(outcome);
  }

  onLost(lost?: EndCall): void {
    if (this.#isOver) return;
    if (lost) this.#deps.report({ type: 'ai.lost', reason: lost.reason, details: lost.details });
    if (lost) this.#deps.listener.onAiLost();
    if (this.#isOver) return;
    const broken = this.#ai.onLost();
    this.#callee.onLost(broken);
    if (broken?.again) this.#deps.session.requestResponse(broken.again);
  }

  onResumed({ isPlanned, ...resumed }: ResumedSession, goOn: () => void): void {
    if (this.#isOver) return;
    const { sessionId } = resumed;
    this.#deps.report(isPlanned ? { type: 'ai.handed-over', sessionId } : { type: 'ai.resumed', ...resumed });
    this.#callee.onResumed(goOn);
    if (!isPlanned && !this.#isOver) this.#deps.listener.onAiResumed();
  }

  onFailed(verdict: EndCall): void {
    if (!this.#isOver) this.#deps.report({ type: 'conversation.failed', verdict });
  }

  get #isOver(): boolean {
    return this.#deps.line.closed;
  }
}
