import fc from 'fast-check';
import {
  CALL_STATUSES,
  type CallEvent,
  type CallStatus,
  isTerminal,
  LIVE_STATUSES,
  transition,
} from '../../../src/calls/call-state';

const TERMINAL_STATUSES = ['completed', 'busy', 'failed', 'no-answer', 'canceled'] as const;
const EVENTS: readonly CallEvent[] = [
  { type: 'dial.accepted' },
  { type: 'leg.ringing' },
  { type: 'leg.answered' },
  ...TERMINAL_STATUSES.map((status) => ({ type: 'call.ended', status }) as const),
];

const anyEvents = fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 });

/** What each event makes of each live status; undefined where it is ignored. */
const TABLE: readonly [CallStatus, CallEvent['type'], CallStatus | undefined][] = [
  ['queued', 'dial.accepted', 'initiated'],
  ['queued', 'leg.ringing', 'ringing'],
  ['queued', 'leg.answered', 'in-progress'],
  ['initiated', 'dial.accepted', undefined],
  ['initiated', 'leg.ringing', 'ringing'],
  ['initiated', 'leg.answered', 'in-progress'],
  ['ringing', 'dial.accepted', undefined],
  ['ringing', 'leg.ringing', undefined],
  ['ringing', 'leg.answered', 'in-progress'],
  ['in-progress', 'dial.accepted', undefined],
  ['in-progress', 'leg.ringing', undefined],
  ['in-progress', 'leg.answered', undefined],
];

test.each(TABLE)('a %s call that gets %s becomes %s', (status, type, expected) => {
  const result = transition(status, { type } as CallEvent);

  expect(result).toMatchObject(expected === undefined ? { kind: 'ignore' } : { kind: 'apply', status: expected });
});

test.each(LIVE_STATUSES.flatMap((from) => TERMINAL_STATUSES.map((to) => [from, to] as const)))(
  'a %s call can end as %s',
  (from, to) => {
    expect(transition(from, { type: 'call.ended', status: to })).toEqual({ kind: 'apply', status: to });
  },
);

test.each(TERMINAL_STATUSES)('a %s call ignores a second verdict', (status) => {
  for (const second of TERMINAL_STATUSES) {
    expect(transition(status, { type: 'call.ended', status: second }).kind).toBe('ignore');
  }
});

test.each(TERMINAL_STATUSES)('a %s call stays as it is, whatever its leg does', (status) => {
  for (const type of ['dial.accepted', 'leg.ringing', 'leg.answered'] as const) {
    expect(transition(status, { type }).kind).toBe('ignore');
  }
});

test('every status is either live or terminal', () => {
  expect([...LIVE_STATUSES, ...TERMINAL_STATUSES].sort()).toEqual([...CALL_STATUSES].sort());
  expect(LIVE_STATUSES.some(isTerminal)).toBe(false);
  expect(TERMINAL_STATUSES.every(isTerminal)).toBe(true);
});

test('no sequence of events moves a call backwards or out of a terminal status', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      let status: CallStatus = 'queued';
      for (const event of events) {
        const result = transition(status, event);
        if (result.kind !== 'apply') continue;
        expect(isTerminal(status)).toBe(false);
        expect(CALL_STATUSES.indexOf(result.status)).toBeGreaterThan(CALL_STATUSES.indexOf(status));
        status = result.status;
      }
    }),
  );
});

test('the order in which the news of one leg arrives does not change where the call ends up', () => {
  const news: CallEvent[] = [{ type: 'dial.accepted' }, { type: 'leg.ringing' }, { type: 'leg.answered' }];
  fc.assert(
    fc.property(fc.shuffledSubarray(news, { minLength: news.length }), (events) => {
      const end = events.reduce<CallStatus>((status, event) => {
        const result = transition(status, event);
        return result.kind === 'apply' ? result.status : status;
      }, 'queued');

      expect(end).toBe('in-progress');
    }),
  );
});
