// Shows the other nodes of a shared database that this one lives, and looks after the calls of those that do not any
// more. In a database of our own there is nobody to show it to: what is left over there is ours from the start.

import type { Clock, Logger, Timer } from '../ports';
import type { NodeLeases } from '../record-ports';
import { firstWithin } from '../wait';

/** How long a node counts as alive without a further beat. */
export const LEASE_MS = 15_000;

const BEATS_A_LEASE = 3;

// A beat on its way must not arrive behind the farewell; the database answers sooner or not at all.
const LAST_BEAT_LIMIT_MS = 2_000;

/** What a lease works with. */
export type NodeLeaseDeps = {
  readonly leases: Pick<NodeLeases, 'beat' | 'leave'>;
  /** Closes the calls of nodes that are gone. */
  readonly reconcile: () => Promise<void>;
  /** False for a database that no other node can use. */
  readonly isShared: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leaseMs?: number | undefined;
};

/** The lease of this node. Idempotent `stop()`. */
export class NodeLease {
  readonly #deps: NodeLeaseDeps;
  readonly #leaseMs: number;
  #timer: Timer | undefined;
  #beating: Promise<void> = Promise.resolve();
  #reconciling: Promise<void> | undefined;
  /** Since when no beat has failed or come late, and the last of them, on `Clock.monotonicMs`. */
  #steady: { readonly sinceMs: number; readonly untilMs: number } | undefined;
  #reconciledAtMs = -Infinity;
  #isFailing = false;
  #stopping: Promise<void> | undefined;

  constructor(deps: NodeLeaseDeps) {
    this.#deps = deps;
    this.#leaseMs = deps.leaseMs ?? LEASE_MS;
  }

  start(): void {
    if (this.#deps.isShared) this.#beatNow();
    else void this.#reconcileOnce();
  }

  /** Leaves: what this node still has is for the others from now on. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { leases, isShared, clock, log } = this.#deps;
    this.#timer?.cancel();
    if (!isShared) return;
    await firstWithin(clock, LAST_BEAT_LIMIT_MS, [this.#beating]);
    try {
      await leases.leave();
    } catch (error) {
      log.warn('This node could not be signed off; its lease will lapse', { error });
    }
  }

  #beatNow(): void {
    this.#beating = this.#beat().then(() => this.#schedule(this.#leaseMs / BEATS_A_LEASE, () => this.#beatNow()));
  }

  async #beat(): Promise<void> {
    const { leases, clock, log } = this.#deps;
    const sentAtMs = clock.monotonicMs();
    try {
      await leases.beat(clock.nowMs() + this.#leaseMs);
    } catch (error) {
      if (!this.#isFailing) log.warn('This node could not renew its lease', { error });
      this.#isFailing = true;
      this.#steady = undefined;
      return;
    }
    this.#isFailing = false;
    const nowMs = clock.monotonicMs();
    const sinceMs = this.#steady && nowMs < this.#steady.untilMs ? this.#steady.sinceMs : nowMs;
    this.#steady = { sinceMs, untilMs: sentAtMs + this.#leaseMs };
    if (this.#isDue(sinceMs)) void this.#reconcile();
  }

  /**
   * After an outage of the database the leases of all nodes have lapsed: whoever comes back first must leave the others
   * the time to come back too, or it would hang up their live calls.
   */
  #isDue(steadySinceMs: number): boolean {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#stopping) return false;
    return nowMs - steadySinceMs >= this.#leaseMs && nowMs - this.#reconciledAtMs >= this.#leaseMs;
  }

  /** Until it has worked: later there is nothing that was not there at the start. */
  async #reconcileOnce(): Promise<void> {
    const isDone = await this.#reconcile();
    if (!isDone) this.#schedule(this.#leaseMs / BEATS_A_LEASE, () => void this.#reconcileOnce());
  }

  async #reconcile(): Promise<boolean> {
    if (this.#reconciling) return false;
    this.#reconciledAtMs = this.#deps.clock.monotonicMs();
    try {
      this.#reconciling = this.#deps.reconcile();
      await this.#reconciling;
      return true;
    } catch (error) {
      this.#deps.log.warn('Calls of servers that are gone could not be claimed', { error });
      return false;
    } finally {
      this.#reconciling = undefined;
    }
  }

  #schedule(delayMs: number, task: () => void): void {
    if (!this.#stopping) this.#timer = this.#deps.clock.after(delayMs, task);
  }
}
