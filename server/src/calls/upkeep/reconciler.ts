// Closes the calls that a lost server has left behind: their legs are hung up, their records get a verdict. A record is
// final at once; that no leg is up is written when the carrier agrees.

import type { Backoff } from '../../lib/backoff';
import type { Call, CallRecording } from '../call';
import type { CallJournal } from '../journal/call-journal';
import { CallRecord, type CallRecordDeps } from '../call-record';
import { isTerminal } from '../call-state';
import { CarrierLeg, type CarrierLegDeps } from '../carrier-leg';
import { endCall } from '../end-call';
import type { LiveLeg } from '../ports';
import type { NodeLeases, RecordingFiles } from '../record-ports';
import { withRetries } from '../retry';
import { wait } from '../wait';

// A carrier that cannot be asked: with growing waits for about four hours, when no leg of ours can be up any more.
const LIST_TRIES = 240;
const LIST_BACKOFF: Backoff = { firstMs: 1_000, capMs: 60_000 };

// A dial that left in the server's last moment is carried out within that time, if it ever is.
const LOOK_AGAIN_MS = 10_000;

/** What reconciling works with. */
export type ReconcilerDeps = CarrierLegDeps &
  CallRecordDeps & {
    readonly leases: Pick<NodeLeases, 'claimOrphans'>;
    readonly journal: Pick<CallJournal, 'flush' | 'amend'>;
    /** The record as it is now: what the carrier has charged may have come meanwhile. */
    readonly find: (callId: string) => Promise<Call | undefined>;
    readonly recordings?: Pick<RecordingFiles, 'repair'> | undefined;
  };

/** Closes the calls of servers that are gone. Idempotent `close()`. */
export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #stop = new AbortController();

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  /** Gives the orphans their verdict; their legs go down behind it. Rejects when the orphans cannot be claimed. */
  async reconcile(): Promise<void> {
    const { leases, clock, log } = this.#deps;
    const orphans = await leases.claimOrphans(clock.nowMs());
    if (orphans.length === 0) return;
    log.warn('A server was lost, its calls are being closed', { calls: orphans.length });
    const search = new LegSearch(this.#deps, this.#stop.signal);
    for (const call of orphans) void this.#closeCall(this.#decide(call), search);
  }

  /** Searches no more: legs that are not found by now are left to the next server. */
  close(): void {
    this.#stop.abort();
  }

  /** The call with its verdict: its own, if it had one. */
  #decide(call: Call): Call {
    if (isTerminal(call.status)) return call;
    const verdict = endCall('server-lost');
    const record = new CallRecord(call, this.#deps);
    record.moveTo({ status: verdict.status, carrierCallId: call.carrierCallId }, verdict);
    return record.call;
  }

  /** Never rejects. A server that stops meanwhile leaves the rest to the next one. */
  async #closeCall(call: Call, search: LegSearch): Promise<void> {
    try {
      const down = call.mayHaveLeg ? this.#takeDown(call, search) : undefined;
      const [recording] = await Promise.all([this.#repair(call), down]);
      await this.#finish({ ...call, recording });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#deps.log.error('The legs of a lost call could not be found', { callId: call.callId, error });
    }
  }

  /** Resolves when no leg of the call is up. */
  async #takeDown({ callId, carrierCallId }: Call, search: LegSearch): Promise<void> {
    const downs = new Map<string, Promise<void>>();
    const hangUp = (id: string): void => void downs.set(id, downs.get(id) ?? this.#hangUp(callId, id));
    if (carrierCallId !== undefined) hangUp(carrierCallId);
    const legsOf = (legs: readonly LiveLeg[]): LiveLeg[] => legs.filter((leg) => leg.callId === callId);
    for (const leg of legsOf(await search.first())) hangUp(leg.carrierCallId);
    if (downs.size === 0) for (const leg of legsOf(await search.second())) hangUp(leg.carrierCallId);
    await Promise.all(downs.values());
  }

  #hangUp(callId: string, carrierCallId: string): Promise<void> {
    const leg = new CarrierLeg(callId, this.#deps);
    leg.learn(carrierCallId);
    void leg.takeDown();
    return leg.whenDown();
  }

  /** What was kept of the audio; the record has it before the legs are down. */
  async #repair(call: Call): Promise<CallRecording | undefined> {
    const { recordings, log } = this.#deps;
    if (!call.isRecorded || call.recording || !recordings) return call.recording;
    try {
      const recording = await recordings.repair(call.callId);
      if (recording) await this.#amend(call, (record) => record.change({ recording }));
      return recording;
    } catch (error) {
      log.error('The recording of a lost call could not be repaired', { callId: call.callId, error });
      return undefined;
    }
  }

  #finish(call: Call): Promise<void> {
    return this.#amend(call, (record) => {
      record.change({ mayHaveLeg: false });
      record.note('leg.down');
    });
  }

  /** What the carrier has charged may have come meanwhile. */
  async #amend(call: Call, change: (record: CallRecord) => void): Promise<void> {
    const { callId } = call;
    const { journal, log } = this.#deps;
    const amend = ({ carrierCostUsd = call.carrierCostUsd }: Call): void =>
      change(new CallRecord({ ...call, carrierCostUsd }, this.#deps));
    try {
      await journal.amend(callId, async () => (await this.#find(callId)) ?? call, amend);
    } catch (error) {
      log.warn('A lost call could not be read again', { callId, error });
      amend(call);
    }
  }

  async #find(callId: string): Promise<Call | undefined> {
    await this.#deps.journal.flush();
    return this.#deps.find(callId);
  }
}

/** What the carrier has, asked for once for all calls of a round, and once more for those that may just be dialled. */
class LegSearch {
  readonly #deps: CarrierLegDeps;
  readonly #stop: AbortSignal;
  #first: Promise<readonly LiveLeg[]> | undefined;
  #second: Promise<readonly LiveLeg[]> | undefined;

  constructor(deps: CarrierLegDeps, stop: AbortSignal) {
    this.#deps = deps;
    this.#stop = stop;
  }

  first(): Promise<readonly LiveLeg[]> {
    this.#first ??= this.#list();
    return this.#first;
  }

  second(): Promise<readonly LiveLeg[]> {
    this.#second ??= this.#lookAgain();
    return this.#second;
  }

  async #lookAgain(): Promise<readonly LiveLeg[]> {
    await wait(this.#deps.clock, LOOK_AGAIN_MS, this.#stop);
    this.#stop.throwIfAborted();
    return this.#list();
  }

  #list(): Promise<readonly LiveLeg[]> {
    const { carrier, clock, log } = this.#deps;
    const onFailure = (error: unknown, attempt: number): boolean => {
      log.warn('The legs of lost calls could not be listed, trying again', { attempt, error });
      return true;
    };
    const policy = { tries: LIST_TRIES, backoff: LIST_BACKOFF, onFailure, signal: this.#stop };
    return withRetries(clock, policy, () => carrier.liveLegs());
  }
}
