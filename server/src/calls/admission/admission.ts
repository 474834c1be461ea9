// Whether there may be one more call: everything that new calls are held against, in the order in which a refusal is
// cheapest. Whoever is let in keeps a place until the call is on record. Transfers dial somebody too: they pass what counts
// dials.

import {
  CallQuota,
  type CallQuotaDeps,
  type CallQuotaLimits,
  type CountedRequest,
  type EnteredDial,
} from './call-quota';
import { CallRate } from './call-rate';
import { CapacityError, DrainingError, RequestAbandonedError } from '../errors';
import type { Insertion } from '../record-ports';

/** How many calls there may be, and how fast. */
export type CallLimits = CallQuotaLimits & {
  readonly maxConcurrentCalls: number;
  readonly callsPerSecond: number;
};

/** Something that new calls have to pass. */
export type Gate = { check(): void };

/** What admission works with. */
export type AdmissionDeps = CallQuotaDeps & {
  readonly limits: CallLimits;
  /** Whatever else may speak against a new call; each throws the error that says so. */
  readonly gates: readonly Gate[];
};

/** What became of a call that was let in. */
export type Entry = { readonly insertion: Insertion };

/** Lets calls in. Idempotent `close()`. */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #placesTaken: () => number;
  readonly #quota: CallQuota;
  readonly #rate: CallRate;
  /** Those on their way into the record; each has its place already, so that a burst cannot slip past the limit. */
  readonly #entering = new Set<Promise<unknown>>();
  #isClosed = false;

  /** `placesTaken`: how many places are taken by calls on record. */
  constructor(deps: AdmissionDeps, placesTaken: () => number) {
    const { limits, clock } = deps;
    this.#deps = deps;
    this.#placesTaken = placesTaken;
    this.#quota = new CallQuota(deps);
    this.#rate = new CallRate({ callsPerSecond: limits.callsPerSecond, clock });
  }

  /** True when every place is taken, those of calls on their way in and just closing included. */
  get isFull(): boolean {
    return this.#placesTaken() + this.#entering.size >= this.#deps.limits.maxConcurrentCalls;
  }

  /** True when nobody is let in any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Runs `enter`, which puts the call on record, as soon as the call may be begun.
   * @throws DrainingError, CapacityError, what the gates throw, DestinationLimitError, KeyLimitError, CallRateError,
   * RequestAbandonedError when the signal is aborted while it waits, RecordsUnavailableError
   */
  async admit<T extends Entry>(request: CountedRequest, enter: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#assertOpen();
    if (this.isFull) throw new CapacityError(this.#deps.limits.maxConcurrentCalls);
    const entering = this.#enter(request, enter, signal);
    this.#entering.add(entering);
    try {
      return await entering;
    } finally {
      this.#entering.delete(entering);
    }
  }

  /**
   * Lets another party be dialled on behalf of a call.
   * @throws DestinationLimitError, KeyLimitError, CallRateError, RecordsUnavailableError
   */
  async admitTransfer(request: CountedRequest): Promise<EnteredDial> {
    const dial = await this.#quota.enter({ ...request, kind: 'transfer' });
    await this.#rate.turn('transfer').catch((error: unknown) => {
      dial.withdraw();
      throw error;
    });
    return dial;
  }

  /** Lets no call in from now on, those that wait for their turn included. */
  close(): void {
    this.#isClosed = true;
    this.#rate.close();
  }

  /** Resolves when nobody is on the way in any more. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled(this.#entering);
    await this.#quota.whenIdle();
  }

  async #enter<T extends Entry>(request: CountedRequest, enter: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (const gate of this.#deps.gates) gate.check();
    const dial = await this.#quota.enter(request);
    try {
      // Last, as it may wait: nobody is to use up a turn who is refused anyway.
      await this.#rate.turn();
      // The place is kept since before; the rest may have changed while this one waited.
      this.#assertOpen();
      if (signal?.aborted) throw new RequestAbandonedError('Whoever asked for the call has gone: it was not placed.');
      for (const gate of this.#deps.gates) gate.check();
      const entry = await enter();
      if (entry.insertion.kind !== 'inserted') dial.withdraw();
      return entry;
    } catch (error) {
      dial.withdraw();
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new DrainingError();
  }
}
