// One response at a time: what is asked for, when, and what becomes of a response that is cancelled or silent.

import { ANSWER_TIMEOUT_MS, SequencerRig, SOUND_TIMEOUT_MS } from './sequencer-rig';

let rig: SequencerRig;

beforeEach(() => {
  rig = new SequencerRig();
  rig.sequencer.start();
});

test('asks at once when nothing is in the way, with an id that errors and answers can be matched by', () => {
  rig.ask('Greet.');

  expect(rig.sent).toEqual([
    {
      type: 'response.create',
      event_id: 'response-1',
      response: { instructions: 'Greet.', metadata: { request: 'response-1' } },
    },
  ]);
});

test('asks for one response at a time', () => {
  rig.ask('one');
  rig.ask('two');
  expect(rig.creates()).toHaveLength(1);

  rig.begin('a');
  expect(rig.creates()).toHaveLength(1);
  rig.sequencer.onDone('a');

  expect(rig.words()).toEqual(['one', 'two']);
});

test('does not ask while the server answers the callee, but after it, even what an answer yet to begin makes moot', () => {
  rig.beginByItself('a');
  rig.ask('later', { isMootWhenAnswered: true });
  expect(rig.creates()).toEqual([]);

  rig.sequencer.onDone('a');

  expect(rig.creates()).toHaveLength(1);
});

test('does not ask while the callee speaks; the answer to the callee makes it moot', () => {
  rig.sequencer.onSpeechStarted();
  rig.ask('later', { isMootWhenAnswered: true });
  rig.sequencer.onSpeechStopped();
  expect(rig.creates()).toEqual([]);

  rig.sequencer.onCreated('a', null);
  rig.sequencer.onDone('a');

  expect(rig.creates()).toEqual([]);
  expect(rig.dropped).toEqual(['later']);
});

test('the end of an earlier response does not free the place of the current one', () => {
  rig.ask('any');
  rig.begin('a');

  rig.sequencer.onDone('an-earlier-one');
  rig.ask('any');

  expect(rig.creates()).toHaveLength(1);
});

test('repeats what was made last, instructions included', () => {
  rig.ask('Greet.');
  rig.begin('a');
  rig.sequencer.onDone('a');

  rig.sequencer.repeat();

  expect(rig.words()).toEqual(['Greet.', 'Greet.']);
  expect(new Set(rig.creates().map(({ event_id: id }) => id)).size).toBe(2);
});

test('repeats an answer to the callee as a plain response', () => {
  rig.ask('Greet.');
  rig.begin('a');
  rig.sequencer.onDone('a');
  rig.beginByItself('b');
  rig.sequencer.onDone('b');

  rig.sequencer.repeat();

  expect(rig.creates().at(-1)?.response?.instructions).toBeUndefined();
});

test('cancels the response that is being made', () => {
  rig.ask('any');
  rig.begin('a');

  expect(rig.sequencer.cancel()).toBe(true);
  expect(rig.cancels()).toEqual(['a']);
});

test('cancels nothing when there is nothing', () => {
  expect(rig.sequencer.cancel()).toBe(false);
  expect(rig.sent).toEqual([]);
});

test('a response that was cancelled before it began is cancelled when it begins, and is unwanted', () => {
  rig.ask('any');

  expect(rig.sequencer.cancel()).toBe(true);
  expect(rig.cancels()).toEqual([]);

  expect(rig.begin('a').isUnwanted).toBe(true);
  expect(rig.cancels()).toEqual(['a']);
});

test('the response after a cancelled one is wanted', () => {
  rig.ask('any');
  rig.sequencer.cancel();
  rig.begin('a');
  rig.sequencer.onDone('a');

  rig.ask('any');

  expect(rig.begin('b').isUnwanted).toBe(false);
  expect(rig.cancels()).toEqual(['a']);
});

test('a cancel takes back what waits', () => {
  rig.beginByItself('a');
  rig.ask('waits');

  rig.sequencer.cancel();
  rig.sequencer.onDone('a');

  expect(rig.creates()).toEqual([]);
});

test('a response is cancelled once, however often it is interrupted', () => {
  rig.ask('any');
  rig.begin('a');

  expect([rig.sequencer.cancel(), rig.sequencer.cancel()]).toEqual([true, false]);
  expect(rig.cancels()).toEqual(['a']);
});

test('an answer to the callee that was cancelled before it began is unwanted too', () => {
  rig.sequencer.onSpeechStarted();
  rig.sequencer.onSpeechStopped();

  expect(rig.sequencer.cancel()).toBe(true);

  expect(rig.sequencer.onCreated('a', null).isUnwanted).toBe(true);
  expect(rig.cancels()).toEqual(['a']);
});

test('a response of ours that begins over the words of the callee is unwanted', () => {
  rig.ask('any');
  rig.sequencer.onSpeechStarted();

  expect(rig.begin('a').isUnwanted).toBe(true);
  expect(rig.cancels()).toEqual(['a']);
});

test('the end of a response that we cancelled is told apart', () => {
  rig.ask('any');
  rig.begin('a');
  rig.sequencer.cancel();

  expect([rig.sequencer.onDone('a'), rig.sequencer.onDone('a')]).toMatchObject([
    { wasCancelled: true },
    { wasCancelled: false },
  ]);
});

