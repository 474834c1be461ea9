import request from 'supertest';
import type { Call } from '../../../src/calls/call';
import { endCall } from '../../../src/calls/end-call';
import { aCall, aCallId, anEntry } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';
import { HttpRig, problemFields } from './http-rig';

const START = '2026-11-20T12:00:00.000Z';

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig();
});

function events(query = '', headers: Readonly<Record<string, string>> = {}): request.Test {
  return request(rig.app).get(`/api/ai-calls/${aCallId()}/events${query}`).set(headers);
}

function finishedCall(changes: Partial<Call> = {}): Call {
  const timings = { createdAtMs: ManualClock.START_MS, endedAtMs: ManualClock.START_MS };
  return aCall({ status: 'completed', verdict: endCall('api-hung-up'), timings, mayHaveLeg: false, ...changes });
}

test('all that happened is listed with its place, its time and its facts', async () => {
  const turn = { speaker: 'callee', text: 'Yes.', startedAtMs: ManualClock.START_MS, isInterrupted: false };
  await rig.record(finishedCall(), [
    anEntry({ type: 'call.queued' }),
    anEntry({ type: 'ai.ready', data: { sessionId: 'sess_1', connectMs: 20 } }),
    anEntry({ type: 'turn.finished', data: { turn } }),
    anEntry({ type: 'leg.down' }),
  ]);

  const { body } = await events()
    .expect(200)
    .expect('Vary', /Accept/);

  expect(body).toEqual({
    callId: aCallId(),
    status: 'completed',
    isComplete: true,
    lastId: 4,
    events: [
      { id: 1, at: START, type: 'call.queued' },
      { id: 2, at: START, type: 'ai.ready', sessionId: 'sess_1', connectMs: 20 },
      {
        id: 3,
        at: START,
        type: 'turn.finished',
        turn: { startedAt: START, speaker: 'callee', text: 'Yes.', isInterrupted: false },
      },
      { id: 4, at: START, type: 'leg.down' },
    ],
  });
});

test('a reader that knows a part asks for the rest', async () => {
  await rig.record(aCall(), [anEntry(), anEntry({ type: 'call.initiated' })]);

  const rest = await events('?after=1').expect(200);
  const nothing = await events('?after=2').expect(200);

  expect(rest.body.events.map(({ id }: { id: number }) => id)).toEqual([2]);
  expect(nothing.body).toMatchObject({ status: 'queued', isComplete: false, lastId: 2, events: [] });
});

test('a call is complete when the record says that its leg is down', async () => {
  await rig.record(finishedCall(), [anEntry({ type: 'call.completed' })]);

  const early = await events('?after=1');
  await rig.append(anEntry({ type: 'leg.down' }));
  const down = await events('?after=2');

  expect([early.body.isComplete, down.body.isComplete]).toEqual([false, true]);
});

test('a call whose leg was given up long ago is as complete as it will be', async () => {
  await rig.record(finishedCall({ mayHaveLeg: true }), [anEntry({ type: 'leg.abandoned' })]);

  const early = await events();
  rig.calls.clock.advance(11 * 60_000);
  const late = await events();

  expect([early.body.isComplete, late.body.isComplete]).toEqual([false, true]);
});

test.each([
  ['after=-1', 'after'],
  ['after=one', 'after'],
  ['after=1.5', 'after'],
  ['after=', 'after'],
  ['after=1&after=2', 'after'],
  ['after=1234567890123456', 'after'],
  ['since=1', 'since'],
])('the query %s is refused by its name', async (query, field) => {
  await rig.record(aCall());

  expect(problemFields(await events(`?${query}`), 'VALIDATION_FAILED')).toEqual([field]);
});

test('a place to go on from that is none is refused by its name', async () => {
  await rig.record(aCall());

  const answer = await events('', { Accept: 'text/event-stream', 'Last-Event-ID': 'abc' });

  expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['Last-Event-ID']);
});

test('other types than JSON and event streams there are none', async () => {
  await rig.record(aCall());

  problemFields(await events('', { Accept: 'text/html' }), 'NOT_ACCEPTABLE');
});

test('of no call there are no events, in either form', async () => {
  problemFields(await events(), 'CALL_NOT_FOUND');
  problemFields(await events('', { Accept: 'text/event-stream' }), 'CALL_NOT_FOUND');
});

test('a record that cannot be read is worth another try, in either form', async () => {
  await rig.record(finishedCall());
  rig.calls.store.before = () => Promise.reject(new Error('The database is gone.'));

  problemFields(await rig.patiently(events().then()), 'RECORDS_UNAVAILABLE');
  const stream = events('', { Accept: 'text/event-stream' });
  problemFields(await rig.patiently(stream.then()), 'RECORDS_UNAVAILABLE');
});

test('a look at the headers opens no stream', async () => {
  await rig.record(aCall(), [anEntry()]);

  const { headers } = await request(rig.app)
    .head(`/api/ai-calls/${aCallId()}/events`)
    .set('Accept', 'text/event-stream')
    .expect(200);

  expect(headers['content-type']).toMatch(/^text\/event-stream/);
  expect(rig.news.listeners.size).toBe(0);
});
