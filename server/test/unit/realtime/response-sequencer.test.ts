import type { RealtimeClientEvent, ResponseCreateEvent } from 'openai/resources/realtime/realtime';
import { ResponseSequencer } from '../../../src/realtime/response-sequencer';
import { ManualClock } from '../../support/manual-clock';

const ANSWER_TIMEOUT_MS = 5_000;

let clock: ManualClock;
let sent: RealtimeClientEvent[];
let unanswered: number;
let sequencer: ResponseSequencer;

beforeEach(() => {
  clock = new ManualClock();
  sent = [];
  unanswered = 0;
  sequencer = new ResponseSequencer({
    clock,
    send: (event) => sent.push(event),
    onUnanswered: () => {
      unanswered += 1;
    },
  });
});

function creates(): ResponseCreateEvent[] {
  return sent.filter((event): event is ResponseCreateEvent => event.type === 'response.create');
}

function cancels(): (string | undefined)[] {
  return sent.flatMap((event) => (event.type === 'response.cancel' ? [event.response_id] : []));
}

/** The server begins the response that was asked for last. */
function begin(responseId: string): boolean {
  return sequencer.onCreated(responseId, creates().at(-1)!.response!.metadata);
}

/** The callee speaks, and the server answers by itself. */
function beginByItself(responseId: string): boolean {
  sequencer.onSpeechStarted();
  sequencer.onSpeechStopped();
  return sequencer.onCreated(responseId, null);
}

test('asks at once when nothing is in the way, with an id that errors and answers can be matched by', () => {
  sequencer.request({ instructions: 'Greet.' });

  expect(sent).toEqual([
    {
      type: 'response.create',
      event_id: 'response-1',
      response: { instructions: 'Greet.', metadata: { request: 'response-1' } },
    },
  ]);
});

test('asks for one response at a time', () => {
  sequencer.request({ instructions: 'one' });
  sequencer.request({ instructions: 'two' });
  expect(creates()).toHaveLength(1);

  begin('a');
  expect(creates()).toHaveLength(1);
  sequencer.onDone('a');

  expect(creates().map(({ response }) => response?.instructions)).toEqual(['one', 'two']);
});

test('does not ask while the server answers the callee, which makes the request moot', () => {
  beginByItself('a');
  sequencer.request({ instructions: 'later' });
  expect(creates()).toEqual([]);

  sequencer.onDone('a');

  expect(creates()).toHaveLength(1);
});

test('does not ask while the callee speaks; the answer to the callee makes it moot', () => {
  sequencer.onSpeechStarted();
  sequencer.request({ instructions: 'later' });
  sequencer.onSpeechStopped();
  expect(creates()).toEqual([]);

  sequencer.onCreated('a', null);
  sequencer.onDone('a');

  expect(creates()).toEqual([]);
});

test('the end of an earlier response does not free the place of the current one', () => {
  sequencer.request({});
  begin('a');

  sequencer.onDone('an-earlier-one');
  sequencer.request({});

  expect(creates()).toHaveLength(1);
});

test('repeats what was made last, instructions included', () => {
  sequencer.request({ instructions: 'Greet.' });
  begin('a');
  sequencer.onDone('a');

  sequencer.repeat();

  expect(creates().map(({ response }) => response?.instructions)).toEqual(['Greet.', 'Greet.']);
  expect(new Set(creates().map(({ event_id: id }) => id)).size).toBe(2);
});

test('repeats an answer to the callee as a plain response', () => {
  sequencer.request({ instructions: 'Greet.' });
  begin('a');
  sequencer.onDone('a');
  beginByItself('b');
  sequencer.onDone('b');

  sequencer.repeat();

  expect(creates().at(-1)?.response?.instructions).toBeUndefined();
});

test('cancels the response that is being made', () => {
  sequencer.request({});
  begin('a');

  expect(sequencer.cancel()).toBe(true);
  expect(cancels()).toEqual(['a']);
});

test('cancels nothing when there is nothing', () => {
  expect(sequencer.cancel()).toBe(false);
  expect(sent).toEqual([]);
});

test('a response that was cancelled before it began is cancelled when it begins, and is unwanted', () => {
  sequencer.request({});

  expect(sequencer.cancel()).toBe(true);
  expect(cancels()).toEqual([]);

  expect(begin('a')).toBe(true);
  expect(cancels()).toEqual(['a']);
});

test('the response after a cancelled one is wanted', () => {
  sequencer.request({});
  sequencer.cancel();
  begin('a');
  sequencer.onDone('a');

  sequencer.request({});

  expect(begin('b')).toBe(false);
  expect(cancels()).toEqual(['a']);
});

test('a cancel takes back what waits', () => {
  beginByItself('a');
  sequencer.request({ instructions: 'waits' });

  sequencer.cancel();
  sequencer.onDone('a');

  expect(creates()).toEqual([]);
});

test('a response is cancelled once, however often it is interrupted', () => {
  sequencer.request({});
  begin('a');

  expect([sequencer.cancel(), sequencer.cancel()]).toEqual([true, false]);
  expect(cancels()).toEqual(['a']);
});

