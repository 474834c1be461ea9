// The errors of the domain: each has a stable code that the HTTP edge turns into a problem document.

/** Base of every error we raise on purpose. */
export abstract class AppError extends Error {
  abstract readonly code: string;
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No call has this id. */
export class CallNotFoundError extends AppError {
  readonly code = 'CALL_NOT_FOUND';
}

/** The call is in a status in which the command makes no sense. */
export class CallStateError extends AppError {
  readonly code = 'CALL_STATE_CONFLICT';

  constructor(
    readonly status: string,
    message: string,
  ) {
    super(message);
  }
}

/** All places for concurrent calls are taken. */
export class CapacityError extends AppError {
  readonly code = 'TOO_MANY_CALLS';
  override readonly retryable = true;

  constructor(readonly limit: number) {
    super(`All ${limit} concurrent calls are in use.`);
  }
}

/** New calls come faster than they may be begun. */
export class CallRateError extends AppError {
  readonly code = 'CALL_RATE_EXCEEDED';
  override readonly retryable = true;

  constructor(
    readonly callsPerSecond: number,
    readonly retryAfterSeconds: number,
  ) {
    super(`More than ${callsPerSecond} calls a second are asked for, and too many wait for their turn.`);
  }
}

/** Why somebody is dialled: to be called, or to be joined with a callee. */
export type DialKind = 'call' | 'transfer';

/** One number was called as often as it may be within an hour. */
export class DestinationLimitError extends AppError {
  readonly code = 'DESTINATION_LIMIT_REACHED';
  override readonly retryable = true;

  constructor(
    readonly limit: number,
    readonly retryAfterSeconds: number,
    readonly kind: DialKind = 'call',
  ) {
    super(`This number was called ${limit} times within an hour, transfers included.`);
  }

  /** The one behind the limit. */
  get setting(): string {
    return this.kind === 'call' ? 'CALLS_PER_DESTINATION_PER_HOUR' : 'TRANSFERS_PER_DESTINATION_PER_HOUR';
  }
}

/** One API key has placed as many calls as it may within a day. */
export class KeyLimitError extends AppError {
  readonly code = 'KEY_LIMIT_REACHED';
  override readonly retryable = true;

  constructor(
    readonly limit: number,
    readonly retryAfterSeconds: number,
  ) {
    super(`This API key has placed ${limit} calls within 24 hours.`);
  }
}

/** One more call would make those under way stutter. */
export class OverloadError extends AppError {
  readonly code = 'SERVER_OVERLOADED';
  override readonly retryable = true;

  constructor(readonly lagMs: number) {
    super(`The server has enough to do: its event loop lags ${Math.round(lagMs)} ms.`);
  }
}

/** What calls may cost on one day is spent. */
export class DailyBudgetError extends AppError {
  readonly code = 'DAILY_BUDGET_SPENT';
  override readonly retryable = true;

  constructor(readonly retryAfterSeconds: number) {
    super('What calls may cost today is spent. New calls are taken from midnight UTC on.');
  }
}

/** The AI takes no calls until somebody puts the account in order. */
export class AiUnavailableError extends AppError {
  readonly code = 'AI_UNAVAILABLE';
  override readonly retryable = true;

  /** `said`: a code of the AI's, never a message. */
  constructor(
    readonly said: string,
    readonly retryAfterSeconds: number,
  ) {
    super(`OpenAI refuses the API key, the account or the model: ${said}.`);
  }
}

/** The database did not answer in time; a call without a record is not placed. */
export class RecordsUnavailableError extends AppError {
  readonly code = 'RECORDS_UNAVAILABLE';
  override readonly retryable = true;
}

/** Whoever asked has gone before the call was begun: nobody would know of it. */
export class RequestAbandonedError extends AppError {
  readonly code = 'REQUEST_ABANDONED';
  override readonly retryable = true;
}

/** The server is draining and takes no new calls. */
export class DrainingError extends AppError {
  readonly code = 'SERVER_DRAINING';
  override readonly retryable = true;

  constructor(message = 'The server is stopping and takes no new calls.') {
    super(message);
  }
}

/** An idempotency key came back with another request. */
export class IdempotencyMismatchError extends AppError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
}

/** A page cursor is not one that this server gave out. */
export class CursorError extends AppError {
  readonly code = 'CURSOR_INVALID';
}

/** A record that can never be written as it is: trying again is of no use. */
export class RecordRefusedError extends AppError {
  readonly code = 'RECORD_REFUSED';
}

/** A webhook's signature, timestamp or body could not be trusted. */
export class WebhookRefusedError extends AppError {
  readonly code = 'WEBHOOK_REFUSED';
}

/**
 * What a failed carrier command means: `refused` will fail again unchanged, `unavailable` was not carried out,
 * `outcome-unknown` may have been carried out although no answer came.
 */
export type CarrierFailure = 'refused' | 'unavailable' | 'outcome-unknown';

/** A carrier command failed; the adapter has translated the carrier's own error. */
export class CarrierError extends AppError {
  readonly code = 'CARRIER_ERROR';
  override readonly retryable: boolean;
  readonly failure: CarrierFailure;
  /** HTTP status of the carrier's answer, when there was one. */
  readonly httpStatus: number | undefined;
  /** The carrier's own error code. */
  readonly carrierCode: string | undefined;
  /** The carrier's name for a refused destination or account (Telnyx: D13 and the like). */
  readonly refusalCode: string | undefined;
  /** What the refusal means and what to do about it. */
  readonly cure: string | undefined;

  constructor(
    message: string,
    fields: {
      readonly failure: CarrierFailure;
      readonly httpStatus?: number | undefined;
      readonly carrierCode?: string | undefined;
      readonly refusalCode?: string | undefined;
      readonly cure?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: fields.cause });
    this.failure = fields.failure;
    this.retryable = fields.failure !== 'refused';
    this.httpStatus = fields.httpStatus;
    this.carrierCode = fields.carrierCode;
    this.refusalCode = fields.refusalCode;
    this.cure = fields.cure;
  }

  /** The same error when an earlier try of the same command may have been carried out. */
  asUnknownOutcome(): CarrierError {
    const { httpStatus, carrierCode, refusalCode, cure } = this;
    const fields = { httpStatus, carrierCode, refusalCode, cure, cause: this };
    return new CarrierError(this.message, { ...fields, failure: 'outcome-unknown' });
  }
}

/** What the carrier answered, for the record; nothing of other errors. */
export function carrierFacts(error: unknown): Readonly<Record<string, string | number>> | undefined {
  if (!(error instanceof CarrierError)) return undefined;
  const { httpStatus, carrierCode, refusalCode, cure } = error;
  const facts = Object.entries({ httpStatus, carrierCode, refusalCode, cure });
  return Object.fromEntries(facts.flatMap(([name, fact]) => (fact === undefined ? [] : [[name, fact] as const])));
}
