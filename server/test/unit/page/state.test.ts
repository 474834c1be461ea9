// What the page shows after what it is told, without a browser.

import { changed, type Change, INITIAL_STATE, type PageState, secondsSince, shownMs } from '../../../page/state.ts';
import type { CallDetails, LiveCall, PastCall } from '../../../page/wire.ts';

const AT = '2026-11-20T12:00:00.000Z';
const NOW_MS = Date.parse(AT);

function live(callId: string, changes: Partial<LiveCall> = {}): LiveCall {
  return {
    callId,
    status: 'in-progress',
    to: '+12025550123',
    from: '+12025550100',
    talking: 'assistant',
    startedAt: AT,
    answeredAt: AT,
    costUsd: 0,
    lastReplyMs: null,
    placedBy: null,
    metadata: {},
    ...changes,
  };
}

function past(callId: string, minute: number): PastCall {
  const createdAt = new Date(NOW_MS + minute * 60_000).toISOString();
  const { to, from } = live(callId);
  const times = { createdAt, answeredAt: null, endedAt: createdAt, durationSeconds: null };
  return { callId, status: 'busy', to, from, ...times, endReason: 'callee-busy', metadata: {} };
}

function after(...changes: readonly Change[]): PageState {
  return changes.reduce(changed, INITIAL_STATE);
}

const GRANTED: Change = { type: 'access.granted', hasKey: true };
const LIVE: Change = { type: 'live.told', snapshot: { at: AT, calls: [live('a')] }, nowMs: NOW_MS };

test('durations follow the clock of the server, however wrong the one of this machine is', () => {
  const state = after(GRANTED, { type: 'live.told', snapshot: { at: AT, calls: [] }, nowMs: NOW_MS - 3_600_000 });

  expect(secondsSince(AT, NOW_MS - 3_600_000 + 5_000, state)).toBe(5);
});

test('a key that is refused leaves nothing of what the last one was shown', () => {
  const chosen: Change = { type: 'call.chosen', callId: 'a' };
  const state = after(GRANTED, LIVE, chosen, { type: 'access.refused', notice: 'No.' });

  expect(state).toEqual({ ...INITIAL_STATE, access: 'refused', accessNotice: 'No.' });
});

test('nobody is said to talk while the connection is lost', () => {
  const state = after(GRANTED, LIVE, { type: 'link.changed', link: 'lost', nowMs: NOW_MS });

  expect(state.live.map(({ callId, talking }) => [callId, talking])).toEqual([['a', 'nobody']]);
});

test('a look at the newest calls keeps the older ones that were fetched, and the way to more of them', () => {
  const state = after(
    { type: 'past.told', page: { calls: [past('d', 4), past('c', 3)], nextCursor: 'after-c' }, isOlder: false },
    { type: 'past.told', page: { calls: [past('b', 2), past('a', 1)], nextCursor: 'after-a' }, isOlder: true },
    { type: 'past.told', page: { calls: [past('e', 5), past('d', 4)], nextCursor: 'after-d' }, isOlder: false },
  );

  expect(state.past.map(({ callId }) => callId)).toEqual(['e', 'd', 'c', 'b', 'a']);
  expect(state.nextCursor).toBe('after-a');
});

test('newest calls that do not reach those that are shown take their place: none between them is skipped', () => {
  const state = after(
    { type: 'past.told', page: { calls: [past('b', 2), past('a', 1)], nextCursor: null }, isOlder: false },
    { type: 'past.told', page: { calls: [past('z', 26), past('y', 25)], nextCursor: 'after-y' }, isOlder: false },
  );

  expect(state.past.map(({ callId }) => callId)).toEqual(['z', 'y']);
  expect(state.nextCursor).toBe('after-y');
});

test('a page that comes twice shows no call twice', () => {
  const page: Change = { type: 'past.told', page: { calls: [past('b', 2)], nextCursor: null }, isOlder: true };

  expect(after(page, page).past).toHaveLength(1);
});

test('events of a call that is not chosen any more are not shown with another one', () => {
  const event = { id: 1, at: AT, type: 'call.ringing' };
  const state = after(
    { type: 'call.chosen', callId: 'a' },
    { type: 'call.chosen', callId: 'b' },
    { type: 'call.happened', callId: 'a', events: [event] },
  );

  expect(state.story.lines).toEqual([]);
});

test('while the connection is lost every time stands still', () => {
  const lost = after(GRANTED, LIVE, { type: 'link.changed', link: 'lost', nowMs: NOW_MS + 5_000 });
  const stillLost = changed(lost, { type: 'link.changed', link: 'lost', nowMs: NOW_MS + 9_000 });
  const back = changed(stillLost, { type: 'link.changed', link: 'live', nowMs: NOW_MS + 10_000 });

  expect([lost, stillLost, back].map((state) => shownMs(state, NOW_MS + 60_000) - NOW_MS)).toEqual([
    5_000, 5_000, 60_000,
  ]);
});

test('trouble with a call or with the list is told until the next success', () => {
  const details = { callId: 'a' } as CallDetails;
  const chosen: Change = { type: 'call.chosen', callId: 'a' };
  const troubled = after(
    GRANTED,
    chosen,
    { type: 'trouble.told', words: 'No call.' },
    { type: 'list.troubled', words: 'No list.' },
  );
  const page = { calls: [past('a', 1)], nextCursor: null };

  expect(troubled).toMatchObject({ trouble: 'No call.', listTrouble: 'No list.' });
  expect(changed(troubled, { type: 'call.told', details })).toMatchObject({ trouble: '', listTrouble: 'No list.' });
  expect(changed(troubled, { type: 'past.told', page, isOlder: true })).toMatchObject({
    trouble: 'No call.',
    listTrouble: '',
  });
});
