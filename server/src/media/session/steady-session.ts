// One conversation over as many realtime sessions as it takes: a session that is lost, or near its end, is replaced by
// another one that is told what was said. Whoever talks to it sees a session that now and then does not answer for a moment.

import type {
  AssistantText,
  HistoryItem,
  ItemRef,
  RealtimeListener,
  RealtimeSession,
  ReplaceableSession,
  RequestedResponse,
  ResponseOutcome,
  StartedResponse,
  StoppedSpeech,
} from '../../calls/conversation-ports';
import type { Spending } from '../../calls/cost';
import type { EndCall } from '../../calls/end-call';
import type { Clock } from '../../calls/ports';
import type { ToolCall, TurnTaking } from '../../calls/speech';
import { ConversationMemory, type Cut } from './conversation-memory';
import { HandOver } from './hand-over';
import { OpenRequests } from './open-requests';
import { heardOnlyNote, RESUMED_NOTE } from './resume-notes';
import { type ReadyFacts, SessionEar, type SessionFate, type SessionWords } from './session-ear';
import { isRecoverable, type OpeningFacts, SessionOpening } from './session-opening';

/** What a steady session works with. */
export type SteadySessionDeps = {
  readonly clock: Clock;
  /** Of the audio that the sessions make. */
  readonly bytesPerMs: number;
  /** Makes a session; it has so long to become ready, or as long as it usually has. */
  readonly openSession: (options: { readonly readyTimeoutMs?: number }) => ReplaceableSession;
};

