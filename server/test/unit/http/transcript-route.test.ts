import request from 'supertest';
import type { Turn } from '../../../src/calls/conversation-events';
import { aCall, aCallId, anEntry } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';
import { HttpRig, problemFields } from './http-rig';

const ANSWERED_MS = ManualClock.START_MS + 8_000;

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig();
});

function transcript(query = '', accept?: string): request.Test {
  const pending = request(rig.app).get(`/api/ai-calls/${aCallId()}/transcript${query}`);
  return accept === undefined ? pending : pending.set('Accept', accept);
}

/** A turn that began so long after the answer. */
function turn(afterMs: number, changes: Partial<Turn>): Turn {
  return { speaker: 'callee', text: 'Yes.', startedAtMs: ANSWERED_MS + afterMs, isInterrupted: false, ...changes };
}

async function record(...turns: readonly Turn[]): Promise<void> {
  const timings = { createdAtMs: ManualClock.START_MS, answeredAtMs: ANSWERED_MS };
  const entries = turns.map((said) => anEntry({ type: 'turn.finished', data: { turn: said } }));
  await rig.record(aCall({ status: 'in-progress', timings }), [anEntry(), ...entries]);
}

test('is a list of turns in the order of speaking', async () => {
  await record(turn(2_000, { speaker: 'assistant', text: 'Good.', heardMs: 400, audioMs: 400 }), turn(500, {}));

  const { body } = await transcript()
    .expect(200)
    .expect('Vary', /Accept/);

  expect(body).toEqual({
    callId: aCallId(),
    status: 'in-progress',
    turns: [
      { startedAt: '2026-11-20T12:00:08.500Z', speaker: 'callee', text: 'Yes.', isInterrupted: false },
      {
        startedAt: '2026-11-20T12:00:10.000Z',
        speaker: 'assistant',
        text: 'Good.',
        isInterrupted: false,
        heardMs: 400,
        audioMs: 400,
      },
    ],
  });
});

test.each([
  ['', 'text/plain'],
  ['?format=text', undefined],
  ['?format=text', 'application/json'],
])('is text to read when it is asked for by %j and %j', async (query, accept) => {
  await record(
    turn(1_200, { speaker: 'assistant', text: 'Hello, this is\n Anna. I', isInterrupted: true }),
    turn(2_999, { text: ' Who is there? ' }),
    turn(4_503_000, { speaker: 'assistant', text: '', isInterrupted: true }),
  );

  const answer = await transcript(query, accept).expect(200);

  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(answer.text).toBe(
    '00:01 AI: Hello, this is Anna. I [interrupted]\n00:02 Callee: Who is there?\n75:03 AI: [interrupted]\n',
  );
});

test('is JSON for those who take anything, as browsers do', async () => {
  await record();

  for (const accept of ['*/*', 'text/html,application/xhtml+xml,*/*;q=0.8', 'application/json, text/plain']) {
    expect((await transcript('', accept).expect(200)).type).toBe('application/json');
  }
  expect((await transcript('?format=json', 'text/plain').expect(200)).type).toBe('application/json');
});

test('of a call in which nothing was said is empty', async () => {
  await rig.record(aCall());

  expect((await transcript().expect(200)).body.turns).toEqual([]);
  expect((await transcript('?format=text').expect(200)).text).toBe('');
});

test('there is in no other type', async () => {
  await record();

  const answer = await transcript('', 'text/html');

  problemFields(answer, 'NOT_ACCEPTABLE');
  expect(answer.body.detail).toContain('application/json or text/plain');
});

test.each([
  ['format=xml', 'format'],
  ['format=', 'format'],
  ['format=text&format=json', 'format'],
  ['lang=en', 'lang'],
])('the query %s is refused by its name', async (query, field) => {
  await record();

  expect(problemFields(await transcript(`?${query}`), 'VALIDATION_FAILED')).toEqual([field]);
});

test('of no call there is none', async () => {
  problemFields(await transcript(), 'CALL_NOT_FOUND');
});
