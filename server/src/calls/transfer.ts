// Connecting the callee with somebody else: rings the other party at the carrier, follows their leg, and tells whether
// they were joined. Webhooks may be lost or late: a deadline covers what never comes.

import type { TransferOutcome } from './agent-ports';
import type { CallTimers, Deadlines } from './call-timers';
import { CarrierLeg, type CarrierLegDeps } from './carrier-leg';
import type { ConversationEvent } from './conversation-events';
import { carrierLimitSeconds } from './dial-request';
import type { EndDetails } from './end-call';
import { CarrierError, carrierFacts } from './errors';
import type { CarrierEvent } from './ports';
import type { TransferPlaces } from './admission/transfer-places';
import type { StrayLegs } from './stray-legs';

/** What a transfer works with. */
export type TransferDeps = CarrierLegDeps & {
  readonly timers: CallTimers;
  readonly deadlines: Deadlines;
  readonly strays: StrayLegs;
  /** Caller id that the other party sees. */
  readonly from: string;
  readonly places: Pick<TransferPlaces, 'forDial' | 'drop'>;
  readonly remainingMs: () => number;
  readonly report: (event: TransferEvent) => void;
  /** The other party has left, and the carrier should hang up the callee. */
  readonly onTargetLeft: () => void;
};

type TransferEvent = Extract<ConversationEvent, { type: `transfer.${string}` }>;

type Attempt = { readonly to: string; readonly settle: (outcome: TransferOutcome) => void };

/** The transfer of one call; one attempt at a time. */
export class Transfer {
  readonly #deps: TransferDeps;
  readonly #callee: CarrierLeg;
  /** Of the attempt; webhooks of earlier ones may come late. */
  #number = 0;
  #target: CarrierLeg | undefined;
  #attempt: Attempt | undefined;
  #isBridged = false;
  #isOver = false;

  constructor(callee: CarrierLeg, deps: TransferDeps) {
    this.#callee = callee;
    this.#deps = deps;
  }

  get isUnderWay(): boolean {
    return this.#attempt !== undefined;
  }

  /** True once the callee talks to the other party. */
  get isBridged(): boolean {
    return this.#isBridged;
  }

  /** Rings the other party; resolves when it is known what became of it. */
  async start(to: string): Promise<TransferOutcome> {
    if (this.#isOver) return { status: 'failed', reason: 'the call is over' };
    if (this.#attempt || this.#isBridged) return { status: 'failed', reason: 'another transfer is under way' };
    const outcome = new Promise<TransferOutcome>((settle) => {
      this.#attempt = { to, settle };
    });
    await this.#begin(to);
    return outcome;
  }

  async #begin(to: string): Promise<void> {
    const attempt = this.#attempt;
    const place = await this.#deps.places.forDial(to);
    const isWanted = attempt !== undefined && this.#attempt === attempt;
    if ('status' in place) return isWanted ? this.#fail(place.reason, place.details) : undefined;
    if (isWanted) this.#ring(to);
    else place.withdraw();
  }

  #ring(to: string): void {
    const { timers, deadlines, report, log } = this.#deps;
    const { callId } = this.#callee;
    this.#target = new CarrierLeg(callId, this.#deps);
    this.#number += 1;
    report({ type: 'transfer.started', to });
    const ringTimeoutSeconds = deadlines.transferRingSeconds;
    timers.set('transfer', ringTimeoutSeconds * 1000 + deadlines.ringGraceMs, () => this.#fail('nobody answered'));
    const timeLimitSeconds = carrierLimitSeconds(this.#deps.remainingMs());
    const request = { to, from: this.#deps.from, attempt: this.#number, ringTimeoutSeconds, timeLimitSeconds };
    this.#callee.transfer(request).catch((error: unknown) => {
      log.warn('The transfer could not be ordered', { callId, error });
      // Without an answer it may have been carried out all the same: then webhooks and the deadline tell.
      const isUnknown = error instanceof CarrierError && error.failure === 'outcome-unknown';
      if (!isUnknown) this.#fail('the carrier refused it', carrierFacts(error));
    });
  }

  /** An event of the other party's leg. */
  onTargetEvent(event: CarrierEvent): void {
    const isOfThisAttempt = (event.transferAttempt ?? this.#number) === this.#number;
    // One that rings on behalf of an attempt that was given up.
    if (!isOfThisAttempt || !this.#target?.learn(event.carrierCallId)) return this.#deps.strays.onEvent(event);
    if (event.type === 'leg.answered' || event.type === 'leg.bridged') return this.onBridged();
    if (event.type !== 'leg.ended') return;
    this.#target.markDown();
    if (this.#isBridged) return this.#deps.onTargetLeft();
    this.#fail(REASONS[event.verdict.reason] ?? 'the call could not be connected');
  }

  /** The callee is joined with the other party. An answer counts: the carrier joins them by itself. */
  onBridged(): void {
    if (!this.#attempt) return;
    this.#isBridged = true;
    this.#settle({ status: 'bridged' });
  }

  /** The callee is not to be connected after all; one who is already stays so. */
  cancel(): void {
    this.#fail('it was canceled');
  }

  /** The call is over: the other party must not go on ringing. Nothing is begun from this moment on. */
  close(): void {
    this.#isOver = true;
    this.#deps.places.drop();
    this.#settle({ status: 'failed', reason: 'the call is over' });
    this.#letGo();
  }

  #fail(reason: string, details?: EndDetails): void {
    if (!this.#attempt) return;
    this.#settle({ status: 'failed', reason, details });
    this.#letGo();
  }

  #letGo(): void {
    if (this.#target) this.#deps.strays.letGo(this.#target);
    this.#target = undefined;
  }

  #settle(outcome: TransferOutcome): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    this.#attempt = undefined;
    const { timers, report } = this.#deps;
    timers.clear('transfer');
    const { to } = attempt;
    if (outcome.status === 'bridged') report({ type: 'transfer.bridged', to });
    else report({ type: 'transfer.failed', to, reason: outcome.reason, details: outcome.details });
    attempt.settle(outcome);
  }
}

/** For the model to tell the callee. */
const REASONS: Readonly<Record<string, string>> = {
  'callee-busy': 'the line was busy',
  'callee-declined': 'the call was declined',
  'callee-no-answer': 'nobody answered',
  'callee-hung-up': 'nobody answered',
  'carrier-canceled': 'nobody answered',
  'number-unreachable': 'the number could not be reached',
};
