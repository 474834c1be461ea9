// What errors, refusals and closes of the Realtime API mean for a call.

import {
  classifyError,
  errorFacts,
  retryHintMs,
  verdictOfClose,
  verdictOfError,
  verdictOfHttpRefusal,
} from '../../../src/realtime/realtime-errors';

test.each([
  [{ code: 'response_cancel_not_active', message: 'Cancellation failed: no active response found' }, 'benign'],
  [{ code: 'item_truncate_invalid_item_id' }, 'benign'],
  [{ code: 'item_delete_invalid_item_id' }, 'benign'],
  [{ code: 'item_not_found' }, 'benign'],
  [{ code: 'item_retrieve_invalid_item_id' }, 'benign'],
  [{ code: 'input_audio_buffer_commit_empty' }, 'benign'],
  [{ code: 'conversation_already_has_active_response' }, 'benign'],
  [{ code: 'invalid_value', message: 'Audio content of 9250ms is already shorter than 57340ms' }, 'benign'],
  [{ code: null, message: 'Only model output audio messages can be truncated' }, 'benign'],
  [{ type: 'invalid_request_error', code: 'invalid_api_key' }, 'account'],
  [{ type: 'insufficient_quota', code: null }, 'account'],
  [{ code: 'insufficient_quota' }, 'account'],
  [{ code: 'credit_balance_exhausted' }, 'account'],
  [{ code: 'account_deactivated' }, 'account'],
  [{ code: 'billing_hard_limit_reached' }, 'account'],
  [{ code: 'model_not_found' }, 'account'],
  [{ type: 'server_error', code: null }, 'transient'],
  [{ code: 'rate_limit_exceeded' }, 'transient'],
  [{ code: 'inference_rate_limit_exceeded' }, 'transient'],
  [{ type: 'invalid_request_error', code: 'session_expired' }, 'session-over'],
  [{ type: 'invalid_request_error', code: 'unknown_parameter' }, 'request'],
  [{ code: 'cannot_update_voice' }, 'request'],
  [{ code: 'a_code_of_tomorrow' }, 'request'],
  [{ type: null, code: null, message: null }, 'request'],
  [{}, 'request'],
])('%j is %s', (error, expected) => {
  expect(classifyError(error)).toBe(expected);
});

test('the facts of an error are its codes, never its message', () => {
  const facts = errorFacts({ type: 'invalid_request_error', code: 'invalid_value', param: 'x', message: 'canary' });

  expect(facts).toEqual({ errorType: 'invalid_request_error', errorCode: 'invalid_value', param: 'x' });
});

test.each([
  [401, 'ai-unauthorized'],
  [403, 'ai-unauthorized'],
  [404, 'ai-unavailable'],
  [429, 'ai-unavailable'],
  [500, 'ai-unavailable'],
  [503, 'ai-unavailable'],
  [0, 'ai-unavailable'],
])('an upgrade that is answered with %i ends as %s', (httpStatus, reason) => {
  expect(verdictOfHttpRefusal(httpStatus)).toMatchObject({ reason, details: { httpStatus } });
});

test.each([
  [3000, 'invalid_request_error.invalid_api_key', false, 'ai-unauthorized'],
  [3000, '', true, 'ai-unauthorized'],
  [4000, 'invalid_request_error.beta_api_shape_disabled', false, 'ai-unauthorized'],
  [4000, 'invalid_request_error.of_tomorrow', false, 'ai-refused-session'],
  [4004, 'invalid_request_error.model_not_found', false, 'ai-unauthorized'],
  [4004, '', false, 'ai-unauthorized'],
  [1008, 'insufficient_quota', true, 'ai-unauthorized'],
  [1000, 'OK', true, 'ai-connection-lost'],
  [1001, 'going away', true, 'ai-connection-lost'],
  [1001, 'Your session hit the maximum duration of 60 minutes.', true, 'ai-connection-lost'],
  [1005, '', true, 'ai-connection-lost'],
  [1006, '', true, 'ai-connection-lost'],
  [1006, '', false, 'ai-unavailable'],
  [1011, 'internal', true, 'ai-connection-lost'],
  [1011, 'internal', false, 'ai-unavailable'],
  [1012, '', true, 'ai-connection-lost'],
  [1013, '', false, 'ai-unavailable'],
])('a close with %i "%s" (ready: %s) ends as %s', (closeCode, reasonText, wasReady, reason) => {
  const verdict = verdictOfClose(closeCode, reasonText, wasReady);

  expect(verdict.reason).toBe(reason);
  // A sentence may say back what somebody said.
  expect(verdict.details).toEqual(/^[\w.]+$/.test(reasonText) ? { closeCode, closeReason: reasonText } : { closeCode });
});

test('an account error is the same verdict whether it comes as an error or as a close', () => {
  const asClose = verdictOfClose(4004, 'invalid_request_error.model_not_found', false);

  expect(verdictOfError({ code: 'model_not_found' }, 'opening')?.reason).toBe(asClose.reason);
});

test.each([
  [{ code: 'insufficient_quota' }, 'ai-unauthorized', 'ai-unauthorized'],
  [{ code: 'session_expired' }, 'ai-unavailable', 'ai-connection-lost'],
  [{ code: 'unknown_parameter' }, 'ai-refused-session', undefined],
  [{ code: 'rate_limit_exceeded' }, undefined, undefined],
  [{ code: 'item_not_found' }, undefined, undefined],
])('the error %j ends an opening as %s, and a conversation as %s', (error, opening, conversation) => {
  expect(verdictOfError(error, 'opening')?.reason).toBe(opening);
  expect(verdictOfError(error, 'conversation')?.reason).toBe(conversation);
});

test.each([
  ['Please try again in 1.2s. Visit our website.', 1_200],
  ['Please try again in 350ms.', 350],
  ['please TRY AGAIN IN 0.5 seconds', 500],
  ['Please try again in 20s.', 5_000],
  ['Please try again in 1m30s.', 5_000],
  ['Please try again in 2h.', 5_000],
  ['Please try again later.', undefined],
  [null, undefined],
  [undefined, undefined],
])('the hint of %j is to wait %s ms', (message, expected) => {
  expect(retryHintMs({ message })).toBe(expected);
});
