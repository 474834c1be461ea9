// Telnyx's errors translated once: every failed command leaves this adapter as a CarrierError.

import Telnyx from 'telnyx';
import { CarrierError, type CarrierFailure } from '../../calls/errors';
import { findRefusal } from './refusal-codes';

/** The call is over: a normal race with the other party's hang-up. */
const CALL_ENDED_CODE = '90018';
const INVALID_CALL_ID_CODE = '90015';

// The request cannot have reached Telnyx: nothing was carried out.
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The answer to a request of the SDK. @throws CarrierError for whatever it throws */
export async function translated<T>(command: string, request: PromiseLike<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw toCarrierError(error, command);
  }
}

/** Translates whatever the SDK threw. */
export function toCarrierError(error: unknown, command: string): CarrierError {
  if (!(error instanceof Telnyx.APIError)) {
    return new CarrierError(`Telnyx ${command} failed`, { failure: 'outcome-unknown', cause: error });
  }
  const { code, text, title } = firstError(error.error);
  const refusal = findRefusal(text);
  return new CarrierError(describe(command, error.status, code), {
    failure: failureOf(error),
    httpStatus: error.status,
    carrierCode: code,
    refusalCode: refusal?.code,
    cure: refusal?.cure ?? cureByStatus(error.status),
    cause: error.status === undefined ? error : saidByTelnyx(title),
  });
}

/** The SDK's own error quotes the whole answer, whose details may say back what we sent; its titles are Telnyx's own. */
function saidByTelnyx(title: string): Error | undefined {
  return title === '' ? undefined : new Error(`Telnyx says: ${title}`);
}

/** Tells whether the error says that the call is gone already, which is what a hang-up wants. */
export function isCallGone(error: CarrierError): boolean {
  const { httpStatus, carrierCode } = error;
  return httpStatus === 404 || carrierCode === CALL_ENDED_CODE || carrierCode === INVALID_CALL_ID_CODE;
}

function failureOf(error: InstanceType<typeof Telnyx.APIError>): CarrierFailure {
  const { status } = error;
  if (status === undefined) {
    return causeCodes(error).some((code) => NEVER_SENT.has(code)) ? 'unavailable' : 'outcome-unknown';
  }
  // A server that broke, or a gateway that gave up waiting, may have carried the command out all the same.
  if (status >= 500 || status === 408) return 'outcome-unknown';
  return status === 425 || status === 429 ? 'unavailable' : 'refused';
}

function describe(command: string, status: number | undefined, code: string | undefined): string {
  if (status === undefined) return `Telnyx did not answer ${command}`;
  return `Telnyx answered ${command} with ${status}${code === undefined ? '' : `, code ${code}`}`;
}

function cureByStatus(status: number | undefined): string | undefined {
  if (status === 401) return 'TELNYX_API_KEY is not valid: create a new key in the portal.';
  if (status === 403) return 'The account or the key may not do this: see the Telnyx portal.';
  if (status === 429) return 'Too many requests: slow down.';
  return undefined;
}

type FirstError = { readonly code: string | undefined; readonly text: string; readonly title: string };

/** The error body is `{errors: [{code, title, detail}]}`; some services send other shapes. */
function firstError(body: unknown): FirstError {
  const errors = isObject(body) && Array.isArray(body['errors']) ? (body['errors'] as unknown[]) : [];
  const first = errors.find(isObject);
  if (!first) return { code: undefined, text: '', title: '' };
  const { code, title, detail } = first;
  return {
    code: typeof code === 'string' ? code : undefined,
    text: [title, detail].filter((part) => typeof part === 'string').join(' '),
    title: typeof title === 'string' ? title : '',
  };
}

/** Node's fetch hides the socket's error code some causes deep. */
function causeCodes(error: unknown): string[] {
  const codes: string[] = [];
  for (let cause: unknown = error, depth = 0; isObject(cause) && depth < 5; cause = cause['cause'], depth += 1) {
    if (typeof cause['code'] === 'string') codes.push(cause['code']);
  }
  return codes;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
