// The record of one live call as it grows: its present version, and every change and event written down as it happens.

import { addUsage, type Call, type CallUsage, withStatus } from './call';
import type { CallJournal } from './journal/call-journal';
import type { CallStatus } from './call-state';
import { type Charge, knownAmountOf } from './cost';
import type { EndCall } from './end-call';
import type { Clock } from './ports';

/** What a record works with. */
export type CallRecordDeps = { readonly journal: Pick<CallJournal, 'note' | 'save'>; readonly clock: Clock };

type Changes = Partial<Pick<Call, 'instructions' | 'carrierCallId' | 'mayHaveLeg' | 'recording'>>;

/** Where a call has got to. */
export type Progress = { readonly status: CallStatus; readonly carrierCallId: string | undefined };

/** The record of one call. */
export class CallRecord {
  readonly #deps: CallRecordDeps;
  #call: Call;

  constructor(call: Call, deps: CallRecordDeps) {
    this.#call = call;
    this.#deps = deps;
  }

  /** The call as it is now. */
  get call(): Call {
    return this.#call;
  }

  /** Adds an entry to the timeline. */
  note(type: string, data?: Readonly<Record<string, unknown>>): void {
    this.#deps.journal.note(this.#call, type, data);
  }

  /** Notes what else is known of the call. */
  change(changes: Changes): void {
    this.#call = { ...this.#call, ...changes };
    this.#save();
  }

  /** The call got further, or to its end. */
  moveTo({ status, carrierCallId }: Progress, verdict?: EndCall): void {
    const moved = withStatus(this.#call, status, this.#deps.clock.nowMs());
    this.#call = { ...moved, carrierCallId, ...(verdict ? { verdict } : {}) };
    this.#save();
    this.note(`call.${status}`, verdict ? { verdict } : {});
  }

  /** The AI has used something. */
  addUsage(usage: CallUsage, charge: Charge): void {
    this.#call = { ...this.#call, usage: addUsage(this.#call.usage, usage) };
    this.#save();
    this.note('usage.added', { charge });
  }

  /** The carrier has charged something; in whatever money that was, it was not nothing. */
  addCarrierCharge(charge: Charge): void {
    if (charge.items.some(({ amountUsd }) => amountUsd !== null)) {
      const carrierCostUsd = (this.#call.carrierCostUsd ?? 0) + knownAmountOf(charge);
      this.#call = { ...this.#call, carrierCostUsd };
      this.#save();
    }
    this.note('usage.added', { charge });
  }

  #save(): void {
    this.#deps.journal.save(this.#call);
  }
}