/** A realtime session that outlives those it is made of. */
export class SteadySession implements RealtimeSession, SessionWords {
  readonly #deps: SteadySessionDeps;
  readonly #memory: ConversationMemory;
  readonly #requests = new OpenRequests();
  readonly #opening: SessionOpening;
  readonly #handOver: HandOver;
  readonly #fate: SessionFate = {
    onReady: (ear, facts) => this.#onReady(ear, facts),
    onFailed: (ear, verdict) => this.#onFailed(ear, verdict),
  };
  /** Results of tools that no server has confirmed. */
  readonly #unconfirmed = new Set<string>();
  #listener: RealtimeListener | undefined;
  /** The session that carries the conversation now. */
  #ear: SessionEar | undefined;
  #turns: TurnTaking = 'server';
  #instructions: string | undefined;
  /** Until when the callee hears what was made, at the latest known. */
  #audibleUntilMs = 0;
  #isDraining = false;
  #isClosed = false;

  constructor(deps: SteadySessionDeps) {
    const { clock } = deps;
    this.#deps = deps;
    this.#memory = new ConversationMemory(deps.bytesPerMs);
    this.#opening = new SessionOpening({
      clock,
      make: (readyTimeoutMs) => this.#make(readyTimeoutMs),
      onGivenUp: (verdict) => this.#fail(verdict),
    });
    this.#handOver = new HandOver({
      clock,
      make: () => this.#make(),
      isIdle: () => this.#isIdle,
      swap: () => this.#replace(),
    });
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  /** Without a session, everything has to wait. */
  get isCongested(): boolean {
    return this.#ear?.session.isCongested ?? true;
  }

  open(listener: RealtimeListener): void {
    this.#listener = listener;
    this.#opening.begin();
  }

  appendAudio(audio: Buffer): void {
    this.#ear?.session.appendAudio(audio);
  }

  requestResponse(request: RequestedResponse): void {
    this.#requests.add(request);
  }

  addMessage(role: 'system' | 'user', text: string): void {
    this.#memory.addMessage(role, text);
    this.#ear?.session.addMessage(role, text);
  }

  answerTool(toolCallId: string, output: string): void {
    this.#memory.onToolOutput(toolCallId, output);
    this.#unconfirmed.add(toolCallId);
    this.#ear?.session.answerTool(toolCallId, output);
  }

  takeTurns(by: TurnTaking): void {
    this.#turns = by;
    for (const session of this.#sessions) session.takeTurns(by);
  }

  setInstructions(instructions: string): void {
    this.#instructions = instructions;
    for (const session of this.#sessions) session.setInstructions(instructions);
  }

  cancelResponse(which: 'active' | 'all' | 'cut-in'): boolean {
    const dropped = which === 'all' ? this.#requests.cancelAll() : [];
    for (const { requestId } of dropped) this.#listener?.onRequestDropped(requestId);
    return this.#ear?.session.cancelResponse(which) === true || dropped.length > 0;
  }

  truncate(item: ItemRef, heardMs: number): void {
    const cut = this.#memory.truncate(item, heardMs);
    if (this.#ear?.has(item.itemId)) this.#ear.session.truncate(item, heardMs);
    else this.#tellOf(cut);
  }

  deleteItem(itemId: string): void {
    const cut = this.#memory.deleteItem(itemId);
    if (this.#ear?.has(itemId)) this.#ear.session.deleteItem(itemId);
    else this.#tellOf(cut);
  }

  drain(limitMs: number): Promise<void> {
    this.#isDraining = true;
    this.#opening.close();
    this.#handOver.close();
    return this.#ear?.session.drain(limitMs) ?? Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#opening.close();
    this.#handOver.close();
    this.#ear?.close();
  }

  onResponseStarted(started: StartedResponse): void {
    this.#requests.onStarted(started);
    this.#listener?.onResponseStarted(started);
  }

  onRequestDropped(requestId: string): void {
    this.#requests.onDropped(requestId);
    this.#listener?.onRequestDropped(requestId);
  }

  onAudio(item: ItemRef, audio: Buffer): void {
    this.#memory.onAssistantAudio(item, audio.length);
    const nowMs = this.#deps.clock.monotonicMs();
    this.#audibleUntilMs = Math.max(this.#audibleUntilMs, nowMs) + audio.length / this.#deps.bytesPerMs;
    this.#listener?.onAudio(item, audio);
  }

  onAudioDone(item: ItemRef): void {
    this.#listener?.onAudioDone(item);
  }

  onAssistantText(item: ItemRef, text: AssistantText): void {
    this.#memory.onAssistantText(item, text);
    this.#listener?.onAssistantText(item, text);
  }

  onCalleeText(itemId: string, text: string | undefined, spending: Spending): void {
    this.#memory.onCalleeText(itemId, text);
    this.#listener?.onCalleeText(itemId, text, spending);
  }

  onSpeechStarted(itemId: string): void {
    this.#memory.onSpeechStarted(itemId);
    // Whatever the callee has not heard of the AI, they will not hear now.
    this.#audibleUntilMs = 0;
    this.#listener?.onSpeechStarted(itemId);
  }

  onSpeechStopped(speech: StoppedSpeech): void {
    this.#listener?.onSpeechStopped(speech);
  }

  onToolCall(call: ToolCall): void {
    this.#memory.onToolCall(call);
    this.#listener?.onToolCall(call);
  }

  onToolAnswered(toolCallId: string): void {
    this.#unconfirmed.delete(toolCallId);
    this.#listener?.onToolAnswered(toolCallId);
  }

  onResponseDone(outcome: ResponseOutcome): void {
    this.#requests.onDone(outcome);
    this.#listener?.onResponseDone(outcome);
  }

  /** All that there are: the one in use, and those that may take its place. */
  get #sessions(): readonly ReplaceableSession[] {
    const ears = [this.#ear, this.#opening.ear, this.#handOver.ear];
    return ears.flatMap((ear) => (ear ? [ear.session] : []));
  }

  get #isIdle(): boolean {
    const isQuiet = this.#deps.clock.monotonicMs() >= this.#audibleUntilMs;
    return isQuiet && this.#requests.isEmpty && this.#unconfirmed.size === 0 && this.#ear?.isIdle === true;
  }

  #make(readyTimeoutMs?: number): SessionEar {
    const session = this.#deps.openSession(readyTimeoutMs === undefined ? {} : { readyTimeoutMs });
    if (this.#instructions !== undefined) session.setInstructions(this.#instructions);
    session.takeTurns(this.#turns);
    return new SessionEar(session, { clock: this.#deps.clock, fate: this.#fate, words: this });
  }

  #onReady(ear: SessionEar, facts: ReadyFacts): void {
    if (ear === this.#handOver.ear) return this.#handOver.onReady();
    const isFirst = !this.#requests.hasBegun;
    const opened = this.#opening.onReady();
    if (!isFirst) return this.#resume(ear, { ...opened, isPlanned: false });
    this.#use(ear, []);
    this.#requests.goOn((request) => ear.session.requestResponse(request));
    this.#listener?.onReady(facts);
  }

  #onFailed(ear: SessionEar, verdict: EndCall): void {
    if (ear === this.#handOver.ear) return this.#handOver.onFailed();
    if (ear !== this.#ear) return this.#opening.onFailed(verdict);
    if (this.#isDraining) return this.close();
    if (!isRecoverable(verdict)) return this.#fail(verdict);
    this.#replace(verdict);
  }

  /** Goes on with the session that is ready beside this one, or has another one opened in the place of one that is lost. */
  #replace(lost?: EndCall): void {
    this.#leave(lost);
    if (this.#isClosed) return;
    const next = this.#handOver.take();
    if (next) this.#resume(next, { tries: 0, afterMs: 0, isPlanned: lost === undefined });
    else if (lost) this.#opening.replace(lost);
  }

  /** From here on there is no session. What the listener asks for again comes first. */
  #leave(lost?: EndCall): void {
    this.#ear?.close();
    this.#ear = undefined;
    this.#memory.onLost();
    this.#requests.stop((dropped) => {
      for (const requestId of dropped) this.#listener?.onRequestDropped(requestId);
      this.#listener?.onLost(lost);
    });
  }

  #resume(ear: SessionEar, how: OpeningFacts & { readonly isPlanned: boolean }): void {
    this.#use(ear, how.isPlanned ? [] : [{ kind: 'message', role: 'system', text: RESUMED_NOTE }]);
    // They are part of the history that it was told.
    const told = [...this.#unconfirmed];
    for (const toolCallId of told) this.onToolAnswered(toolCallId);
    this.#listener?.onResumed({ sessionId: ear.sessionId, ...how }, () => {
      if (ear !== this.#ear) return;
      this.#memory.onCaughtUp();
      this.#requests.goOn((request) => ear.session.requestResponse(request));
    });
  }

  #use(ear: SessionEar, notes: readonly HistoryItem[]): void {
    this.#ear = ear;
    const history = [...this.#memory.history(), ...notes];
    if (history.length > 0) ear.session.restore(history);
    this.#handOver.plan(ear.session.expiresAtMs);
  }

  /** The model was told, as text, that all of it was heard. */
  #tellOf(cut: Cut | undefined): void {
    if (!cut || cut.text.trim() === '' || cut.text === cut.heard) return;
    this.#ear?.session.addMessage('system', heardOnlyNote(cut.text, cut.heard));
  }

  #fail(verdict: EndCall): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener?.onFailed(verdict);
  }
}
