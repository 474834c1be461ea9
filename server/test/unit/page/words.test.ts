// Calls in words: how they ended, what may be done about it, and what tells two calls to one number apart.

import type { CallDetails, PastCall } from '../../../page/wire.ts';
import { carrierWords, cureWords, endWords, labelOf, liveWords, verdictWords } from '../../../page/words.ts';
import { END_REASONS, endCall } from '../../../src/calls/end-call';

const ENDED_AT = '2026-11-20T12:00:00.000Z';
const ENDED_MS = Date.parse(ENDED_AT);
const HOUR_MS = 3_600_000;

function ended(status: PastCall['status'], endReason: string | null): Pick<PastCall, 'status' | 'endReason'> {
  return { status, endReason };
}

test.each([
  [ended('failed', 'number-unreachable'), 'Failed · number unreachable'],
  [ended('completed', 'ai-hung-up'), 'Completed · AI hung up'],
  [ended('completed', 'api-hung-up'), 'Completed · hung up through the API'],
  [ended('busy', 'callee-busy'), 'Busy'],
  [ended('no-answer', 'callee-no-answer'), 'No answer'],
  [ended('no-answer', 'ring-deadline-passed'), 'No answer · ring deadline passed'],
  [ended('failed', null), 'Failed'],
])('a row of the history says why: %j', (call, words) => expect(endWords(call)).toBe(words));

test.each(END_REASONS)('every reason can be read: %s', (reason) => {
  expect(endWords(ended(endCall(reason).status, reason))).not.toMatch(/-|\bai\b|\bapi\b/);
});

test('a verdict is told with what to do about it and the codes that a support desk asks for', () => {
  const verdict = endCall('carrier-refused', { cure: 'Verify the caller ID.', refusalCode: 'D51', sipCode: '403' });
  const call = { ...ended('failed', 'carrier-refused'), verdict };

  expect(verdictWords(call)).toBe('Failed. The carrier refused the call.');
  expect(cureWords(call)).toBe('Verify the caller ID. (Refusal D51, SIP 403)');
});

test('a call that went well has nothing to be cured, and facts of another kind are none', () => {
  const well = { ...ended('completed', 'callee-hung-up'), verdict: endCall('callee-hung-up', { sipCode: '200' }) };
  const odd = { ...ended('failed', 'stream-lost'), verdict: endCall('stream-lost', { cure: true, sipCode: 7 }) };

  expect([cureWords(well), cureWords(odd), cureWords({ ...odd, verdict: null })]).toEqual(['', '(SIP 7)', '']);
});

test('calls to one number are told apart by what they were placed for, or by whom', () => {
  expect(labelOf({ metadata: { order: 'A-17', shop: 'Main' }, placedBy: 'desk' })).toBe('A-17');
  expect(labelOf({ metadata: { order: ' ' }, placedBy: 'desk' })).toBe('desk');
  expect(labelOf({ metadata: {} })).toBe('');
});

type Costs = Pick<CallDetails, 'status' | 'answeredAt' | 'endedAt' | 'cost'>;

test.each<[string, Partial<Costs>, number, string]>([
  ['of a live call', { status: 'in-progress', endedAt: null }, 0, 'not known yet'],
  ['just after the end', {}, HOUR_MS, 'not known yet'],
  ['over an hour after the end', {}, HOUR_MS + 1_000, 'not told'],
  ['of a call that nobody answered', { status: 'no-answer', answeredAt: null }, 0, 'not told'],
  ['once it is known', { cost: { totalUsd: 1, aiUsd: 0.5, carrierUsd: 0.5 } }, 2 * HOUR_MS, '$0.5000'],
])("the carrier's charge %s", (_when, changes, afterMs, words) => {
  const cost = { totalUsd: null, aiUsd: 0.5, carrierUsd: null };
  const call: Costs = { status: 'completed', answeredAt: ENDED_AT, endedAt: ENDED_AT, cost, ...changes };

  expect(carrierWords(call, ENDED_MS + afterMs)).toBe(words);
});

test('while the connection is lost nobody is said to be silent', () => {
  const call = { status: 'in-progress', talking: 'nobody' } as const;

  expect(liveWords(call, { link: 'live', linkNotice: '' })).toBe('Silence');
  expect(liveWords(call, { link: 'lost', linkNotice: '' })).toBe('Connection lost');
  expect(liveWords(call, { link: 'lost', linkNotice: 'All event streams are in use.' })).toBe('Not known now');
});
