// Fakes of what an agent works with: the voice line and the call. They record everything, and a test decides what
// becomes of each request.

import type { CallControls, TransferOutcome, VoiceLine } from '../../src/calls/agent-ports';
import type { CarrierStream } from '../../src/calls/conversation-ports';
import type { ConversationEvent } from '../../src/calls/conversation-events';
import type { EndDetails, EndReason } from '../../src/calls/end-call';
import type { SpeechOutcome, SpeechRequest, TurnTaking } from '../../src/calls/speech';
import type { Deferred } from '../../src/lib/deferred';
import { deferred } from '../../src/lib/deferred';

/** What a voice line was told, in order. */
export type LineCommand =
  | { readonly type: 'open' }
  | { readonly type: 'attach'; readonly stream: CarrierStream }
  | { readonly type: 'speak'; readonly request: SpeechRequest }
  | { readonly type: 'interrupt'; readonly by: 'callee' | 'api' }
  | { readonly type: 'take-turns'; readonly by: TurnTaking }
  | { readonly type: 'tell'; readonly role: 'system' | 'user'; readonly text: string }
  | { readonly type: 'answer-tool'; readonly toolCallId: string; readonly output: string }
  | { readonly type: 'set-instructions'; readonly instructions: string }
  | { readonly type: 'close' };

/** A voice line whose speeches end when a test says so, and whose flags a test sets. */
export class FakeVoiceLine implements VoiceLine {
  closed = false;
  isStreaming = true;
  isAiSpeaking = false;
  isAiHeard = false;
  isCalleeSpeaking = false;
  readonly commands: LineCommand[] = [];
  /** Runs within `interrupt`, for what a real line would report at that moment. */
  onInterrupt: () => void = () => {};
  /** When the model gets the result of a tool. */
  onAnswerTool: () => Promise<void> = () => Promise.resolve();
  #speeches: Deferred<SpeechOutcome>[] = [];
  readonly #sounds: (() => void)[] = [];
  readonly #making = new Map<string, Deferred<void>>();
  readonly #playing = new Map<string, Deferred<SpeechOutcome>>();

  of<T extends LineCommand['type']>(type: T): Extract<LineCommand, { type: T }>[] {
    return this.commands.filter((command): command is Extract<LineCommand, { type: T }> => command.type === type);
  }

  /** What it was asked to speak, in order. */
  get spoken(): SpeechRequest[] {
    return this.of('speak').map(({ request }) => request);
  }

  /** How many speeches have no outcome yet. */
  get pendingSpeeches(): number {
    return this.#speeches.length;
  }

  /** The callee begins to hear the oldest speech without an outcome. */
  soundSpeech(): void {
    const sound = this.#sounds.at(-this.#speeches.length);
    if (!sound) throw new Error('No speech waits to be heard.');
    sound();
  }

  /** Gives the oldest speech without an outcome this one. */
  settleSpeech(outcome: SpeechOutcome): void {
    const speech = this.#speeches.shift();
    if (!speech) throw new Error('No speech waits for its outcome.');
    speech.resolve(outcome);
  }

  /** A response that is known from now on: `whenMade` and `whenHeard` wait for it. */
  beginResponse(responseId: string): void {
    this.#making.set(responseId, deferred());
    this.#playing.set(responseId, deferred());
  }

  /** The model makes no more of a response. */
  finishMaking(responseId: string): void {
    this.#making.get(responseId)?.resolve();
    this.#making.delete(responseId);
  }

  /** What became of a response. */
  finishPlaying(responseId: string, outcome: SpeechOutcome): void {
    this.finishMaking(responseId);
    this.#playing.get(responseId)?.resolve(outcome);
    this.#playing.delete(responseId);
  }

  open(): void {
    this.commands.push({ type: 'open' });
  }

  attach(stream: CarrierStream): void {
    this.commands.push({ type: 'attach', stream });
  }

  speak(request: SpeechRequest, onSounding: () => void = () => undefined): Promise<SpeechOutcome> {
    this.commands.push({ type: 'speak', request });
    if (this.closed) return Promise.resolve('unspoken');
    this.#sounds.push(onSounding);
    const speech = deferred<SpeechOutcome>();
    this.#speeches.push(speech);
    return speech.promise;
  }

  whenMade(responseId: string): Promise<void> {
    return this.#making.get(responseId)?.promise ?? Promise.resolve();
  }

  whenHeard(responseId: string): Promise<SpeechOutcome> {
    return this.#playing.get(responseId)?.promise ?? Promise.resolve('heard');
  }

  interrupt(by: 'callee' | 'api'): boolean {
    this.commands.push({ type: 'interrupt', by });
    const wasSpeaking = this.isAiSpeaking;
    this.isAiSpeaking = false;
    this.onInterrupt();
    return wasSpeaking;
  }

  takeTurns(by: TurnTaking): void {
    this.commands.push({ type: 'take-turns', by });
  }

  tell(role: 'system' | 'user', text: string): void {
    this.commands.push({ type: 'tell', role, text });
  }

  answerTool(toolCallId: string, output: string): Promise<void> {
    this.commands.push({ type: 'answer-tool', toolCallId, output });
    return this.onAnswerTool();
  }

  setInstructions(instructions: string): void {
    this.commands.push({ type: 'set-instructions', instructions });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.isStreaming = false;
    this.commands.push({ type: 'close' });
    // Whoever waits for a real line gets an answer when it closes.
    while (this.pendingSpeeches > 0) this.settleSpeech('unspoken');
    for (const responseId of this.#playing.keys()) this.finishPlaying(responseId, 'interrupted');
  }

  whenSettled(): Promise<void> {
    return Promise.resolve();
  }
}

/** An end that an agent asked for. */
export type AskedEnd = { readonly reason: EndReason; readonly details?: EndDetails | undefined };

/** A call that does everything it is asked, unless a test replaces a handler. */
export class FakeCallControls implements CallControls {
  /** What `remainingMs` answers. */
  remaining: () => number = () => 600_000;
  readonly ends: AskedEnd[] = [];
  readonly events: ConversationEvent[] = [];
  readonly sentDigits: string[] = [];
  readonly transfers: string[] = [];
  readonly spokenByCarrier: string[] = [];
  leftUsd = Infinity;
  canceledTransfers = 0;

  onSpeakByCarrier: (text: string) => Promise<void> = () => Promise.resolve();

  onEnd: () => void = () => {};
  onSendDigits: (digits: string) => Promise<void> = () => Promise.resolve();
  onTransfer: (to: string) => Promise<TransferOutcome> = () => Promise.resolve({ status: 'bridged' });

  of<T extends ConversationEvent['type']>(type: T): Extract<ConversationEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ConversationEvent, { type: T }> => event.type === type);
  }

  remainingMs(): number {
    return this.remaining();
  }

  end(reason: EndReason, details?: EndDetails): void {
    this.ends.push(details === undefined ? { reason } : { reason, details });
    this.onEnd();
  }

  remainingUsd(): number {
    return this.leftUsd;
  }

  speakByCarrier(text: string): Promise<void> {
    this.spokenByCarrier.push(text);
    return this.onSpeakByCarrier(text);
  }

  sendDigits(digits: string): Promise<void> {
    this.sentDigits.push(digits);
    return this.onSendDigits(digits);
  }

  transfer(to: string): Promise<TransferOutcome> {
    this.transfers.push(to);
    return this.onTransfer(to);
  }

  cancelTransfer(): void {
    this.canceledTransfers += 1;
  }

  report(event: ConversationEvent): void {
    this.events.push(event);
  }
}
