// Events of the carrier for calls that are not live here any more: a leg that comes to life after its call was given up is
// taken down, and a bill that comes minutes later still gets into the record.

import type { Backoff } from '../lib/backoff';
import type { Call } from './call';
import type { CallJournal } from './call-journal';
import { CallRecord } from './call-record';
import { isTerminal } from './call-state';
import { CarrierLeg, type CarrierLegDeps } from './carrier-leg';
import { type Charge, knownAmountOf } from './cost';
import type { CarrierEvent } from './ports';
import type { CallStore, SpendingLimit } from './record-ports';
import { withRetries } from './retry';

// A database that is away for longer has more to tell, when it is back, than what came late.
const WRITTEN_LIMIT_MS = 10 * 60_000;

// A leg that should not be up is worth much patience with the database.
const FIND_TRIES = 8;
const FIND_BACKOFF: Backoff = { firstMs: 100, capMs: 5_000 };

/** What late events are dealt with by. */
export type LateEventsDeps = CarrierLegDeps & {
  readonly store: Pick<CallStore, 'find'>;
  readonly journal: CallJournal;
  readonly budget: SpendingLimit;
};

/** Takes the events of calls that are over. */
export class LateEvents {
  readonly #deps: LateEventsDeps;
  /** Legs on their way down, by the id that the carrier gave them. */
  readonly #legs = new Map<string, CarrierLeg>();
  /** One change after the other: each adds to what the record says. */
  #changing: Promise<void> = Promise.resolve();

  constructor(deps: LateEventsDeps) {
    this.#deps = deps;
  }

  /** Rejects when the record cannot be read for long: a leg is left to the comparison with the carrier, a bill is lost. */
  async take(callId: string, event: CarrierEvent): Promise<void> {
    if (event.type === 'leg.ended') return this.#legs.get(event.carrierCallId)?.markDown();
    if (event.type === 'leg.cost') return this.#change(callId, (record) => this.#bill(record, event.charge));
    const isAlive = event.type === 'leg.ringing' || event.type === 'leg.answered' || event.type === 'stream.started';
    if (!isAlive) return;
    // Another server may share the carrier's account: only calls in our record are ours.
    const call = await this.#find(callId);
    // One that is not over lives on another node.
    if (call && isTerminal(call.status)) await this.#takeDown(callId, event.carrierCallId);
  }

  /** A leg that the carrier would not hang up for long is down at last. */
  onLegDown(callId: string): void {
    const close = (record: CallRecord): void => {
      record.change({ mayHaveLeg: false });
      record.note('leg.down');
    };
    this.#change(callId, close).catch((error: unknown) => {
      this.#deps.log.error('That a leg is down could not be recorded', { callId, error });
    });
  }

  /** Resolves when no leg is on its way down. */
  async whenIdle(): Promise<void> {
    await Promise.all([...this.#legs.values()].map((leg) => leg.takeDown()));
  }

  async #find(callId: string): Promise<Call | undefined> {
    const { clock, journal, store } = this.#deps;
    // What was noted last, the end of the call perhaps, may still be on its way.
    await journal.flush(WRITTEN_LIMIT_MS);
    const policy = { tries: FIND_TRIES, backoff: FIND_BACKOFF, onFailure: () => true };
    return withRetries(clock, policy, () => store.find(callId));
  }

  #bill(record: CallRecord, charge: Charge): void {
    record.addCarrierCharge(charge);
    this.#deps.budget.add(knownAmountOf(charge));
  }

  #change(callId: string, change: (record: CallRecord) => void): Promise<void> {
    const amend = (call: Call): void => change(new CallRecord(call, this.#deps));
    const changed = this.#changing.then(() => this.#deps.journal.amend(callId, () => this.#find(callId), amend));
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  /** The call was given up (its dial was never answered, say), and now its phone rings after all. */
  async #takeDown(callId: string, carrierCallId: string): Promise<void> {
    if (this.#legs.has(carrierCallId)) return;
    this.#deps.log.warn('The carrier reports a live leg for a call that is over, hanging it up', { callId });
    const leg = new CarrierLeg(callId, this.#deps);
    leg.learn(carrierCallId);
    this.#legs.set(carrierCallId, leg);
    await leg.takeDown();
    this.#legs.delete(carrierCallId);
  }
}
