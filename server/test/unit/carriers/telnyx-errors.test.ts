import Telnyx from 'telnyx';
import type { CarrierError } from '../../../src/calls/errors';
import { isCallGone, toCarrierError } from '../../../src/carriers/telnyx/telnyx-errors';

/** An error exactly as the SDK throws it for an answer of Telnyx. */
function answered(status: number, body: unknown): CarrierError {
  return toCarrierError(Telnyx.APIError.generate(status, body as object, undefined, new Headers()), 'dial');
}

function withCode(status: number, code: string, detail = 'detail'): CarrierError {
  return answered(status, { errors: [{ code, title: 'Title', detail }] });
}

test.each([
  [400, 'refused'],
  [401, 'refused'],
  [403, 'refused'],
  [404, 'refused'],
  [409, 'refused'],
  [422, 'refused'],
  [425, 'unavailable'],
  [429, 'unavailable'],
  [408, 'outcome-unknown'],
  [500, 'outcome-unknown'],
  [502, 'outcome-unknown'],
  [503, 'outcome-unknown'],
  [504, 'outcome-unknown'],
])('an answer of %i means %s', (status, failure) => {
  const error = withCode(status, '10007');

  expect(error).toMatchObject({ failure, httpStatus: status, carrierCode: '10007', retryable: failure !== 'refused' });
});

test.each([
  ['a timeout', new Telnyx.APIConnectionTimeoutError()],
  ['an abort by our deadline', new Telnyx.APIUserAbortError()],
  ['a connection that broke', connectionError('ECONNRESET')],
  ['a connection that closed', connectionError('UND_ERR_SOCKET')],
  ['a connection error without a cause', new Telnyx.APIConnectionError({ message: 'broken' })],
  ['something that is no error of Telnyx', new TypeError('bug')],
  ['something that is no error', 'text'],
  ['nothing', undefined],
])('%s may have been carried out', (_what, error) => {
  expect(toCarrierError(error, 'dial')).toMatchObject({ failure: 'outcome-unknown', httpStatus: undefined });
});

test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])(
  'a connection that was never made (%s) was not carried out',
  (code) => {
    expect(toCarrierError(connectionError(code), 'dial').failure).toBe('unavailable');
  },
);

test('a refused destination says which, and what to do', () => {
  const error = withCode(403, '10010', 'Dialed number is not included in whitelisted countries D13');

  expect(error).toMatchObject({ refusalCode: 'D13', cure: expect.stringContaining('outbound voice profile') });
});

test.each([
  [401, /TELNYX_API_KEY/],
  [403, /portal/],
  [429, /slow down/i],
])('an answer of %i without a refusal code has a cure too', (status, cure) => {
  expect(withCode(status, '10009').cure).toMatch(cure);
});

test('the message names the command, the status and the code, and nothing that we sent', () => {
  const error = withCode(422, '10016', "The 'to' parameter +12025550123 must be in E164 format");

  expect(error.message).toBe('Telnyx answered dial with 422, code 10016');
  expect(String(error.cause)).toBe('Error: Telnyx says: Title');
  expect(error.cause).not.toHaveProperty('cause');
});

test.each([
  undefined,
  null,
  'text',
  [],
  {},
  { errors: null },
  { errors: 'x' },
  { errors: [] },
  { errors: [null] },
  { errors: ['x'] },
  { errors: [{}] },
  { errors: [{ code: 5, detail: {} }] },
])('an error body of another shape is no problem: %j', (body) => {
  expect(answered(422, body)).toMatchObject({ failure: 'refused', httpStatus: 422, refusalCode: undefined });
});

test.each([
  [422, '90018', true],
  [422, '90015', true],
  [404, '10005', true],
  [404, '404', true],
  [422, '90034', false],
  [403, '10010', false],
  [429, '10011', false],
  [500, '10007', false],
])('an answer of %i, code %s, says that the call is gone: %s', (status, code, isGone) => {
  expect(isCallGone(withCode(status, code))).toBe(isGone);
});

test('a hang-up without an answer does not say that the call is gone', () => {
  expect(isCallGone(toCarrierError(new Telnyx.APIConnectionTimeoutError(), 'hangup'))).toBe(false);
});

test('causes that go in circles are followed for a while only', () => {
  const cause: { cause?: unknown } = {};
  cause.cause = cause;
  const error = new Telnyx.APIConnectionError({ message: 'x', cause: cause as Error });

  expect(toCarrierError(error, 'dial').failure).toBe('outcome-unknown');
});

/** Node's fetch hides the code of the socket in the cause of the cause. */
function connectionError(code: string): Error {
  const socketError = Object.assign(new Error('socket'), { code });
  return new Telnyx.APIConnectionError({ cause: new TypeError('fetch failed', { cause: socketError }) });
}
