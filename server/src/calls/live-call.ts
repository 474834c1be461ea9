// One call while it lives: applies what happens to the pure state, performs the effects, and closes in one place.

import { assertNever } from '../lib/assert-never';
import { addUsage, type Call, withStatus } from './call';
import type { CallJournal } from './call-journal';
import { type CallEvent, isTerminal, transition } from './call-state';
import { CallTimers, type Deadlines } from './call-timers';
import { CarrierLeg } from './carrier-leg';
import type { CarrierStream, Conversation, ConversationEvent, OpenConversation } from './conversation-ports';
import { type EndCall, endCall } from './end-call';
import type { Carrier, CarrierEvent, Clock, Logger, MediaEndpoint } from './ports';

/** What the callee hears from the carrier's own voice when the AI is lost. */
const LAST_WORDS = 'We are sorry, we are having technical difficulties. Please try again later. Goodbye.';

// Together with the dial's own request these fit into the stream-start deadline.
const MAX_STREAM_RETRIES = 3;

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
  readonly #onClosed: (closed: LiveCall) => void;
  #call: Call;
  #conversation: Conversation | undefined;
  #streamRetries = 0;
  #streamFailure: string | undefined;
  #onSpoken: (() => void) | undefined;

  constructor(call: Call, deps: LiveCallDeps, onClosed: (closed: LiveCall) => void) {
    this.#call = call;
    this.#deps = deps;
    this.#onClosed = onClosed;
    this.#timers = new CallTimers(deps.clock);
    this.#leg = new CarrierLeg(call.callId, deps);
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
    });
    if (this.isOver) return;
    if (outcome.kind === 'failed') return void this.end(outcome.verdict);
    if (outcome.kind === 'accepted') return this.#apply({ type: 'dial.accepted' });
    journal.note(this.#call, 'dial.unanswered');
    if (this.#call.status !== 'queued') return;
    this.#timers.set('dial-outcome', deadlines.dialOutcomeMs, () => this.end(endCall('dial-outcome-unknown')));
  }

  /** Takes one event of the carrier; late, doubled and reordered ones are ordinary. */
  onCarrierEvent(event: CarrierEvent): void {
    if (!this.#leg.learn(event.carrierCallId)) return this.#onStrayLeg(event);
    switch (event.type) {
      case 'leg.ringing':
      case 'leg.answered':
        return this.#apply({ type: event.type });
      case 'leg.ended':
        this.#leg.markDown();
        this.#onSpoken?.();
        return void this.end(event.verdict);
      case 'stream.failed':
        return this.#onStreamFailed(event.failure);
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
    this.#openConversation().attach(stream);
    return true;
  }

  /** Silences the AI; returns whether it was speaking. */
  interrupt(): boolean {
    return this.#conversation?.interrupt() ?? false;
  }

  /**
   * The one way out. The first verdict wins; returns false for later ones. The status is final at once; the legs are
   * closed behind it, and `onClosed` is called when nothing is left.
   */
  end(verdict: EndCall): boolean {
    const event: CallEvent = { type: 'call.ended', status: verdict.status };
    if (transition(this.#call.status, event).kind !== 'apply') return false;
    const wasAnswered = this.#call.status === 'in-progress';
    this.#timers.clearAll();
    this.#deps.mediaEndpoint.revoke(this.#call.callId);
    this.#conversation?.close();
    this.#call = { ...withStatus(this.#call, verdict.status, this.#deps.clock.nowMs()), verdict };
    this.#recordStatus({ verdict });
    void this.#close(wasAnswered && verdict.status === 'failed' && !this.#leg.isDown);
    return true;
  }

  async #close(needsLastWords: boolean): Promise<void> {
    try {
      if (needsLastWords) await this.#sayLastWords();
      await this.#leg.takeDown();
      this.#deps.journal.note(this.#call, 'leg.down');
      await this.#deps.journal.flush();
    } catch (error) {
      this.#deps.log.error('Closing a call failed', { callId: this.#call.callId, error });
    } finally {
      this.#timers.clearAll();
      this.#onClosed(this);
    }
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

  #apply(event: CallEvent): void {
    const result = transition(this.#call.status, event);
    if (result.kind === 'ignore') return;
    if (result.kind === 'reject') return void this.#leg.takeDown();
    const { carrierCallId } = this.#leg;
    this.#call = { ...withStatus(this.#call, result.status, this.#deps.clock.nowMs()), carrierCallId };
    this.#recordStatus({});
    this.#openConversation();
    if (result.status === 'in-progress') this.#onAnswered();
    else this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    const { ringTimeoutSeconds, ringGraceMs } = this.#deps.deadlines;
    this.#timers.clear('dial-outcome');
    this.#timers.set('ring', ringTimeoutSeconds * 1000 + ringGraceMs, () => this.end(endCall('ring-deadline-passed')));
  }

  #onAnswered(): void {
    const { deadlines } = this.#deps;
    this.#timers.clear('dial-outcome');
    this.#timers.clear('ring');
    const maxDurationMs = this.#call.maxDurationSeconds * 1000;
    this.#timers.set('max-duration', maxDurationMs, () => this.end(endCall('max-duration-reached')));
    if (this.isStreaming) return;
    this.#timers.set('stream-start', deadlines.streamStartMs, () => this.#giveUpStream());
    this.#timers.set('stream-retry', deadlines.streamRetryMs, () => this.#retryStream());
  }

  #openConversation(): Conversation {
    if (!this.#conversation) {
      this.#conversation = this.#deps.openConversation(this.#call, (event) => this.#onConversationEvent(event));
      this.#conversation.open();
    }
    return this.#conversation;
  }

  #onConversationEvent(event: ConversationEvent): void {
    switch (event.type) {
      case 'stream.started':
        return this.#onStreamStarted(event);
      case 'stream.stopped':
        return this.#awaitHangUpReport(endCall('callee-hung-up'), {});
      case 'stream.lost':
        return this.#awaitHangUpReport(endCall('stream-lost', { closeCode: event.closeCode }), event);
      case 'usage.added':
        this.#call = { ...this.#call, usage: addUsage(this.#call.usage, event.usage) };
        return this.#deps.journal.save(this.#call);
      case 'conversation.failed':
        return void this.end(event.verdict);
      default: {
        const { type, ...data } = event;
        return this.#deps.journal.note(this.#call, type, data);
      }
    }
  }

  /** The carrier opens the stream of a dialled call when it is answered: this stands in for a lost webhook. */
  #onStreamStarted(event: { readonly streamId: string; readonly encoding: string }): void {
    this.#deps.journal.note(this.#call, 'stream.started', { streamId: event.streamId, encoding: event.encoding });
    this.#timers.clear('stream-start');
    this.#timers.clear('stream-retry');
    this.#timers.clear('hangup-report');
    this.#apply({ type: 'leg.answered' });
  }

  /** The hang-up's own webhook knows the cause better; it has a moment to arrive. */
  #awaitHangUpReport(otherwise: EndCall, data: Readonly<Record<string, unknown>>): void {
    this.#deps.journal.note(this.#call, otherwise.reason === 'stream-lost' ? 'stream.lost' : 'stream.stopped', data);
    this.#timers.set('hangup-report', this.#deps.deadlines.hangupReportMs, () => this.end(otherwise));
  }

  /** Before the answer a failed stream is the shadow of an unanswered call and needs nothing. */
  #onStreamFailed(failure: string): void {
    this.#streamFailure = failure;
    this.#deps.journal.note(this.#call, 'stream.failed', { failure });
    if (this.#call.status !== 'in-progress' || this.isStreaming) return;
    if (this.#streamRetries >= MAX_STREAM_RETRIES) return this.#giveUpStream();
    // The first failure may be a hiccup; a carrier that fails again needs a moment.
    if (this.#streamRetries === 0) this.#retryStream();
  }

  #retryStream(): void {
    if (this.isOver || this.isStreaming) return;
    if (this.#streamRetries >= MAX_STREAM_RETRIES) return this.#giveUpStream();
    this.#streamRetries += 1;
    this.#timers.set('stream-retry', this.#deps.deadlines.streamRetryMs, () => this.#retryStream());
    this.#deps.journal.note(this.#call, 'stream.requested', { attempt: this.#streamRetries });
    const target = this.#deps.mediaEndpoint.issueStream(this.#call.callId);
    this.#leg.startStream(target).catch((error: unknown) => {
      this.#deps.log.warn('The stream could not be requested', { callId: this.#call.callId, error });
    });
  }

  #giveUpStream(): void {
    this.end(endCall('stream-not-started', { failure: this.#streamFailure, retries: this.#streamRetries }));
  }

  /** A second leg for the same call must never live: it would ring and be billed twice. */
  #onStrayLeg(event: CarrierEvent): void {
    if (event.type === 'leg.ended') return;
    const { callId } = this.#call;
    this.#deps.log.error('The carrier reports a second leg for this call, hanging it up', { callId });
    const stray = new CarrierLeg(callId, this.#deps);
    stray.learn(event.carrierCallId);
    void stray.takeDown();
  }

  #recordStatus(data: Readonly<Record<string, unknown>>): void {
    this.#deps.journal.save(this.#call);
    this.#deps.journal.note(this.#call, `call.${this.#call.status}`, data);
  }
}
