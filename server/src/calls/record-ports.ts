// The records of calls as ports: what is written, who keeps it, who reads it, and what is told to the user's endpoints.
// store/ implements them. Everything here is plain data or an interface.

import type { Call, CallRecording } from './call';
import type { CallStatus } from './call-state';
import type { Charge } from './cost';

/** One entry of a call's timeline. */
export type TimelineEntry = {
  readonly callId: string;
  readonly atMs: number;
  /** `noun.pastTense` or `call.<status>`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** Somebody who watches calls (the log, the metrics, the demo). Must not throw and must not block. */
export interface CallWatcher {
  onEntry(entry: TimelineEntry, call: Call): void;
}

/** An idempotency key with the fingerprint of the request that it first came with. */
export type Idempotency = {
  readonly key: string;
  readonly fingerprint: string;
};

/** The outcome of inserting a call. */
export type Insertion = { readonly kind: 'inserted' } | Replay;

/** What is known of an idempotency key: the call that it placed, or that it came with another request. */
export type Replay = { readonly kind: 'replayed'; readonly call: Call } | { readonly kind: 'mismatched' };

/** Which calls to list; newest first. */
export type CallQuery = {
  readonly statuses?: readonly CallStatus[] | undefined;
  readonly to?: string | undefined;
  readonly sinceMs?: number | undefined;
  readonly limit: number;
  /** Opaque; from an earlier page. Rejects with CursorError when it is not one of ours. */
  readonly cursor?: string | undefined;
};

/** One page of calls. */
export type CallPage = {
  readonly calls: readonly Call[];
  readonly nextCursor?: string | undefined;
};

/** An entry with its place: 1, 2, 3 … within the call, in the order in which things were noted. */
export type StoredEntry = TimelineEntry & { readonly sequence: number };

/** A request to a user's endpoint that is to be delivered, in its final words. */
export type QueuedCallback = {
  /** Unique; the receiver knows a repeat by it. */
  readonly callbackId: string;
  readonly callId: string;
  readonly url: string;
  /** JSON. */
  readonly body: string;
  readonly createdAtMs: number;
};

/** Something to be written. */
export type RecordWrite =
  /** The present version of a call; what was asked for, but for the instructions, is as it was inserted. */
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'entry'; readonly entry: TimelineEntry }
  | { readonly kind: 'callback'; readonly callback: QueuedCallback };

/** Where records are written. */
export interface RecordWriter {
  /** Writes all of them in this order, or none. Rejects with RecordRefusedError when trying again is of no use. */
  write(batch: readonly RecordWrite[]): Promise<void>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
}

/** The record of calls. */
export interface CallStore extends RecordWriter {
  /** Atomic: of two inserts with one idempotency key, one is `inserted`. The call belongs to this node from then on. */
  insert(call: Call, idempotency?: Idempotency): Promise<Insertion>;
  /** What an insert with this key would find; undefined when the key is new. */
  findReplay(idempotency: Idempotency): Promise<Replay | undefined>;
  find(callId: string): Promise<Call | undefined>;
  /** Whether the call's timeline has this charge: of the same source and reference, for the same things. */
  isCharged(callId: string, charge: Charge): Promise<boolean>;
  list(query: CallQuery): Promise<CallPage>;
  /** The call's timeline in its order, from the entry after `afterSequence` on (default 0: from the first). */
  timeline(callId: string, afterSequence?: number): Promise<readonly StoredEntry[]>;
}

/** How many dials there may be. */
export type DialLimits = {
  /** Undefined where nobody is called on a number. */
  readonly dialsPerDestinationPerHour?: number | undefined;
  readonly callsPerKeyPerDay: number;
};

/** Somebody is about to be called. */
export type Dial = {
  /** Unique; trying again with the same id counts once. */
  readonly dialId: string;
  /** E.164 or SIP URI. */
  readonly to: string;
  /** Name of the API key, if there is one. */
  readonly placedBy?: string | undefined;
  readonly nowMs: number;
  readonly limits: DialLimits;
};

/** Whether a dial may take place; if not, when one may, epoch milliseconds. */
export type DialDecision =
  | { readonly kind: 'entered' }
  | { readonly kind: 'refused'; readonly rule: 'destination' | 'key'; readonly retryAtMs: number };

