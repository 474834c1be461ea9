// One call while it lives: applies what happens to the pure state, performs the effects, and closes in one place.

import { assertNever } from '../lib/assert-never';
import { addUsage, type Call, withStatus } from './call';
import type { CallJournal } from './call-journal';
import { CallLimit } from './call-limit';
import { type CallEvent, isTerminal, transition } from './call-state';
import { CallTimers, type Deadlines } from './call-timers';
import { CarrierLeg, type DialOutcome } from './carrier-leg';
import type { CallControls, OpenConversation } from './agent-ports';
import type { CarrierStream, ConversationEvent } from './conversation-ports';
import { dialRequest } from './dial-request';
import { type EndCall, endCall, experienced } from './end-call';
import { LastWords } from './last-words';
import type { Carrier, CarrierEvent, Clock, Logger, MediaEndpoint } from './ports';
import { StrayLegs } from './stray-legs';
import { StreamStart } from './stream-start';
import { Talk } from './talk';
import { Transfer } from './transfer';

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
  readonly #limit: CallLimit;
  readonly #strays: StrayLegs;
  readonly #lastWords: LastWords;
  readonly #transfer: Transfer;
  /** The conversation, from the moment the carrier has taken the dial. */
  readonly talk: Talk;
  #call: Call;
  /** The AI failed while the callee was being transferred: this holds if the transfer fails too. */
  #failure: EndCall | undefined;

  constructor(call: Call, deps: LiveCallDeps, onClosed: (closed: LiveCall) => void) {
    this.#call = call;
    this.#deps = deps;
    this.#onClosed = onClosed;
    this.#timers = new CallTimers(deps.clock);
    this.#leg = new CarrierLeg(call.callId, deps);
    const parts = { ...deps, leg: this.#leg, timers: this.#timers };
    this.#lastWords = new LastWords(this.#leg, parts);
    this.talk = new Talk({ ...deps, controls: this.#controls() });
    const onReached = (): void => void this.end(endCall('max-duration-reached'));
    this.#limit = new CallLimit(call.maxDurationSeconds, { ...parts, onReached });
    this.#strays = new StrayLegs(call.callId, deps);
    this.#transfer = new Transfer(this.#leg, {
      ...parts,
      strays: this.#strays,
      from: call.from,
      remainingMs: () => this.#limit.remainingMs,
      report: (event) => this.#onConversationEvent(event),
      onTargetLeft: () => this.#stream.onGone(endCall('transferred')),
    });
    this.#stream = new StreamStart({
      ...parts,
      onRequested: (attempt) => deps.journal.note(this.#call, 'stream.requested', { attempt }),
      giveUp: (verdict) => this.end(verdict),
    });
  }

  get call(): Call {
    return this.#call;
  }

  get isOver(): boolean {
    return isTerminal(this.#call.status);
  }

  /** True while the callee is being transferred, or has been. */
  get isTransferring(): boolean {
    return this.#transfer.isUnderWay || this.#transfer.isBridged;
  }

  /** True while both legs are joined. */
  get isStreaming(): boolean {
    return this.talk.isStreaming && !this.isOver;
  }

  /** Dials. Whatever becomes of it arrives as a status. */
  async start(): Promise<void> {
    if (this.isOver) return;
    const { mediaEndpoint, deadlines, journal } = this.#deps;
    journal.note(this.#call, 'call.queued');
    const stream = mediaEndpoint.issueStream(this.#call.callId);
    const request = dialRequest(this.#call, { stream, deadlines, signal: this.#over.signal });
    this.#onDialled(await this.#leg.dial(request));
  }

  /** Takes one event of the carrier; late, doubled and reordered ones are ordinary. */
  onCarrierEvent(event: CarrierEvent): void {
    if (event.leg === 'transfer') return this.#transfer.onTargetEvent(event);
    if (!this.#leg.learn(event.carrierCallId)) {
      if (event.type !== 'leg.ended') this.#strays.takeDown(event.carrierCallId);
      return;
    }
    switch (event.type) {
      case 'leg.ringing':
      case 'leg.answered':
        return this.#apply({ type: event.type });
      case 'leg.ended':
        this.#leg.markDown();
        this.#lastWords.onSpoken();
        return void this.end(
          experienced(event.verdict, {
            wasAnswered: this.#call.status === 'in-progress',
            wasTransferred: this.#transfer.isBridged,
          }),
        );
      case 'leg.bridged':
        return this.#transfer.onBridged();
      case 'digit.received':
      case 'machine.detected':
      case 'machine.greeting-ended':
        return this.talk.onCarrierEvent(event);
      case 'stream.failed':
        this.#deps.journal.note(this.#call, 'stream.failed', { failure: event.failure });
        return this.isOver || this.#transfer.isBridged ? undefined : this.#stream.onFailed(event.failure);
      case 'speech.ended':
        return this.#lastWords.onSpoken();
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
    if (this.isOver || this.#transfer.isBridged || !this.#leg.learn(carrierCallId)) return false;
    this.talk.open(this.#call);
    this.talk.attach(stream);
    return !this.isOver;
  }

  /** Replaces the instructions, from the next response on or from the beginning. */
  setInstructions(instructions: string): void {
    this.#call = { ...this.#call, instructions };
    this.#deps.journal.save(this.#call);
    this.#deps.journal.note(this.#call, 'instructions.changed', { instructions });
    this.talk.setInstructions(instructions);
  }

  /** Plays touch tones to the callee; rejects with CarrierError. */
  async sendDigits(digits: string): Promise<void> {
    await this.#leg.sendDigits(digits);
    this.#onConversationEvent({ type: 'dtmf.sent', digits });
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
    void this.#transfer.takeDown();
    this.talk.close(this.#call.callId);
    const { carrierCallId } = this.#leg;
    this.#call = { ...withStatus(this.#call, verdict.status, this.#deps.clock.nowMs()), verdict, carrierCallId };
    this.#recordStatus({ verdict });
    const needsLastWords = verdict.status === 'failed' && !this.#leg.isDown && !this.#transfer.isBridged;
    void this.#close(wasAnswered && needsLastWords);
    return true;
  }

  async #close(needsLastWords: boolean): Promise<void> {
    if (needsLastWords) await this.#lastWords.say(this.#deps.deadlines.lastWordsMs);
    await Promise.all([this.#leg.takeDown(), this.#transfer.takeDown(), this.#strays.whenDown()]);
    this.#call = { ...this.#call, carrierCallId: this.#leg.carrierCallId };
    this.#deps.journal.save(this.#call);
    this.#deps.journal.note(this.#call, this.#leg.isUp ? 'leg.abandoned' : 'leg.down');
    this.#timers.clearAll();
    // Whoever asks for the call now gets it from here; once it is gone, from the record.
    await this.#deps.journal.flush();
    this.#onClosed(this);
  }

  /** The dial's answer may come after the webhooks of the same dial; what these say is newer. */
  #onDialled(outcome: DialOutcome): void {
    if (outcome.kind === 'accepted') {
      if (this.#leg.carrierCallId !== outcome.carrierCallId) this.#strays.takeDown(outcome.carrierCallId);
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
    this.talk.open(this.#call);
  }

  #awaitAnswer(): void {
    const { ringTimeoutSeconds, ringGraceMs } = this.#deps.deadlines;
    this.#timers.clear('dial-outcome');
    this.#timers.set('ring', ringTimeoutSeconds * 1000 + ringGraceMs, () => this.end(endCall('ring-deadline-passed')));
  }

  #onAnswered(): void {
    this.#timers.clear('dial-outcome');
    this.#timers.clear('ring');
    this.#limit.start();
    if (!this.isStreaming) this.#stream.await();
  }

  #controls(): CallControls {
    return {
      remainingMs: () => this.#limit.remainingMs,
      end: (reason, details) => void this.end(endCall(reason, details)),
      sendDigits: (digits) => this.sendDigits(digits),
      transfer: (to) => this.#transfer.start(to),
      cancelTransfer: () => this.#transfer.cancel(),
      report: (event) => this.#onConversationEvent(event),
    };
  }

  #onConversationEvent(event: ConversationEvent): void {
    const { type, ...data } = event;
    switch (event.type) {
      case 'usage.added':
        this.#call = { ...this.#call, usage: addUsage(this.#call.usage, event.usage) };
        return this.#deps.journal.save(this.#call);
      case 'conversation.failed':
        return this.#onFailed(event.verdict);
      default:
        this.#deps.journal.note(this.#call, type, data);
    }
    if (this.#over.signal.aborted) return;
    if (event.type === 'stream.started') this.#onStreamStarted();
    if (event.type === 'transfer.bridged') this.#onBridged();
    // A stream that ends during a transfer may end because of it; when that fails, it is needed again.
    if (event.type === 'transfer.failed' && !this.isStreaming) this.#onTransferFailed();
    if (this.isTransferring) return;
    if (event.type === 'stream.stopped') this.#stream.onGone(endCall('callee-hung-up'));
    if (event.type === 'stream.lost') this.#stream.onGone(endCall('stream-lost', { closeCode: event.closeCode }));
  }

  /** While another party is called, the callee may not need the AI any more. */
  #onFailed(verdict: EndCall): void {
    if (!this.isTransferring) return void this.end(verdict);
    this.#failure = verdict;
    this.talk.close(this.#call.callId);
  }

  #onTransferFailed(): void {
    if (this.#failure) this.end(this.#failure);
    else this.#stream.await();
  }

  /** The other two talk to each other now: the AI leaves, the call goes on until one of them hangs up. */
  #onBridged(): void {
    this.#stream.onStarted();
    // After this turn of the event loop: the tool that asked for it gets into the record first.
    this.#timers.set('leave', 0, () => this.talk.close(this.#call.callId));
  }

  /** The carrier opens the stream of a dialled call when it is answered: this stands in for a lost webhook. */
  #onStreamStarted(): void {
    this.#stream.onStarted();
    this.#apply({ type: 'leg.answered' });
  }

  #recordStatus(data: Readonly<Record<string, unknown>>): void {
    this.#deps.journal.save(this.#call);
    this.#deps.journal.note(this.#call, `call.${this.#call.status}`, data);
  }
}
