// What the calls need from the outside: the carrier, the clock and the log. Interfaces only. Records have their own ports.

import type { MachineResult } from './conversation-events';
import type { Charge } from './cost';
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
  /** Whether the carrier still has the leg; a leg that it does not know is not alive. */
  isAlive(carrierCallId: string): Promise<boolean>;
  /** Every leg of our connection that is up now. */
  liveLegs(): Promise<readonly LiveLeg[]>;
  /** Rings somebody else and bridges the answered leg with them; webhooks of the new leg name our call as `transfer`. */
  transfer(command: LegCommand, request: TransferRequest): Promise<void>;
}

/** A leg that the carrier has. `callId` is what the dial gave it to carry; absent when it carries nothing of ours. */
export type LiveLeg = { readonly carrierCallId: string; readonly callId: string | undefined };

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
  /** What the leg has cost at the carrier; comes after its end, perhaps minutes after. */
  | { readonly type: 'leg.cost'; readonly charge: Charge }
  /** An event that we take note of and do not act on. */
  | { readonly type: 'other'; readonly name: string };

/** Trust at the webhook edge: checks a delivery and translates it. */
export interface CarrierWebhooks {
  /** Refuses by its headers alone what cannot be genuine, before its body is read. @throws WebhookRefusedError */
  checkHeaders(headers: Readonly<Record<string, string>>): void;
  /**
   * Verifies signature and age over the raw body; rejects with WebhookRefusedError. Undefined for a genuine delivery
   * that cannot be read.
   */
  receive(rawBody: string, headers: Readonly<Record<string, string>>): Promise<CarrierEvent | undefined>;
}

/** Gives out the one-time address at which a call's media stream is accepted. */
export interface MediaEndpoint {
  issueStream(callId: string): StreamTarget;
  /** Until a stream is back, the token that the last one came with works once more. */
  reopen(callId: string): void;
  /** Makes all outstanding addresses of the call worthless. */
  revoke(callId: string): void;
}