/** Who was called how often of late, by all nodes that share the records. */
export interface DialLedger {
  /** Atomic: of many at once, at any nodes, no more are entered than may be. One that is refused does not count. */
  enter(dial: Dial): Promise<DialDecision>;
  /** It did not take place after all, and does not count. */
  withdraw(dialId: string): Promise<void>;
  /** Deletes the dials of before that time. */
  forget(beforeMs: number): Promise<void>;
}

/** A callback whose turn it is. */
export type DueCallback = QueuedCallback & {
  /** Deliveries that failed before. */
  readonly attempts: number;
};

/** The callbacks that are still to be delivered. Those of one call are due one after the other, in their order. */
export interface Outbox {
  /**
   * Takes callbacks that are due at `nowMs`, at most one of each call; nobody else gets them before `claimedUntilMs`,
   * when the claim lapses.
   */
  claimDue(claim: {
    readonly nowMs: number;
    readonly claimedUntilMs: number;
    readonly limit: number;
  }): Promise<readonly DueCallback[]>;
  /** When the next one is due that nobody has claimed, epoch milliseconds; undefined when none waits. */
  nextDueAtMs(): Promise<number | undefined>;
  markDelivered(callbackId: string, atMs: number): Promise<void>;
  /** It failed and is due again at `nextAttemptAtMs`; the later ones of its call wait behind it. */
  postpone(callbackId: string, failed: { readonly attempts: number; readonly nextAttemptAtMs: number }): Promise<void>;
  /** It failed for good; the later ones of its call have their turn. */
  giveUp(callbackId: string, atMs: number): Promise<void>;
}

/** Which node a call belongs to, and whether that node is still there. */
export interface NodeLeases {
  /** This node lives, and counts as alive until `aliveUntilMs`. */
  beat(aliveUntilMs: number): Promise<void>;
  /** This node leaves of its own accord. */
  leave(): Promise<void>;
  /**
   * Makes the calls of nodes that are gone ours: those that are not over, and those whose leg may still be up. In a
   * database that no other node can use, every other node is gone.
   */
  claimOrphans(nowMs: number): Promise<readonly Call[]>;
}

/** The end of personal data. */
export interface Retention {
  /** Calls that ended before the given time and have not been purged, the oldest first. */
  expired(endedBeforeMs: number, limit: number): Promise<readonly string[]>;
  /** Deletes words, numbers pressed and instructions of these calls; statuses, times, verdicts and costs stay. */
  purge(callIds: readonly string[]): Promise<void>;
}

/** Which calls to sum up. */
export type UsageQuery = {
  readonly sinceMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  readonly to?: string | undefined;
};

/** The calls of one day (UTC) to one destination. */
export type UsageRow = {
  /** 2026-01-31 */
  readonly day: string;
  /** E.164. */
  readonly to: string;
  readonly calls: number;
  readonly answered: number;
  readonly failed: number;
  /** From answer to end, all calls together. */
  readonly talkSeconds: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly aiCostUsd: number;
  readonly carrierCostUsd: number;
  /** Calls whose cost is not known, as the price of their model is not. */
  readonly unpricedCalls: number;
};

/** What calls have cost. */
export interface UsageReport {
  /** By day, then destination. */
  usage(query: UsageQuery): Promise<readonly UsageRow[]>;
  /** What has been charged since then, US dollars; unpriced items count as nothing. */
  costSince(sinceMs: number): Promise<number>;
}

/** The audio of calls that is kept. */
export interface RecordingFiles {
  /** The call is over: completes its audio; undefined when none was kept. Never rejects. */
  finish(callId: string): Promise<CallRecording | undefined>;
  /** Completes the audio of a call whose server was lost; undefined when none was kept. */
  repair(callId: string): Promise<CallRecording | undefined>;
  /** Deletes the audio, if there is any. */
  remove(callId: string): Promise<void>;
  /** Deletes the audio of calls that ended before then: where nodes share a database, each has the audio of its own. */
  removeOlderThan(endedBeforeMs: number): Promise<void>;
}

/** What calls may cost together. */
export interface SpendingLimit {
  /** US dollars; Infinity without a limit. */
  readonly remainingUsd: number;
  /** So much was spent. */
  add(usd: number): void;
}
