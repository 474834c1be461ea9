import fc from 'fast-check';
import { CALL_STATUSES, isTerminal } from '../../../src/calls/call-state';
import { END_REASONS } from '../../../src/calls/end-call';
import { verdictOfHangUp } from '../../../src/carriers/telnyx/hangup-causes';

test.each([
  ['normal_clearing', '200', 'callee-hung-up'],
  ['normal_clearing', 'unspecified', 'callee-hung-up'],
  ['originator_cancel', '487', 'carrier-canceled'],
  ['timeout', 'unspecified', 'callee-no-answer'],
  ['no_answer', '480', 'callee-no-answer'],
  ['user_busy', '486', 'callee-busy'],
  ['not_found', '404', 'number-unreachable'],
  ['time_limit', 'unspecified', 'max-duration-reached'],
  ['call_rejected', '603', 'callee-declined'],
  ['call_rejected', '486', 'callee-declined'],
  ['call_rejected', 'unspecified', 'callee-declined'],
  ['call_rejected', undefined, 'callee-declined'],
  ['call_rejected', '403', 'carrier-refused'],
  ['call_rejected', '503', 'carrier-refused'],
  ['unspecified', '486', 'callee-busy'],
  ['unspecified', '480', 'callee-no-answer'],
  ['unspecified', '408', 'callee-no-answer'],
  ['unspecified', '404', 'number-unreachable'],
  ['unspecified', '503', 'carrier-unavailable'],
  ['unspecified', '500', 'carrier-failed'],
  ['unspecified', undefined, 'carrier-failed'],
  ['a_cause_of_tomorrow', 'unspecified', 'carrier-failed'],
  ['', '', 'carrier-failed'],
])('%s with SIP %s ends a call as %s', (hangupCause, sipCode, reason) => {
  expect(verdictOfHangUp({ hangupCause, sipCode }).reason).toBe(reason);
});

test.each([
  ['caller', 'carrier-hung-up'],
  ['callee', 'callee-hung-up'],
  ['unknown', 'callee-hung-up'],
  [undefined, 'callee-hung-up'],
])('a normal hang-up whose source is %s ends a call as %s', (hangupSource, reason) => {
  expect(verdictOfHangUp({ hangupCause: 'normal_clearing', hangupSource, sipCode: '200' }).reason).toBe(reason);
});

test('what Telnyx said is in the details', () => {
  const { details } = verdictOfHangUp({ hangupCause: 'user_busy', hangupSource: 'callee', sipCode: '486' });

  expect(details).toEqual({ hangupCause: 'user_busy', hangupSource: 'callee', sipCode: '486' });
});

test('whatever Telnyx says, the verdict is a complete one', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (hangupCause, sipCode) => {
      const { reason, status } = verdictOfHangUp({ hangupCause, sipCode });

      expect(END_REASONS).toContain(reason);
      expect(CALL_STATUSES.filter(isTerminal)).toContain(status);
    }),
  );
});

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  'the cause %s is unknown like any other',
  (name) => {
    expect(verdictOfHangUp({ hangupCause: name }).reason).toBe('carrier-failed');
    expect(verdictOfHangUp({ hangupCause: 'unspecified', sipCode: name }).reason).toBe('carrier-failed');
  },
);
