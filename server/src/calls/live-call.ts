// One call while it lives: applies what happens to the pure state, performs the effects, and closes in one place.

import { assertNever } from '../lib/assert-never';
import type { Call } from './call';
import { closeCall, needsLastWords } from './call-closing';
import { type CallParts, callParts, type LiveCallDeps } from './call-parts';
import { type CallEvent, isTerminal, transition } from './call-state';
import type { DialOutcome } from './carrier-leg';
import type { ConversationEvent } from './conversation-events';
import type { CarrierStream, OrderRefusal } from './conversation-ports';
import { type Charge, knownAmountOf } from './cost';
import { dialRequest } from './dial-request';
import { type EndCall, endCall, type EndReason, experienced } from './end-call';
import { guardedClock } from './fault-guard';
import type { CarrierEvent } from './ports';
import type { WatchedCall } from './upkeep/reaper';
import type { Talk } from './talk';
import type { TransferOrder } from './admission/transfer-places';

/** A call from its first dial to the moment when nothing of it is left. */
export class LiveCall {
  readonly #deps: LiveCallDeps;
  readonly #parts: CallParts;
  readonly #onClosed: (closed: LiveCall) => void;
  /** Aborted at the end: a dial that is not yet repeated will not be. */
  readonly #over = new AbortController();
  /** When the carrier last gave a sign of life. */
  #heardAtMs: number;
  /** The AI failed while the callee was being transferred: this holds if the transfer fails too. */
  #failure: EndCall | undefined;

