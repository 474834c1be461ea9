// One call while it lives: applies what happens to the pure state, performs the effects, and closes in one place.

import { assertNever } from '../lib/assert-never';
import { addUsage, type Call, withStatus } from './call';
import type { CallJournal } from './call-journal';
import { type CallEvent, isTerminal, transition } from './call-state';
import { CallTimers, type Deadlines } from './call-timers';
import { CarrierLeg, type DialOutcome } from './carrier-leg';
import type { CarrierStream, Conversation, ConversationEvent, OpenConversation } from './conversation-ports';
import { type EndCall, endCall } from './end-call';
import type { Carrier, CarrierEvent, Clock, Logger, MediaEndpoint } from './ports';
import { StreamStart } from './stream-start';

/** What the callee hears from the carrier's own voice when the AI is lost. */
const LAST_WORDS = 'We are sorry, we are having technical difficulties. Please try again later. Goodbye.';

// The carrier cuts the call this long after our own deadline should have: a net, never the rule.
const TIME_LIMIT_MARGIN_SECONDS = 60;

/** What a live call works with. */
export type LiveCallDeps = {
  readonly carrier: Carrier;
  readonly mediaEndpoint: MediaEndpoint;
  readonly openConversation: OpenConversation;
  readonly journal: CallJournal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadlines: Deadlines;
};

/** A call from its first dial to the moment when nothing of it is left. */
export class LiveCall {
  readonly #deps: LiveCallDeps;
  readonly #timers: CallTimers;
  readonly #leg: CarrierLeg;
  readonly #stream: StreamStart;
  readonly #onClosed: (closed: LiveCall) => void;
  /** Aborted at the end: a dial that is not yet repeated will not be. */
  readonly #over = new AbortController();
  #call: Call;
  #conversation: Conversation | undefined;
  #onSpoken: (() => void) | undefined;
  /** Second legs of this call on their way down. */
  readonly #strays: Promise<void>[] = [];

