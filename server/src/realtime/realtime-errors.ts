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

const TRANSIENT_CODES = new Set(['server_error', 'rate_limit_exceeded', 'inference_rate_limit_exceeded']);

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

/** Facts of an error for a verdict: codes only, since messages may echo what we sent. */
export function errorFacts(error: RealtimeErrorBody): Readonly<Record<string, string | undefined>> {
  return { errorType: error.type ?? undefined, errorCode: error.code ?? undefined, param: error.param ?? undefined };
}

/** The verdict of a plain HTTP answer to the WebSocket upgrade. */
export function verdictOfHttpRefusal(httpStatus: number): EndCall {
  const isRefused = httpStatus === 401 || httpStatus === 403;
  return endCall(isRefused ? 'ai-unauthorized' : 'ai-unavailable', { httpStatus });
}

/** The verdict of a socket that closed. Auth and model errors come only here: the upgrade itself succeeds. */
export function verdictOfClose(closeCode: number, closeReason: string, wasReady: boolean): EndCall {
  const facts = { closeCode, closeReason: closeReason === '' ? undefined : closeReason };
  if (closeCode === 3000) return endCall('ai-unauthorized', facts);
  if (closeCode === 4000 || closeCode === 4004) return endCall('ai-refused-session', facts);
  return endCall(wasReady ? 'ai-connection-lost' : 'ai-unavailable', facts);
}

function has(codes: ReadonlySet<string>, ...candidates: (string | null | undefined)[]): boolean {
  return candidates.some((candidate) => typeof candidate === 'string' && codes.has(candidate));
}
