// Events of the carrier for calls that are not live here any more: a leg that comes to life after its call was given up is
// taken down. And bills, which come minutes later, and may come again after a restart or at another node: each gets into
// the record once.

import type { Backoff } from '../../lib/backoff';
import { InTurn } from '../../lib/in-turn';
import type { Call } from '../call';
import type { CallJournal } from '../journal/call-journal';
import { CallRecord } from '../call-record';
import { isTerminal } from '../call-state';
import { CarrierLeg, type CarrierLegDeps } from '../carrier-leg';
import { type Charge, knownAmountOf } from '../cost';
import type { CarrierEvent } from '../ports';
import type { CallStore, SpendingLimit } from '../record-ports';
import { withRetries } from '../retry';

// A database that is away for longer has more to tell, when it is back, than what came late.
const WRITTEN_LIMIT_MS = 10 * 60_000;

// A leg that should not be up is worth much patience with the database.
const FIND_TRIES = 8;
const FIND_BACKOFF: Backoff = { firstMs: 100, capMs: 5_000 };

/** What late events are dealt with by. */
export type LateEventsDeps = CarrierLegDeps & {
  readonly store: Pick<CallStore, 'find' | 'isCharged'>;
  readonly journal: CallJournal;
  readonly budget: SpendingLimit;
  /** The bill of a call that is live here; undefined for any other. */
  readonly liveBill: (callId: string) => Bill | undefined;
};

/** Where charges of a call are added. */
type Bill = Pick<CallRecord, 'addCarrierCharge'>;

/** Takes the events of calls that are over, and the bills of all. Idempotent `close()`. */
export class LateEvents {
  readonly #deps: LateEventsDeps;
  /** Legs on their way down, by the id that the carrier gave them. */
  readonly #legs = new Map<string, CarrierLeg>();
  /** Changes of one call, one after the other: each adds to what the record says. */
  readonly #changes = new InTurn();
  readonly #closed = new AbortController();

  constructor(deps: LateEventsDeps) {
    this.#deps = deps;
  }

  /** Rejects when the record cannot be read for long: a leg is left to the comparison with the carrier, a bill is lost. */
  async take(callId: string, event: CarrierEvent): Promise<void> {
    if (event.type === 'leg.ended') return this.#legs.get(event.carrierCallId)?.markDown();
    if (event.type === 'leg.cost') return this.#changes.run(callId, () => this.#bill(callId, event.charge));
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
    this.#changes
      .run(callId, () => this.#change(callId, close))
      .catch((error: unknown) => {
        this.#deps.log.error('That a leg is down could not be recorded', { callId, error });
      });
  }

  /** The server stops: a record that cannot be read now is not asked for again. */
  close(): void {
    this.#closed.abort();
  }

  /** Resolves when no leg is on its way down. */
  async whenIdle(): Promise<void> {
    await Promise.all([...this.#legs.values()].map((leg) => leg.takeDown()));
  }

  #find(callId: string): Promise<Call | undefined> {
    return this.#read((store) => store.find(callId));
  }

  async #read<T>(read: (store: LateEventsDeps['store']) => Promise<T>): Promise<T> {
    const { clock, journal, store } = this.#deps;
    // What was noted last, the end of the call perhaps, may still be on its way.
    await journal.flush(WRITTEN_LIMIT_MS);
    const { signal } = this.#closed;
    const policy = { tries: FIND_TRIES, backoff: FIND_BACKOFF, onFailure: () => true, signal };
    return withRetries(clock, policy, () => read(store));
  }

  async #bill(callId: string, charge: Charge): Promise<void> {
    const { liveBill, budget } = this.#deps;
    if (await this.#read((store) => store.isCharged(callId, charge))) return;
    const add = (bill: Bill): void => {
      bill.addCarrierCharge(charge);
      budget.add(knownAmountOf(charge));
    };
    const live = liveBill(callId);
    if (live) add(live);
    else await this.#change(callId, add);
  }

  #change(callId: string, change: (record: CallRecord) => void): Promise<void> {
    const amend = (call: Call): void => change(new CallRecord(call, this.#deps));
    return this.#deps.journal.amend(callId, () => this.#find(callId), amend);
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
