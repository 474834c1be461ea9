// Errors as RFC 9457 problem documents: one catalogue of codes with status and cure, mirrored in docs/errors.md.
// Nothing that a user sent comes back in a text, and no stack ever does.

import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { AppError, CarrierError, CallStateError, DestinationLimitError } from '../calls/errors';
import type { Logger } from '../calls/ports';

type Entry = {
  readonly status: number;
  readonly title: string;
  readonly cure: string;
  /** The setting behind the rule that was broken. */
  readonly setting?: string;
};

/** Every problem that the API can answer with. */
export const PROBLEMS = {
  VALIDATION_FAILED: {
    status: 400,
    title: 'The request is not valid',
    cure: 'Correct the fields listed in `errors`.',
  },
  BAD_REQUEST: {
    status: 400,
    title: 'The request cannot be read',
    cure: 'Send plain HTTP/1.1 with an uncompressed body.',
  },
  BODY_NOT_JSON: { status: 400, title: 'The body is not JSON', cure: 'Send a JSON object.' },
  CURSOR_INVALID: {
    status: 400,
    title: 'The cursor is not valid',
    cure: 'Use `nextCursor` of an earlier answer, unchanged.',
  },
  UNAUTHORIZED: {
    status: 401,
    title: 'The API key is missing or wrong',
    cure: 'Send `Authorization: Bearer <key>` with a key from API_KEYS.',
    setting: 'API_KEYS',
  },
  LOOPBACK_ONLY: {
    status: 403,
    title: 'The API answers this machine only',
    cure: 'Set API_KEYS to use the API from elsewhere or through a proxy or tunnel.',
    setting: 'API_KEYS',
  },
  DESTINATION_NOT_ALLOWED: {
    status: 403,
    title: 'Calls to this destination are not allowed',
    cure: 'Add the country to ALLOWED_COUNTRIES, or the host of a SIP address to TRANSFER_SIP_DOMAINS.',
  },
  PREMIUM_DESTINATION: {
    status: 403,
    title: 'Numbers of this kind are never called',
    cure: 'Premium-rate, shared-cost, personal, pager and satellite numbers charge the caller: call another number.',
  },
  DO_NOT_CALL: {
    status: 403,
    title: 'This number is on the do-not-call list',
    cure: 'Whoever has it does not want to be called. Take it off the list in DO_NOT_CALL_FILE if that is a mistake.',
    setting: 'DO_NOT_CALL_FILE',
  },
  CALL_NOT_FOUND: { status: 404, title: 'There is no such call', cure: 'Check the call id.' },
  RECORDING_NOT_FOUND: {
    status: 404,
    title: 'The call has no recording',
    cure: 'Ask for one with `record: true`, or set RECORD_CALLS. One that is older than RETENTION_DAYS is deleted.',
  },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such route', cure: 'See docs/api.md for the routes.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The path does not have this method',
    cure: 'Use one of those that the `Allow` header names.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    title: 'No answer has a type that the request accepts',
    cure: 'Send an `Accept` header with one of the types that docs/api.md names for this path, or none.',
  },
  REQUEST_ABANDONED: {
    status: 408,
    title: 'The client went away before the call was begun',
    cure: 'No call was placed. Wait for the answer, which may take some seconds, and ask again.',
  },
  CALL_STATE_CONFLICT: {
    status: 409,
    title: 'The call is not in a state for this',
    cure: 'A call that is over takes no commands. Interrupt, say, dtmf and transfer need one that is `in-progress` with its stream, and one transfer goes on at a time.',
  },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large', cure: 'Send a smaller one.' },
  MEDIA_TYPE_NOT_SUPPORTED: {
    status: 415,
    title: 'The body has the wrong content type',
    cure: 'Send `Content-Type: application/json`, uncompressed UTF-8.',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    title: 'The range lies outside the file',
    cure: 'Ask for bytes within the size that `Content-Range` names.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'The idempotency key was used for another request',
    cure: 'Use a new Idempotency-Key for each new call.',
  },
  TOO_MANY_CALLS: {
    status: 429,
    title: 'All concurrent calls are in use',
    cure: 'Try again when a call has ended, or raise MAX_CONCURRENT_CALLS.',
    setting: 'MAX_CONCURRENT_CALLS',
  },
  CALL_RATE_EXCEEDED: {
    status: 429,
    title: 'New calls come too fast',
    cure: 'Try again after `Retry-After`, or raise CALLS_PER_SECOND.',
    setting: 'CALLS_PER_SECOND',
  },
  DESTINATION_LIMIT_REACHED: {
    status: 429,
    title: 'This number was called too often',
    cure: 'Try again after `Retry-After`, or raise CALLS_PER_DESTINATION_PER_HOUR (TRANSFERS_PER_DESTINATION_PER_HOUR for a transfer).',
    setting: 'CALLS_PER_DESTINATION_PER_HOUR',
  },
  KEY_LIMIT_REACHED: {
    status: 429,
    title: 'This API key has placed its calls of the day',
    cure: 'Try again after `Retry-After`, or raise CALLS_PER_KEY_PER_DAY.',
    setting: 'CALLS_PER_KEY_PER_DAY',
  },
  DAILY_BUDGET_SPENT: {
    status: 429,
    title: 'What may be spent in a day is spent',
    cure: 'Try again after `Retry-After`, when the next day (UTC) has begun, or raise MAX_COST_USD_PER_DAY.',
    setting: 'MAX_COST_USD_PER_DAY',
  },
  INTERNAL_ERROR: { status: 500, title: 'Something went wrong in the server', cure: 'See the log of the server.' },
  CARRIER_ERROR: {
    status: 502,
    title: 'The carrier did not carry out the command',
    cure: 'Check that the call is still up, and try again; the log of the server says what the carrier answered.',
  },
  SERVER_DRAINING: { status: 503, title: 'The server is stopping', cure: 'Try again on another server, or later.' },
  SERVER_OVERLOADED: {
    status: 503,
    title: 'The server has enough to do',
    cure: 'Try again after `Retry-After`, or on another server. OVERLOAD_LAG_MS says how much lag is too much.',
    setting: 'OVERLOAD_LAG_MS',
  },
  RECORDS_UNAVAILABLE: {
    status: 503,
    title: 'The database does not answer',
    cure: 'Try again after `Retry-After`; `GET /ready` and the log of the server say more.',
  },
  AI_UNAVAILABLE: {
    status: 503,
    title: 'OpenAI does not accept the account or the model',
    cure: 'Check OPENAI_API_KEY, its credit and OPENAI_REALTIME_MODEL. Calls are taken again as soon as a probe succeeds.',
  },
  TOO_MANY_STREAMS: {
    status: 503,
    title: 'All event streams are in use',
    cure: 'Close streams that nobody reads, or ask for `events?after=` as JSON.',
  },
  WEBHOOK_REFUSED: {
    status: 401,
    title: 'The webhook could not be verified',
    cure: 'Check TELNYX_PUBLIC_KEY, the webhook API version (2) and the clock of this machine.',
  },
} as const satisfies Record<string, Entry>;