  constructor(call: Call, deps: LiveCallDeps, onClosed: (closed: LiveCall) => void) {
    this.#call = call;
    this.#deps = deps;
    this.#onClosed = onClosed;
    this.#timers = new CallTimers(deps.clock);
    this.#leg = new CarrierLeg(call.callId, deps);
    this.#stream = new StreamStart({
      timers: this.#timers,
      deadlines: deps.deadlines,
      request: (attempt) => this.#requestStream(attempt),
      giveUp: (verdict) => this.end(verdict),
    });
  }

  get call(): Call {
    return this.#call;
  }

  get isOver(): boolean {
    return isTerminal(this.#call.status);
  }

  /** True while both legs are joined. */
  get isStreaming(): boolean {
    return this.#conversation?.isStreaming === true && !this.isOver;
  }

  /** Dials. Whatever becomes of it arrives as a status. */
  async start(): Promise<void> {
    if (this.isOver) return;
    const { mediaEndpoint, deadlines, journal } = this.#deps;
    const { callId, to, from, maxDurationSeconds } = this.#call;
    journal.note(this.#call, 'call.queued');
    const outcome = await this.#leg.dial({
      callId,
      to,
      from,
      ringTimeoutSeconds: deadlines.ringTimeoutSeconds,
      timeLimitSeconds: maxDurationSeconds + TIME_LIMIT_MARGIN_SECONDS,
      stream: mediaEndpoint.issueStream(callId),
      answerTimeoutMs: deadlines.dialAnswerMs,
      signal: this.#over.signal,
    });
    this.#onDialled(outcome);
  }

  /** Takes one event of the carrier; late, doubled and reordered ones are ordinary. */
  onCarrierEvent(event: CarrierEvent): void {
    if (!this.#leg.learn(event.carrierCallId)) {
      if (event.type !== 'leg.ended') this.#takeDownStray(event.carrierCallId);
      return;
    }
    switch (event.type) {
      case 'leg.ringing':
      case 'leg.answered':
        return this.#apply({ type: event.type });
      case 'leg.ended':
        this.#leg.markDown();
        this.#onSpoken?.();
        return void this.end(this.#asUnanswered(event.verdict));
      case 'stream.failed':
        this.#deps.journal.note(this.#call, 'stream.failed', { failure: event.failure });
        return this.isOver ? undefined : this.#stream.onFailed(event.failure);
      case 'speech.ended':
        return this.#onSpoken?.();
      case 'stream.started':
      case 'stream.stopped':
      case 'other':
        return;
      default:
        return assertNever(event);
    }
  }

  /** Joins the carrier's stream; returns false when the call is over or has another leg. */
  attachStream(stream: CarrierStream, carrierCallId: string): boolean {
    if (this.isOver || !this.#leg.learn(carrierCallId)) return false;
    const conversation = this.#openConversation();
    conversation?.attach(stream);
    return conversation !== undefined;
  }

  /** Silences the AI; returns whether it was speaking or about to. */
  interrupt(): boolean {
    return this.#conversation?.interrupt() ?? false;
  }

  /**
   * The one way out. The first verdict wins; returns false for later ones. The status is final at once; the legs are
   * closed behind it, and `onClosed` is called when nothing is left.
   */
  end(verdict: EndCall): boolean {
    const event: CallEvent = { type: 'call.ended', status: verdict.status };
    if (this.#over.signal.aborted || transition(this.#call.status, event).kind !== 'apply') return false;
    const wasAnswered = this.#call.status === 'in-progress';
    this.#over.abort();
    this.#timers.clearAll();
    this.#deps.mediaEndpoint.revoke(this.#call.callId);
    this.#closeConversation();
    const { carrierCallId } = this.#leg;
    this.#call = { ...withStatus(this.#call, verdict.status, this.#deps.clock.nowMs()), verdict, carrierCallId };
    this.#recordStatus({ verdict });
    void this.#close(wasAnswered && verdict.status === 'failed' && !this.#leg.isDown);
    return true;
  }

  /** The conversation still tells what was heard. Whatever goes wrong in it, the leg has to come down. */
  #closeConversation(): void {
    try {
      this.#conversation?.close();
    } catch (error) {
      this.#deps.log.error('Closing a conversation failed', { callId: this.#call.callId, error });
    }
  }

  async #close(needsLastWords: boolean): Promise<void> {
    if (needsLastWords) await this.#sayLastWords();
    await this.#leg.takeDown();
    await Promise.all(this.#strays);
    this.#call = { ...this.#call, carrierCallId: this.#leg.carrierCallId };
    this.#deps.journal.save(this.#call);
    this.#deps.journal.note(this.#call, this.#leg.isUp ? 'leg.abandoned' : 'leg.down');
    this.#timers.clearAll();
    // Whoever asks for the call now gets it from here; once it is gone, from the record.
    await this.#deps.journal.flush();
    this.#onClosed(this);
  }

  /** An answered call that fails under us does not just go dead: the carrier's own voice says so first. */
  async #sayLastWords(): Promise<void> {
    const spoken = new Promise<void>((resolve) => {
      this.#onSpoken = resolve;
      this.#timers.set('last-words', this.#deps.deadlines.lastWordsMs, resolve);
    });
    try {
      await Promise.race([spoken, this.#leg.speak(LAST_WORDS).then(() => spoken)]);
    } catch (error) {
      this.#deps.log.warn('The last words could not be spoken', { callId: this.#call.callId, error });
    }
  }

  /** The dial's answer may come after the webhooks of the same dial; what these say is newer. */
  #onDialled(outcome: DialOutcome): void {
    if (outcome.kind === 'accepted') {
      if (this.#leg.carrierCallId !== outcome.carrierCallId) this.#takeDownStray(outcome.carrierCallId);
      if (!this.isOver) this.#apply({ type: 'dial.accepted' });
      return;
    }
    if (this.#call.status !== 'queued') return;
    if (outcome.kind === 'failed') return void this.end(outcome.verdict);
    this.#deps.journal.note(this.#call, 'dial.unanswered');
    this.#timers.set('dial-outcome', this.#deps.deadlines.dialOutcomeMs, () => this.end(outcome.verdict));
  }

  #apply(event: CallEvent): void {
    const result = transition(this.#call.status, event);
    if (result.kind === 'ignore') return;
    if (result.kind === 'reject') return void this.#leg.takeDown();
    const { carrierCallId } = this.#leg;
    this.#call = { ...withStatus(this.#call, result.status, this.#deps.clock.nowMs()), carrierCallId };
    this.#recordStatus({});
    if (result.status === 'in-progress') this.#onAnswered();
    else this.#awaitAnswer();
    this.#openConversation();
  }

  #awaitAnswer(): void {
    const { ringTimeoutSeconds, ringGraceMs } = this.#deps.deadlines;
    this.#timers.clear('dial-outcome');
    this.#timers.set('ring', ringTimeoutSeconds * 1000 + ringGraceMs, () => this.end(endCall('ring-deadline-passed')));
  }

  #onAnswered(): void {
    this.#timers.clear('dial-outcome');
    this.#timers.clear('ring');
    const maxDurationMs = this.#call.maxDurationSeconds * 1000;
    this.#timers.set('max-duration', maxDurationMs, () => this.end(endCall('max-duration-reached')));
    if (!this.isStreaming) this.#stream.await();
  }

  /** Undefined when the conversation cannot even be made, which ends the call. */
  #openConversation(): Conversation | undefined {
    if (this.#conversation) return this.#conversation;
    try {
      this.#conversation = this.#deps.openConversation(this.#call, (event) => this.#onConversationEvent(event));
      this.#conversation.open();
    } catch (error) {
      this.#deps.log.error('The conversation could not be opened', { callId: this.#call.callId, error });
      this.end(endCall('internal-error'));
    }
    return this.isOver ? undefined : this.#conversation;
  }

  #onConversationEvent(event: ConversationEvent): void {
    const { type, ...data } = event;
    switch (event.type) {
      case 'usage.added':
        this.#call = { ...this.#call, usage: addUsage(this.#call.usage, event.usage) };
        return this.#deps.journal.save(this.#call);
      case 'conversation.failed':
        return void this.end(event.verdict);
      default:
        this.#deps.journal.note(this.#call, type, data);
    }
    if (event.type === 'stream.started') this.#onStreamStarted();
    if (event.type === 'stream.stopped') this.#awaitHangUpReport(endCall('callee-hung-up'));
    if (event.type === 'stream.lost') this.#awaitHangUpReport(endCall('stream-lost', { closeCode: event.closeCode }));
  }

  /** The carrier opens the stream of a dialled call when it is answered: this stands in for a lost webhook. */
  #onStreamStarted(): void {
    this.#stream.onStarted();
    this.#timers.clear('hangup-report');
    this.#apply({ type: 'leg.answered' });
  }

  /** The hang-up's own webhook knows the cause better; it has a moment to arrive. */
  #awaitHangUpReport(otherwise: EndCall): void {
    this.#timers.set('hangup-report', this.#deps.deadlines.hangupReportMs, () => this.end(otherwise));
  }

  /** A hang-up that looks normal is none when nobody had answered. */
  #asUnanswered(verdict: EndCall): EndCall {
    if (this.#call.status === 'in-progress' || verdict.status !== 'completed') return verdict;
    return endCall('callee-no-answer', verdict.details);
  }

  #requestStream(attempt: number): void {
    this.#deps.journal.note(this.#call, 'stream.requested', { attempt });
    const target = this.#deps.mediaEndpoint.issueStream(this.#call.callId);
    this.#leg.startStream(target).catch((error: unknown) => {
      this.#deps.log.warn('The stream could not be requested', { callId: this.#call.callId, error });
    });
  }

  /** A second leg for the same call must never live: it would ring and be billed twice. */
  #takeDownStray(carrierCallId: string): void {
    const { callId } = this.#call;
    this.#deps.log.error('The carrier reports a second leg for this call, hanging it up', { callId });
    const stray = new CarrierLeg(callId, this.#deps);
    stray.learn(carrierCallId);
    this.#strays.push(stray.takeDown());
  }

  #recordStatus(data: Readonly<Record<string, unknown>>): void {
    this.#deps.journal.save(this.#call);
    this.#deps.journal.note(this.#call, `call.${this.#call.status}`, data);
  }
}