test('the end of a response tells whether it was heard, each for itself', () => {
  rig.ask('any');
  rig.begin('a');
  rig.sequencer.onSound('a');
  const heard = rig.sequencer.onDone('a');
  rig.ask('other');
  rig.begin('b');

  expect([heard, rig.sequencer.onDone('b')]).toEqual([
    { wasCancelled: false, hasSound: true },
    { wasCancelled: false, hasSound: false },
  ]);
});

test('a response that is to be repeated keeps the others back, and is judged by how it ended', () => {
  rig.ask('one');
  rig.ask('two');
  rig.begin('a');
  rig.sequencer.onSound('a');

  rig.sequencer.onDone('a', ({ hasSound }) => hasSound);
  expect(rig.words()).toEqual(['one']);
  rig.sequencer.repeat();

  expect(rig.words()).toEqual(['one', 'one']);
});

test('a request that the server neither answers nor refuses is reported, and can be made again', () => {
  rig.ask('Greet.');

  rig.clock.advance(ANSWER_TIMEOUT_MS);
  expect(rig.unanswered).toBe(1);
  rig.sequencer.repeat();

  expect(rig.words()).toEqual(['Greet.', 'Greet.']);
});

test.each(['done', 'refused', 'closed'])('a request that is %s leaves no timer', (what) => {
  rig.ask('any');

  if (what === 'done') rig.begin('a');
  if (what === 'done') rig.sequencer.onDone('a');
  if (what === 'refused') rig.sequencer.onRefused('response-1', false);
  if (what === 'closed') rig.sequencer.close();

  expect(rig.clock.pendingTimers).toBe(0);
});

test('a request that was refused because another response is active is made again after it', () => {
  rig.ask('first');
  rig.begin('a');
  rig.sequencer.onDone('a');
  rig.ask('Greet.');

  rig.sequencer.onRefused('response-2', true);
  rig.sequencer.onDone('b');

  expect(rig.words()).toEqual(['first', 'Greet.', 'Greet.']);
});

test('a request that was refused for good is not made again by itself', () => {
  rig.ask('Greet.');

  rig.sequencer.onRefused('response-1', false);
  rig.sequencer.onDone('a');

  expect(rig.creates()).toHaveLength(1);
});

test('a refused request can be repeated', () => {
  rig.ask('Greet.');
  rig.sequencer.onRefused('response-1', false);

  rig.sequencer.repeat();

  expect(rig.creates().at(-1)?.response?.instructions).toBe('Greet.');
});

test('what waits behind a refused request is asked for', () => {
  rig.ask('refused');
  rig.ask('next');

  rig.sequencer.onRefused('response-1', false);
  rig.sequencer.dropLast();

  expect(rig.creates().at(-1)?.response?.instructions).toBe('next');
  expect(rig.dropped).toEqual(['refused']);
});

test('the refusal of something else changes nothing', () => {
  rig.ask('any');

  rig.sequencer.onRefused('session-update', false);
  rig.ask('any');

  expect(rig.creates()).toHaveLength(1);
});

test('a cancelled request that is refused is forgotten, and does not cancel the next', () => {
  rig.ask('any');
  rig.sequencer.cancel();
  rig.sequencer.onRefused('response-1', true);

  rig.ask('any');

  expect(rig.begin('a').isUnwanted).toBe(false);
});

describe('a response that makes no sound', () => {
  test.each([
    ['moot once the callee is answered', true],
    ['kept in any case', false],
  ])('is given up, and the next try is not stuck at a server that still counts it: %s', (_what, isMootWhenAnswered) => {
    rig.ask('Greet.', { isMootWhenAnswered });
    rig.begin('hung');
    rig.clock.advance(SOUND_TIMEOUT_MS);
    expect([rig.unanswered, rig.cancels()]).toEqual([1, ['hung']]);
    rig.sequencer.repeat();
    rig.sequencer.onRefused('response-2', true);

    rig.clock.advance(ANSWER_TIMEOUT_MS);
    rig.sequencer.repeat();

    expect(rig.unanswered).toBe(2);
    expect(rig.words()).toEqual(['Greet.', 'Greet.', 'Greet.']);
  });

  test('is only let go when it had been cancelled: nobody wants another in its place', () => {
    rig.ask('any');
    rig.begin('a');
    rig.sequencer.cancel();

    rig.clock.advance(SOUND_TIMEOUT_MS);

    expect(rig.unanswered).toBe(0);
    rig.ask('any');
    expect(rig.creates()).toHaveLength(2);
  });

  test('is not missed when another one has begun in its place', () => {
    rig.ask('any');
    rig.begin('a');
    rig.clock.advance(4_000);
    rig.beginByItself('b');
    rig.sequencer.onSound('b');

    rig.clock.advance(SOUND_TIMEOUT_MS);

    rig.sequencer.cancel();
    expect([rig.unanswered, rig.cancels()]).toEqual([0, ['b']]);
  });
});

test('a retry while the callee speaks is not said twice when the server leaves them without an answer', () => {
  rig.ask('Old.', { isMootWhenAnswered: true });
  rig.begin('a');
  rig.sequencer.onSpeechStarted();
  rig.sequencer.onDone('a');
  rig.sequencer.repeat();
  rig.sequencer.onSpeechStopped();
  rig.clock.advance(ANSWER_TIMEOUT_MS);

  rig.sequencer.repeat();
  rig.begin('b');
  rig.sequencer.onDone('b');

  expect(rig.creates()).toHaveLength(2);
});
