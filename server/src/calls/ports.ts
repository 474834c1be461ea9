// What the calls need from the outside: the carrier, the store, the clock and those who watch. Interfaces only.

import type { Call } from './call';
import type { CallStatus } from './call-state';
import type { MachineResult } from './conversation-ports';
import type { EndCall } from './end-call';

/** A timer that can be cancelled; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/** Time, as the code that has deadlines sees it. */
export interface Clock {
  /** Wall clock, epoch milliseconds: for records. */
  nowMs(): number;
  /** Milliseconds that never jump: for durations, pacing and deadlines. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Timer;
}

/** Structured logging; personal data only in fields that the redactor knows, never in `message`. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Fields of a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the carrier is to connect the audio of one call, and the one-time secret it has to bring along. */
export type StreamTarget = {
  /** ws:// or wss:// */
  readonly url: string;
  readonly token: string;
};

/** One phone call to be placed. */
export type DialRequest = {
  readonly callId: string;
  readonly to: string;
  readonly from: string;
  /** How long it may ring, seconds. */
  readonly ringTimeoutSeconds: number;
  /** Hard limit of the call at the carrier, seconds after the answer: a net below our own deadline. */
  readonly timeLimitSeconds: number;
  readonly stream: StreamTarget;
  /** True when the carrier is to find out whether a machine answers. */
  readonly detectsMachine: boolean;
  /** How long the carrier may take to answer each try of the command, milliseconds. */
  readonly answerTimeoutMs: number;
  /** Aborted when the call is over: a try on its way is finished, another one is not made. */
  readonly signal: AbortSignal;
};

/** A command to a leg; `commandId` makes repeats of the same command harmless. */
export type LegCommand = {
  readonly callId: string;
  readonly carrierCallId: string;
  readonly commandId: string;
};

/** The phone network. Every method rejects with CarrierError. */
export interface Carrier {
  /** Places the call; resolves when the carrier has taken the command, long before anybody answers. */
  dial(request: DialRequest): Promise<{ readonly carrierCallId: string }>;
  /** Ends the leg. A leg that is already down, or was never known, counts as success. */
  hangUp(command: LegCommand): Promise<void>;
  /** Asks for the media stream of an answered call once more. */
  startStream(command: LegCommand, stream: StreamTarget): Promise<void>;
  /** Lets the carrier's own voice say a sentence: the last resort when no AI can. */
  speak(command: LegCommand, text: string): Promise<void>;
  /** Plays touch tones to the far end of an answered leg. */
  sendDigits(command: LegCommand, digits: string): Promise<void>;
  /** Rings somebody else and bridges the answered leg with them; webhooks of the new leg name our call as `transfer`. */
  transfer(command: LegCommand, request: TransferRequest): Promise<void>;
}

/** Whom to connect a leg with. */
export type TransferRequest = {
  /** E.164 or a SIP URI. */
  readonly to: string;
  /** Caller id that the other party sees, E.164. */
  readonly from: string;
  /** Counted from 1, told again by the webhooks of the new leg. */
  readonly attempt: number;
  readonly ringTimeoutSeconds: number;
  /** Hard limit of the new leg at the carrier, seconds after its answer. */
  readonly timeLimitSeconds: number;
};

/** A carrier's webhook in our words. `callId` is what we gave the dial to carry; absent for calls that are not ours. */
export type CarrierEvent = {
  readonly eventId: string;
  readonly occurredAtMs: number;
  readonly carrierCallId: string;
  readonly callId?: string | undefined;
  /** Which leg of our call it is: the callee's, or that of the party the callee is transferred to. */
  readonly leg: 'callee' | 'transfer';
  /** Which attempt at a transfer the leg belongs to, counted from 1. */
  readonly transferAttempt?: number | undefined;
} & CarrierOccurrence;

/** What happened at the carrier. */
export type CarrierOccurrence =
  | { readonly type: 'leg.ringing' }
  | { readonly type: 'leg.answered' }
  | { readonly type: 'leg.ended'; readonly verdict: EndCall }
  /** Joined with another leg: the transfer has worked. */
  | { readonly type: 'leg.bridged' }
  | { readonly type: 'digit.received'; readonly digit: string }
  | { readonly type: 'machine.detected'; readonly result: MachineResult }
  | { readonly type: 'machine.greeting-ended'; readonly hasBeep: boolean }
  | { readonly type: 'stream.started' }
  | { readonly type: 'stream.stopped' }
  | { readonly type: 'stream.failed'; readonly failure: string }
  | { readonly type: 'speech.ended' }
  /** An event that we take note of and do not act on. */
  | { readonly type: 'other'; readonly name: string };

/** Trust at the webhook edge: checks a delivery and translates it. */
export interface CarrierWebhooks {
  /**
   * Verifies signature and age over the raw body; rejects with WebhookRefusedError. Undefined for a genuine delivery
   * that cannot be read.
   */
  receive(rawBody: string, headers: Readonly<Record<string, string>>): Promise<CarrierEvent | undefined>;
}

/** Gives out the one-time address at which a call's media stream is accepted. */
export interface MediaEndpoint {
  issueStream(callId: string): StreamTarget;
  /** Makes all outstanding addresses of the call worthless. */
  revoke(callId: string): void;
}

/** One entry of a call's timeline. */
export type TimelineEntry = {
  readonly callId: string;
  readonly atMs: number;
  /** `noun.pastTense` or `call.<status>`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** Somebody who watches calls (logs, status callbacks, the demo). Must not throw and must not block. */
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

/** The record of calls. */
export interface CallStore {
  /** Atomic: of two inserts with one idempotency key, one is `inserted`. */
  insert(call: Call, idempotency?: Idempotency): Promise<Insertion>;
  /** What an insert with this key would find; undefined when the key is new. */
  findReplay(idempotency: Idempotency): Promise<Replay | undefined>;
  save(call: Call): Promise<void>;
  append(entry: TimelineEntry): Promise<void>;
  find(callId: string): Promise<Call | undefined>;
  list(query: CallQuery): Promise<CallPage>;
  /** The call's timeline in the order in which it was written. */
  timeline(callId: string): Promise<readonly TimelineEntry[]>;
}