test('an answer to the callee that was cancelled before it began is unwanted too', () => {
  sequencer.onSpeechStarted();
  sequencer.onSpeechStopped();

  expect(sequencer.cancel()).toBe(true);

  expect(sequencer.onCreated('a', null)).toBe(true);
  expect(cancels()).toEqual(['a']);
});

test('a response of ours that begins over the words of the callee is unwanted', () => {
  sequencer.request({});
  sequencer.onSpeechStarted();

  expect(begin('a')).toBe(true);
  expect(cancels()).toEqual(['a']);
});

test('the end of a response that we cancelled is told apart', () => {
  sequencer.request({});
  begin('a');
  sequencer.cancel();

  expect([sequencer.onDone('a'), sequencer.onDone('a')]).toEqual([true, false]);
});

test('a request that the server neither answers nor refuses is reported, and can be made again', () => {
  sequencer.request({ instructions: 'Greet.' });

  clock.advance(ANSWER_TIMEOUT_MS);
  expect(unanswered).toBe(1);
  sequencer.repeat();

  expect(creates().map(({ response }) => response?.instructions)).toEqual(['Greet.', 'Greet.']);
});

test.each(['done', 'refused', 'closed'])('a request that is %s leaves no timer', (what) => {
  sequencer.request({});

  if (what === 'done') begin('a');
  if (what === 'done') sequencer.onDone('a');
  if (what === 'refused') sequencer.onRefused('response-1', false);
  if (what === 'closed') sequencer.close();

  expect(clock.pendingTimers).toBe(0);
});

test('a request that was refused because another response is active is made again after it', () => {
  sequencer.request({ instructions: 'first' });
  begin('a');
  sequencer.onDone('a');
  sequencer.request({ instructions: 'Greet.' });

  sequencer.onRefused('response-2', true);
  sequencer.onDone('b');

  expect(creates().map(({ response }) => response?.instructions)).toEqual(['first', 'Greet.', 'Greet.']);
});

test('a request that was refused for good is not made again by itself', () => {
  sequencer.request({ instructions: 'Greet.' });

  sequencer.onRefused('response-1', false);
  sequencer.onDone('a');

  expect(creates()).toHaveLength(1);
});

test('a refused request can be repeated', () => {
  sequencer.request({ instructions: 'Greet.' });
  sequencer.onRefused('response-1', false);

  sequencer.repeat();

  expect(creates().at(-1)?.response?.instructions).toBe('Greet.');
});

test('what waits behind a refused request is asked for', () => {
  sequencer.request({ instructions: 'refused' });
  sequencer.request({ instructions: 'next' });

  sequencer.onRefused('response-1', false);

  expect(creates().at(-1)?.response?.instructions).toBe('next');
});

test('the refusal of something else changes nothing', () => {
  sequencer.request({});

  sequencer.onRefused('session-update', false);
  sequencer.request({});

  expect(creates()).toHaveLength(1);
});

test('a cancelled request that is refused is forgotten, and does not cancel the next', () => {
  sequencer.request({});
  sequencer.cancel();
  sequencer.onRefused('response-1', true);

  sequencer.request({});

  expect(begin('a')).toBe(false);
});

describe('a response that makes no sound', () => {
  const SOUND_TIMEOUT_MS = 8_000;

  test('is given up, and what asks again is not stuck when the server still counts it as active', () => {
    sequencer.request({ instructions: 'Greet.' });
    begin('hung');
    clock.advance(SOUND_TIMEOUT_MS);
    expect([unanswered, cancels()]).toEqual([1, ['hung']]);
    sequencer.repeat();
    sequencer.onRefused('response-2', true);

    clock.advance(ANSWER_TIMEOUT_MS);
    sequencer.repeat();

    expect(unanswered).toBe(2);
    expect(creates().map(({ response }) => response?.instructions)).toEqual(['Greet.', 'Greet.', 'Greet.']);
  });

  test('is only let go when it had been cancelled: nobody wants another in its place', () => {
    sequencer.request({});
    begin('a');
    sequencer.cancel();

    clock.advance(SOUND_TIMEOUT_MS);

    expect(unanswered).toBe(0);
    sequencer.request({});
    expect(creates()).toHaveLength(2);
  });

  test('is not missed when another one has begun in its place', () => {
    sequencer.request({});
    begin('a');
    clock.advance(4_000);
    beginByItself('b');
    sequencer.onSound('b');

    clock.advance(SOUND_TIMEOUT_MS);

    sequencer.cancel();
    expect([unanswered, cancels()]).toEqual([0, ['b']]);
  });
});

test('a retry while the callee speaks is not said twice when the server leaves them without an answer', () => {
  sequencer.request({ instructions: 'Old.' });
  begin('a');
  sequencer.onSpeechStarted();
  sequencer.onDone('a');
  sequencer.repeat();
  sequencer.onSpeechStopped();
  clock.advance(ANSWER_TIMEOUT_MS);

  sequencer.repeat();
  begin('b');
  sequencer.onDone('b');

  expect(creates()).toHaveLength(2);
});