  constructor(call: Call, deps: LiveCallDeps, onClosed: (closed: LiveCall) => void) {
    // Whatever goes wrong in one call ends that call, and nothing else.
    this.#deps = { ...deps, clock: guardedClock(deps.clock, (error) => this.#onFault(error)) };
    this.#onClosed = onClosed;
    this.#heardAtMs = deps.clock.monotonicMs();
    this.#parts = callParts(call, this.#deps, {
      end: (verdict) => void this.end(verdict),
      onEvent: (event) => this.#onConversationEvent(event),
    });
  }

  get call(): Call {
    return this.#parts.record.call;
  }

  get isOver(): boolean {
    return isTerminal(this.call.status);
  }

  /** True while the callee is being transferred, or has been. */
  get isTransferring(): boolean {
    const { transfer } = this.#parts;
    return transfer.isUnderWay || transfer.isBridged;
  }

  /** True while both legs are joined. */
  get isStreaming(): boolean {
    return this.talk.isStreaming && !this.isOver;
  }

  /** The call as the comparison with the carrier sees it. */
  get watched(): WatchedCall {
    const { callId } = this.call;
    const { carrierCallId } = this.#parts.leg;
    const quietSinceMs = this.isStreaming ? undefined : this.#heardAtMs;
    return { callId, carrierCallId, quietSinceMs, isOver: this.isOver, isTransferring: this.isTransferring };
  }

  /** The conversation, from the moment the carrier has taken the dial. */
  get talk(): Talk {
    return this.#parts.talk;
  }

  /** Dials. Whatever becomes of it arrives as a status. */
  async start(): Promise<void> {
    const { leg } = this.#parts;
    const { mediaEndpoint, deadlines } = this.#deps;
    const stream = mediaEndpoint.issueStream(this.call.callId);
    const request = dialRequest(this.call, { stream, deadlines, signal: this.#over.signal });
    this.#onDialled(await leg.dial(request));
  }

  /** Takes one event of the carrier; late, doubled and reordered ones are ordinary. */
  onCarrierEvent(event: CarrierEvent): void {
    this.#guarded(() => this.#handle(event));
  }

  /** The carrier says that the leg is gone. */
  onLegEnded(verdict: EndCall): void {
    const { leg, lastWords, transfer } = this.#parts;
    leg.markDown();
    lastWords.onSpoken();
    const wasAnswered = this.call.status === 'in-progress';
    this.end(experienced(verdict, { wasAnswered, wasTransferred: transfer.isBridged }));
  }

  /** Joins the carrier's stream; returns false when the call is over or has another leg. */
  attachStream(stream: CarrierStream, carrierCallId: string): boolean {
    const { leg, transfer, talk } = this.#parts;
    if (this.isOver || transfer.isBridged || !leg.learn(carrierCallId)) return false;
    this.#guarded(() => {
      talk.open(this.call);
      talk.attach(stream);
    });
    return !this.isOver;
  }

  /** Replaces the instructions, from the next response on or from the beginning. */
  setInstructions(instructions: string): void {
    const { record, talk } = this.#parts;
    record.change({ instructions });
    record.note('instructions.changed', { instructions });
    talk.setInstructions(instructions);
  }

  /** Plays touch tones to the callee; rejects with CarrierError. */
  sendDigits(digits: string): Promise<void> {
    return this.#parts.controls.sendDigits(digits);
  }

  /** The carrier has charged something. */
  addCarrierCharge(charge: Charge): void {
    this.#parts.record.addCarrierCharge(charge);
  }

  /** Has the agent transfer the callee; returns why not. @throws what admission throws */
  transfer(order: TransferOrder): Promise<OrderRefusal | undefined> {
    return this.#parts.places.order(order);
  }

  /** Says goodbye because of `reason` and ends; a call in which nobody could say it ends at once. */
  leave(reason: EndReason): void {
    if (this.isStreaming && !this.isTransferring) this.#guarded(() => this.talk.leave(reason));
    else this.end(endCall(reason));
  }

  /**
   * The one way out. The first verdict wins; returns false for later ones. The status is final at once; the legs are
   * closed behind it, and `onClosed` is called when nothing is left.
   */
  end(verdict: EndCall): boolean {
    const event: CallEvent = { type: 'call.ended', status: verdict.status };
    if (this.#over.signal.aborted || transition(this.call.status, event).kind !== 'apply') return false;
    const { record, timers, leg, transfer, talk } = this.#parts;
    const wasAnswered = this.call.status === 'in-progress';
    this.#over.abort();
    timers.clearAll();
    this.#deps.mediaEndpoint.revoke(this.call.callId);
    transfer.close();
    talk.close(this.call.callId);
    record.moveTo({ status: verdict.status, carrierCallId: leg.carrierCallId }, verdict);
    const isHeard = wasAnswered && !leg.isDown && !transfer.isBridged;
    void this.#close(isHeard && needsLastWords(verdict));
    return true;
  }

  async #close(hasLastWords: boolean): Promise<void> {
    const { deadlines, journal } = this.#deps;
    await closeCall({ ...this.#deps, ...this.#parts }, hasLastWords ? deadlines.lastWordsMs : 0);
    this.#parts.timers.clearAll();
    // Whoever asks for the call now gets it from here; once it is gone, from the record.
    await journal.flush();
    this.#onClosed(this);
  }

  #guarded(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** Something of ours failed in a way that nobody foresaw. */
  #onFault(error: unknown): void {
    this.#deps.log.error('A fault ended a call', { callId: this.call.callId, error });
    this.end(endCall('internal-error'));
  }

  #handle(event: CarrierEvent): void {
    const { record, leg, strays, transfer, stream, talk, lastWords } = this.#parts;
    this.#heardAtMs = this.#deps.clock.monotonicMs();
    // The service sees to it that it is added once.
    if (event.type === 'leg.cost') return;
    if (event.leg === 'transfer') return transfer.onTargetEvent(event);
    if (!leg.learn(event.carrierCallId)) return strays.onEvent(event);
    switch (event.type) {
      case 'leg.ringing':
      case 'leg.answered':
        return this.#apply({ type: event.type });
      case 'leg.ended':
        return this.onLegEnded(event.verdict);
      case 'leg.bridged':
        return transfer.onBridged();
      case 'digit.received':
      case 'machine.detected':
      case 'machine.greeting-ended':
        return talk.onCarrierEvent(event);
      case 'stream.failed':
        record.note('stream.failed', { failure: event.failure });
        return this.isOver || transfer.isBridged ? undefined : stream.onFailed(event.failure);
      case 'speech.ended':
        return leg.onSpeechEnded() ? lastWords.onSpoken() : undefined;
      case 'stream.started':
      case 'stream.stopped':
      case 'other':
        return;
      default:
        return assertNever(event);
    }
  }

  /** The dial's answer may come after the webhooks of the same dial; what these say is newer. */
  #onDialled(outcome: DialOutcome): void {
    const { record, leg, strays, timers } = this.#parts;
    if (outcome.kind === 'accepted') {
      if (leg.carrierCallId !== outcome.carrierCallId) strays.takeDown(outcome.carrierCallId);
      if (!this.isOver) this.#apply({ type: 'dial.accepted' });
      return;
    }
    if (this.call.status !== 'queued') return;
    if (outcome.kind === 'failed') return void this.end(outcome.verdict);
    record.note('dial.unanswered');
    timers.set('dial-outcome', this.#deps.deadlines.dialOutcomeMs, () => this.end(outcome.verdict));
  }

  #apply(event: CallEvent): void {
    const { record, leg, talk } = this.#parts;
    const result = transition(this.call.status, event);
    if (result.kind === 'ignore') return;
    record.moveTo({ status: result.status, carrierCallId: leg.carrierCallId });
    if (result.status === 'in-progress') this.#onAnswered();
    else this.#awaitAnswer();
    talk.open(this.call);
  }

  #awaitAnswer(): void {
    const { timers } = this.#parts;
    const { ringTimeoutSeconds, ringGraceMs } = this.#deps.deadlines;
    timers.clear('dial-outcome');
    timers.set('ring', ringTimeoutSeconds * 1000 + ringGraceMs, () => this.end(endCall('ring-deadline-passed')));
  }

  #onAnswered(): void {
    const { timers, limit, stream } = this.#parts;
    timers.clear('dial-outcome');
    timers.clear('ring');
    limit.start();
    if (!this.isStreaming) stream.await();
  }

  #onConversationEvent(event: ConversationEvent): void {
    const { record, stream } = this.#parts;
    const { type, ...data } = event;
    switch (event.type) {
      case 'usage.added':
        record.addUsage(event.usage, event.charge);
        return this.#deps.budget.add(knownAmountOf(event.charge));
      case 'conversation.failed':
        return this.#onFailed(event.verdict);
      default:
        record.note(type, data);
    }
    if (this.#over.signal.aborted) return;
    if (event.type === 'stream.started') this.#onStreamStarted();
    if (event.type === 'transfer.bridged') this.#onBridged();
    // A stream that ends during a transfer may end because of it; when that fails, it is needed again.
    if (event.type === 'transfer.failed' && !this.isStreaming) this.#onTransferFailed();
    if (this.isTransferring) return;
    if (event.type === 'stream.stopped') stream.onGone(endCall('callee-hung-up'));
    if (event.type === 'stream.lost') stream.onLost(event.closeCode);
  }

  /** While another party is called, the callee may not need the AI any more. */
  #onFailed(verdict: EndCall): void {
    if (!this.isTransferring) return void this.end(verdict);
    this.#failure = verdict;
    this.talk.close(this.call.callId);
  }

  #onTransferFailed(): void {
    if (this.#failure) this.end(this.#failure);
    else this.#parts.stream.await();
  }

  /** The other two talk to each other now: the AI leaves, the call goes on until one of them hangs up. */
  #onBridged(): void {
    const { stream, timers } = this.#parts;
    stream.onStarted();
    // After this turn of the event loop: the tool that asked for it gets into the record first.
    timers.set('leave', 0, () => this.talk.close(this.call.callId));
  }

  /** The carrier opens the stream of a dialled call when it is answered: this stands in for a lost webhook. */
  #onStreamStarted(): void {
    this.#parts.stream.onStarted();
    this.#apply({ type: 'leg.answered' });
  }
}
