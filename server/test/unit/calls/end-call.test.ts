// The table of verdicts: what each reason for the end of a call means for its status.

import { CALL_STATUSES, isTerminal } from '../../../src/calls/call-state';
import { END_REASONS, endCall, type EndReason } from '../../../src/calls/end-call';

test.each(END_REASONS)('%s ends a call in a terminal status', (reason) => {
  const verdict = endCall(reason);

  expect(verdict.reason).toBe(reason);
  expect(CALL_STATUSES.filter(isTerminal)).toContain(verdict.status);
  expect(verdict.message).toMatch(/^[A-Z].*\.$/);
});

test.each(END_REASONS)('the status of %s fits its result', (reason) => {
  const { status, result } = endCall(reason);

  if (result === 'success') expect(status).toBe('completed');
  if (result === 'canceled') expect(status).toBe('canceled');
  // A machine picks up, and the person is not there all the same.
  const unavailable = reason === 'machine-answered' ? ['completed'] : ['busy', 'no-answer', 'failed'];
  if (result === 'callee-unavailable') expect(unavailable).toContain(status);
  if (result.endsWith('-error')) expect(status).toBe('failed');
});

test.each<[EndReason, string]>([
  ['callee-hung-up', 'completed'],
  ['api-hung-up', 'completed'],
  ['ai-hung-up', 'completed'],
  ['callee-silent', 'completed'],
  ['machine-answered', 'completed'],
  ['voicemail-left', 'completed'],
  ['transferred', 'completed'],
  ['max-duration-reached', 'completed'],
  ['api-canceled', 'canceled'],
  ['callee-busy', 'busy'],
  ['callee-declined', 'busy'],
  ['callee-no-answer', 'no-answer'],
  ['ring-deadline-passed', 'no-answer'],
  ['number-unreachable', 'failed'],
  ['carrier-refused', 'failed'],
  ['stream-lost', 'failed'],
  ['ai-connection-lost', 'failed'],
  ['server-stopping', 'failed'],
])('%s is published as %s', (reason, status) => {
  expect(endCall(reason).status).toBe(status);
});

test('keeps facts, falsy ones included, and drops those that are undefined', () => {
  const { details } = endCall('carrier-failed', {
    sipCode: '503',
    retries: 0,
    final: false,
    text: '',
    gone: undefined,
  });

  expect(details).toEqual({ sipCode: '503', retries: 0, final: false, text: '' });
  expect(Object.keys(details)).not.toContain('gone');
});

test('has no facts unless there are some', () => {
  expect(endCall('callee-busy').details).toEqual({});
});
