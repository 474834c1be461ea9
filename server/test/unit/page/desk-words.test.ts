// What the page says about itself: only what is known, and why the rest is not.

import { beforeWords, headerWords, nowWords } from '../../../page/desk-words.ts';
import { changed, type Change, INITIAL_STATE, type PageState } from '../../../page/state.ts';
import { type Readiness, readinessOf } from '../../../page/wire.ts';

const AT = '2026-11-20T12:00:00.000Z';
const NOW_MS = Date.parse(AT);

const READY: Readiness = { status: 'ready', checks: [{ name: 'database', status: 'ok' }] };
const NOT_READY: Readiness = {
  status: 'not-ready',
  checks: [{ name: 'capacity', status: 'failing', reason: 'all 10 concurrent calls are in use' }],
};

const GRANTED: Change = { type: 'access.granted', hasKey: true };
const LINKED: Change = { type: 'link.changed', link: 'live', nowMs: NOW_MS };
const LOST: Change = { type: 'link.changed', link: 'lost', nowMs: NOW_MS };
const NOBODY: Change = { type: 'live.told', snapshot: { at: AT, calls: [] }, nowMs: NOW_MS };
const IS_READY: Change = { type: 'readiness.told', readiness: READY };
const COST: Change = { type: 'today.told', usd: 1.5 };
const NO_PAST: Change = { type: 'past.told', page: { calls: [], nextCursor: null }, isOlder: false };

function after(...changes: readonly Change[]): PageState {
  return changes.reduce(changed, INITIAL_STATE);
}

test('the header tells what is known', () => {
  expect(headerWords(after(GRANTED, LINKED, NOBODY, IS_READY, COST))).toEqual({
    live: '0',
    today: '$1.50',
    ready: 'Ready',
    readyState: 'ready',
    link: '',
  });
});

test.each<[string, PageState]>([
  ['before anything has answered', after(GRANTED)],
  ['while the readiness and the cost do not answer', after(GRANTED, LINKED, NOBODY)],
  ['when they stop answering', after(GRANTED, LINKED, IS_READY, COST, readinessGone(), costGone())],
  ['while the connection is lost', after(GRANTED, LINKED, NOBODY, IS_READY, COST, LOST)],
  ['when they answer while the connection is lost', after(GRANTED, LINKED, LOST, IS_READY, COST)],
  ['when the connection is back and nobody has looked again', after(GRANTED, LINKED, IS_READY, COST, LOST, LINKED)],
])('neither readiness nor cost is known %s', (_when, state) => {
  expect(headerWords(state)).toMatchObject({ today: 'unknown', ready: 'unknown', readyState: 'unknown' });
});

test('the reason why no call can be placed is in the header', () => {
  expect(headerWords(after(GRANTED, LINKED, { type: 'readiness.told', readiness: NOT_READY }))).toMatchObject({
    ready: 'Not ready: all 10 concurrent calls are in use',
    readyState: 'not-ready',
  });
});

test.each([null, [], 'Bad gateway', { status: 502 }, { status: 'ready' }, { checks: 'none' }])(
  'what somebody else than the server answers says nothing about readiness: %j',
  (answer) => expect(readinessOf(answer)).toBeUndefined(),
);

test('a connection that the server refuses is told in the words of the server', () => {
  const notice = 'Close streams that nobody reads.';

  expect(headerWords(after(GRANTED, LOST)).link).toBe('Connection lost, trying again…');
  expect(headerWords(after(GRANTED, { ...LOST, notice })).link).toBe(`${notice} Trying again…`);
  expect(headerWords(after(GRANTED, { ...LOST, notice }, LINKED)).link).toBe('');
});

test('nobody is on the phone only when that is known', () => {
  expect(nowWords(after(GRANTED))).toBe('Not known yet.');
  expect(nowWords(after(GRANTED, LINKED))).toBe('Not known yet.');
  expect(nowWords(after(GRANTED, LINKED, NOBODY))).toBe('Nobody is on the phone.');
  expect(nowWords(after(GRANTED, LINKED, NOBODY, LOST))).toBe('Not known yet.');
});

test('there are no earlier calls only when that is known', () => {
  expect(beforeWords(after(GRANTED))).toBe('Not known yet.');
  expect(beforeWords(after(GRANTED, NO_PAST))).toBe('No earlier calls.');
});

function readinessGone(): Change {
  return { type: 'readiness.told', readiness: undefined };
}

function costGone(): Change {
  return { type: 'today.told', usd: null };
}