/** Stable code of a problem. */
export type ProblemCode = keyof typeof PROBLEMS;

/** One field that is wrong, and how to put it right. */
export type FieldError = { readonly field: string; readonly message: string };

// When a busy server is worth asking again.
const RETRY_AFTER_SECONDS = 5;

/** What a problem says beyond its entry in the catalogue. */
export type ProblemFacts = {
  readonly detail?: string | undefined;
  /** Instead of the entry's own. */
  readonly setting?: string | undefined;
  /** When the same request is worth another try. */
  readonly retryAfterSeconds?: number | undefined;
};

/** A problem raised by the HTTP edge itself. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly errors: readonly FieldError[] = [],
    readonly facts: ProblemFacts = {},
  ) {
    super(PROBLEMS[code].title);
    this.name = 'ProblemError';
  }
}

/** Answers with a problem document. */
export function sendProblem(response: Response, problem: ProblemError): void {
  const { status, title, cure, setting }: Entry = PROBLEMS[problem.code];
  const errors = problem.errors.length === 0 ? undefined : problem.errors;
  const isBusy = status === 429 || status === 503;
  const retryAfterSeconds = problem.facts.retryAfterSeconds ?? (isBusy ? RETRY_AFTER_SECONDS : undefined);
  // For whoever measures requests.
  response.locals['problem'] = problem.code;
  if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds));
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:ai-calls:problem:${problem.code}`,
        title,
        status,
        code: problem.code,
        detail: problem.facts.detail ?? cure,
        setting: problem.facts.setting ?? setting,
        errors,
      }),
    );
}

/** Answers requests that no route took. */
export const routeNotFound: RequestHandler = (_request, response) => {
  sendProblem(response, new ProblemError('ROUTE_NOT_FOUND'));
};

/** Turns whatever was thrown into a problem document. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  // oxlint-disable-next-line max-params
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const problem = toProblem(error);
    if (problem.code === 'INTERNAL_ERROR') log.error('A request failed', { method: request.method, error });
    if (problem.code === 'RECORDS_UNAVAILABLE') log.error('The database does not answer', { error });
    if (problem.code === 'CARRIER_ERROR') log.warn('The carrier did not carry out a command', { error });
    sendProblem(response, problem);
  };
}

function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof AppError && isProblemCode(error.code)) {
    const setting = error instanceof DestinationLimitError ? error.setting : undefined;
    const facts = { detail: detailOf(error), setting, retryAfterSeconds: secondsToWait(error) };
    return new ProblemError(error.code, [], facts);
  }
  return new ProblemError(codeOfRequestError(error) ?? 'INTERNAL_ERROR');
}

/** What is the matter, and, where the error itself does not say it, what to do about it. */
function detailOf(error: AppError): string {
  if (error instanceof CallStateError) return `${error.message} ${PROBLEMS.CALL_STATE_CONFLICT.cure}`;
  if (error instanceof CarrierError) {
    // Whoever repeats it blindly may have it done twice.
    const mayBeDone = error.failure === 'outcome-unknown' ? ' It may have been carried out all the same.' : '';
    return `${error.message}.${mayBeDone} ${error.cure ?? PROBLEMS.CARRIER_ERROR.cure}`;
  }
  return error.message;
}

/** Errors that know when it is worth another try say so; whole seconds, and never at once. */
function secondsToWait(error: AppError): number | undefined {
  const seconds = 'retryAfterSeconds' in error ? error.retryAfterSeconds : undefined;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : undefined;
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** The router of express names what went wrong in `status`, the parser of Node in `code`. */
function codeOfRequestError(error: unknown): ProblemCode | undefined {
  if (error instanceof URIError) return 'ROUTE_NOT_FOUND';
  if (typeof error !== 'object' || error === null) return undefined;
  const { status, code } = error as Readonly<Record<'status' | 'code', unknown>>;
  // From Node's parser: what came after a request was no HTTP, and ends it while it is answered.
  if (typeof code === 'string' && code.startsWith('HPE_')) return 'BAD_REQUEST';
  return typeof status === 'number' && status >= 400 && status < 500 ? 'BAD_REQUEST' : undefined;
}
