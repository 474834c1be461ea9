// What an error, an HTTP refusal or a close of the Realtime API means for the call.

import { type EndCall, endCall } from '../calls/end-call';
import type { RealtimeErrorBody } from './realtime-protocol';

/**
 * `benign`: a race that we expect. `account`: no session will work until a person acts. `transient`: try again.
 * `session-over`: this session is finished. `request`: what we sent was wrong.
 */
export type RealtimeErrorClass = 'benign' | 'account' | 'transient' | 'session-over' | 'request';

const BENIGN_CODES = new Set([
  'response_cancel_not_active',
  'item_truncate_invalid_item_id',
  'item_delete_invalid_item_id',
  'item_not_found',
  'item_retrieve_invalid_item_id',
  'input_audio_buffer_commit_empty',
  'conversation_already_has_active_response',
]);

// The code of these is null or too general; the message is all there is.
const BENIGN_MESSAGES = ['already shorter than', 'Only model output audio messages can be truncated'];

const ACCOUNT_CODES = new Set([
  'invalid_api_key',
  'insufficient_quota',
  'credit_balance_exhausted',
  'account_deactivated',
  'billing_hard_limit_reached',
  'model_not_found',
  'invalid_model',
  'missing_model',
  'beta_api_shape_disabled',
]);

// Longer than this, nobody on the phone waits for an answer.
const MAX_HINT_MS = 5_000;

const TRANSIENT_CODES = new Set(['server_error', 'rate_limit_exceeded', 'inference_rate_limit_exceeded']);

// A key that is not valid; a model that the account may not use.
const ACCOUNT_CLOSES = new Set([3000, 4004]);
const BAD_REQUEST_CLOSE = 4000;

/** Classifies the error of an `error` event or of a failed response. */
export function classifyError(error: RealtimeErrorBody): RealtimeErrorClass {
  const { code, type, message } = error;
  if (code && BENIGN_CODES.has(code)) return 'benign';
  if (message && BENIGN_MESSAGES.some((part) => message.includes(part))) return 'benign';
  if (has(ACCOUNT_CODES, code, type)) return 'account';
  if (has(TRANSIENT_CODES, code, type)) return 'transient';
  if (code === 'session_expired') return 'session-over';
  return 'request';
}

// invalid_request_error.invalid_api_key, session.tools[0].name: sentences may echo what was said.
const CODE = /^[\w.[\]-]{1,100}$/;

/** A text that is a code and nothing else. */
function codeIn(text: string | null | undefined): string | undefined {
  return text && CODE.test(text) ? text : undefined;
}

/** Facts of an error for a verdict: codes only, since messages may echo what we sent. */
export function errorFacts(error: RealtimeErrorBody): Readonly<Record<string, string | undefined>> {
  return { errorType: codeIn(error.type), errorCode: codeIn(error.code), param: codeIn(error.param) };
}

/** How long the server asks us to wait before the next try, as far as that is bearable; undefined when it does not say. */
export function retryHintMs({ message }: RealtimeErrorBody): number | undefined {
  const [, amount, unit] = /try again in (\d+(?:\.\d+)?) ?([a-z]+)/i.exec(message ?? '') ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.min(MAX_HINT_MS, Math.ceil(Number(amount) * msPerUnit(unit.toLowerCase())));
}

/** The verdict of an `error` event by which the session ends; undefined for one that it survives. */
export function verdictOfError(error: RealtimeErrorBody, during: 'opening' | 'conversation'): EndCall | undefined {
  const facts = errorFacts(error);
  switch (classifyError(error)) {
    case 'account':
      return endCall('ai-unauthorized', facts);
    case 'session-over':
      return endCall(during === 'opening' ? 'ai-unavailable' : 'ai-connection-lost', facts);
    case 'request':
      // What is wrong with the settings will be wrong again.
      return during === 'opening' ? endCall('ai-refused-session', facts) : undefined;
    default:
      return undefined;
  }
}

/** The verdict of a plain HTTP answer to the WebSocket upgrade. */
export function verdictOfHttpRefusal(httpStatus: number): EndCall {
  const isRefused = httpStatus === 401 || httpStatus === 403;
  return endCall(isRefused ? 'ai-unauthorized' : 'ai-unavailable', { httpStatus });
}

/** The verdict of a socket that closed. Auth and model errors come only here: the upgrade itself succeeds. */
export function verdictOfClose(closeCode: number, closeReason: string, wasReady: boolean): EndCall {
  const facts = { closeCode, closeReason: codeIn(closeReason) };
  if (ACCOUNT_CLOSES.has(closeCode) || ACCOUNT_CODES.has(codeOfClose(closeReason)))
    return endCall('ai-unauthorized', facts);
  if (closeCode === BAD_REQUEST_CLOSE) return endCall('ai-refused-session', facts);
  return endCall(wasReady ? 'ai-connection-lost' : 'ai-unavailable', facts);
}

/** Where an error closes the socket, the reason names it as `invalid_request_error.invalid_api_key`. */
function codeOfClose(closeReason: string): string {
  return closeReason.slice(closeReason.lastIndexOf('.') + 1);
}

/** Minutes and more are all too long. */
function msPerUnit(unit: string): number {
  if (unit.startsWith('ms') || unit.startsWith('milli')) return 1;
  return unit.startsWith('s') ? 1_000 : Infinity;
}

function has(codes: ReadonlySet<string>, ...candidates: (string | null | undefined)[]): boolean {
  return candidates.some((candidate) => typeof candidate === 'string' && codes.has(candidate));
}
