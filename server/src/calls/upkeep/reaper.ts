// Compares what we believe with what the carrier has, every half a minute: a call whose leg is gone although nobody told
// us is ended, and a leg that no call of ours needs is hung up. Catches what lost webhooks and failed hang-ups leave.

import { randomUUID } from 'node:crypto';
import type { Call } from '../call';
import { isTerminal } from '../call-state';
import type { Carrier, Clock, LiveLeg, Logger, Timer } from '../ports';

/** How often a reaper looks, and how long a call may be quiet before the carrier is asked about it. */
export type ReaperTimes = { readonly sweepEveryMs: number; readonly quietMs: number };

/** Values for real life: a phone may ring for most of a minute without a word from the carrier. */
export const REAPER_TIMES: ReaperTimes = { sweepEveryMs: 30_000, quietMs: 60_000 };

// The carrier counts requests; whatever is left over has its turn at the next sweep.
const MAX_COMMANDS = 20;

/** A call of this node, as far as the carrier's legs matter. */
export type WatchedCall = {
  readonly callId: string;
  /** Undefined until the carrier has named the leg. */
  readonly carrierCallId: string | undefined;
  /** When the carrier last gave a sign of life, on `Clock.monotonicMs`; undefined while a stream is up. */
  readonly quietSinceMs: number | undefined;
  /** Over, and being closed. */
  readonly isOver: boolean;
  /** Another leg of the call may be up by right. */
  readonly isTransferring: boolean;
};

/** What a reaper works with. */
export type ReaperDeps = {
  readonly carrier: Pick<Carrier, 'isAlive' | 'liveLegs' | 'hangUp'>;
  /** The calls of this node, those that are being closed included. */
  readonly live: () => readonly WatchedCall[];
  /** The record of a call; undefined when it is not ours. */
  readonly find: (callId: string) => Promise<Call | undefined>;
  readonly end: (callId: string, reason: 'hangup-unreported') => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly times?: Partial<ReaperTimes> | undefined;
};

/** A leg that should not be up: seen once it may be on its way down, seen twice it is hung up. */
type Suspicion = 'seen' | 'told-of';

type OwnLeg = LiveLeg & { readonly callId: string };

/** The reaper of one node. Idempotent `close()`. */
export class Reaper {
  readonly #deps: ReaperDeps;
  readonly #times: ReaperTimes;
  /** When the carrier was last asked about a quiet call. */
  #askedAtMs = new Map<string, number>();
  #suspects = new Map<string, Suspicion>();
  /** What went wrong last time: it is not told again each half a minute. */
  readonly #failing = new Set<string>();
  #commandsLeft = 0;
  #sweeping: Promise<void> | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(deps: ReaperDeps) {
    this.#deps = deps;
    this.#times = { ...REAPER_TIMES, ...deps.times };
  }

  start(): void {
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.after(this.#times.sweepEveryMs, () => void this.sweep().then(() => this.start()));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Compares once; never rejects. While a sweep is under way there is no other. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    this.#commandsLeft = MAX_COMMANDS;
    await this.#attempt('Quiet calls could not be checked with the carrier', () => this.#endGoneCalls());
    await this.#attempt('The legs at the carrier could not be checked', () => this.#hangUpStrays());
  }

  async #endGoneCalls(): Promise<void> {
    const calls = this.#deps.live();
    const nowMs = this.#deps.clock.monotonicMs();
    const asked = this.#askedAtMs;
    for (const callId of asked.keys()) if (!calls.some((call) => call.callId === callId)) asked.delete(callId);
    const checkedAtMs = ({ callId, quietSinceMs }: WatchedCall): number =>
      Math.max(quietSinceMs ?? nowMs, asked.get(callId) ?? -Infinity);
    const due = calls
      .filter((call) => !call.isOver && nowMs - checkedAtMs(call) >= this.#times.quietMs)
      // Those that waited longest first, so that every one has its turn.
      .sort((a, b) => checkedAtMs(a) - checkedAtMs(b));
    for (const call of due) await this.#checkQuiet(call);
  }

  async #checkQuiet({ callId, carrierCallId, quietSinceMs }: WatchedCall): Promise<void> {
    const { carrier, clock, end, live, log } = this.#deps;
    if (carrierCallId === undefined || !this.#mayCommand()) return;
    this.#askedAtMs.set(callId, clock.monotonicMs());
    const isAlive = await carrier.isAlive(carrierCallId);
    // A sign of life may have come meanwhile.
    const isQuiet = live().some((call) => call.callId === callId && call.quietSinceMs === quietSinceMs);
    if (isAlive || !isQuiet || this.#isClosed) return;
    log.warn('The carrier has ended a call without a word', { callId });
    end(callId, 'hangup-unreported');
  }

  async #hangUpStrays(): Promise<void> {
    const legs = await this.#deps.carrier.liveLegs();
    const watched = new Map(this.#deps.live().map((call) => [call.callId, call]));
    const suspects = this.#suspects;
    this.#suspects = new Map();
    for (const { carrierCallId, callId } of legs) {
      if (callId === undefined || !(await this.#isStray({ carrierCallId, callId }, watched.get(callId)))) continue;
      const suspicion = suspects.get(carrierCallId);
      this.#suspects.set(carrierCallId, suspicion ?? 'seen');
      if (suspicion && this.#mayCommand()) await this.#hangUp({ carrierCallId, callId }, suspicion);
    }
  }

  /** Calls of other nodes, and those that are being closed or dialled, are in other hands. */
  async #isStray(leg: OwnLeg, call: WatchedCall | undefined): Promise<boolean> {
    if (call) {
      if (call.isOver || call.isTransferring || call.carrierCallId === undefined) return false;
      return call.carrierCallId !== leg.carrierCallId;
    }
    const recorded = await this.#deps.find(leg.callId);
    return recorded !== undefined && isTerminal(recorded.status);
  }

  async #hangUp({ carrierCallId, callId }: OwnLeg, suspicion: Suspicion): Promise<void> {
    const { carrier, log } = this.#deps;
    if (suspicion === 'seen') log.warn('The carrier has a leg that no call needs, hanging it up', { callId });
    this.#suspects.set(carrierCallId, 'told-of');
    await this.#attempt('A leg that no call needs could not be hung up', () =>
      carrier.hangUp({ callId, carrierCallId, commandId: randomUUID() }),
    );
  }

  #mayCommand(): boolean {
    if (this.#isClosed || this.#commandsLeft === 0) return false;
    this.#commandsLeft -= 1;
    return true;
  }

  async #attempt(complaint: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
      this.#failing.delete(complaint);
    } catch (error) {
      if (!this.#failing.has(complaint)) this.#deps.log.warn(complaint, { error });
      this.#failing.add(complaint);
    }
  }
}
