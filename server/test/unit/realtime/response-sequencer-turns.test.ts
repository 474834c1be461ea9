// Who answers the callee: the server by itself, or nobody until somebody asks; and what counts as life of a response.

import { ANSWER_TIMEOUT_MS, SequencerRig, SOUND_TIMEOUT_MS } from './sequencer-rig';

let rig: SequencerRig;

beforeEach(() => {
  rig = new SequencerRig();
  rig.sequencer.start();
});

describe('while only listening', () => {
  beforeEach(() => rig.sequencer.takeTurns('listen'));

  test('no answer is awaited after the callee’s speech', () => {
    rig.hear();

    rig.clock.advance(60_000);

    expect([rig.unanswered, rig.sent, rig.clock.pendingTimers]).toEqual([0, [], 0]);
  });

  test('a request waits for the callee to stop, and no longer', () => {
    rig.sequencer.onSpeechStarted();
    rig.ask('one', { isMootWhenAnswered: true });
    expect(rig.sent).toEqual([]);

    rig.sequencer.onSpeechStopped();

    expect(rig.words()).toEqual(['one']);
    expect(rig.begin('a')).toEqual({ requestId: 'one', isUnwanted: false });
  });

  test('there is nothing to cancel after the callee’s speech', () => {
    rig.hear();

    expect(rig.sequencer.cancel()).toBe(false);
    rig.ask('one');

    expect(rig.begin('a').isUnwanted).toBe(false);
  });

  test('a response over the callee’s words is put off until they stop', () => {
    rig.ask('one');
    rig.sequencer.onSpeechStarted();
    expect(rig.begin('a')).toEqual({ requestId: undefined, isUnwanted: true });
    rig.sequencer.onDone('a');
    expect(rig.words()).toEqual(['one']);

    rig.sequencer.onSpeechStopped();

    expect(rig.words()).toEqual(['one', 'one']);
  });
});

test.each([
  ['server', true],
  ['listen', false],
] as const)('at the end of speech it is told whether the server answers: with turns taken by %s', (by, isAnswered) => {
  rig.sequencer.takeTurns(by);
  rig.sequencer.onSpeechStarted();

  expect(rig.sequencer.onSpeechStopped()).toBe(isAnswered);
});

describe('in the middle of the callee’s speech', () => {
  beforeEach(() => rig.sequencer.onSpeechStarted());

  test('to listen means that this speech gets no answer', () => {
    rig.ask('one');
    rig.sequencer.takeTurns('listen');

    rig.sequencer.onSpeechStopped();
    rig.begin('a');
    rig.sequencer.onDone('a');
    rig.clock.advance(60_000);

    expect([rig.unanswered, rig.words()]).toEqual([0, ['one']]);
  });

  test('to have the server take the turns means that this speech gets an answer', () => {
    rig.sequencer.takeTurns('listen');
    rig.sequencer.takeTurns('server');

    rig.sequencer.onSpeechStopped();
    rig.clock.advance(ANSWER_TIMEOUT_MS);

    expect(rig.unanswered).toBe(1);
  });
});

test('to listen after the callee has stopped does not take back the answer that is on its way', () => {
  rig.hear();
  rig.ask('moot', { isMootWhenAnswered: true });

  rig.sequencer.takeTurns('listen');

  expect(rig.sequencer.onCreated('own', null)).toEqual({ requestId: undefined, isUnwanted: false });
  expect(rig.dropped).toEqual(['moot']);
});

describe('a response is not given up', () => {
  beforeEach(() => {
    rig.ask('one');
    rig.begin('a');
    rig.clock.advance(SOUND_TIMEOUT_MS - 1);
  });

  test('while it is at work on something that is not heard, but when it rests for too long', () => {
    expect(rig.sequencer.onProgress('a')).toBe(true);
    rig.clock.advance(SOUND_TIMEOUT_MS - 1);
    expect(rig.sequencer.onProgress('a')).toBe(true);
    rig.clock.advance(SOUND_TIMEOUT_MS - 1);
    expect(rig.unanswered).toBe(0);

    rig.clock.advance(1);

    expect([rig.unanswered, rig.cancels()]).toEqual([1, ['a']]);
  });

  test('while it goes on making sound, however long it is', () => {
    for (let second = 0; second < 60; second += 1) {
      expect(rig.sequencer.onSound('a')).toBe(true);
      rig.clock.advance(SOUND_TIMEOUT_MS - 1);
    }

    expect([rig.givenUp, rig.cancels()]).toEqual([[], []]);
  });

  test('for the progress of another one', () => {
    rig.sequencer.onProgress('b');

    rig.clock.advance(1);

    expect(rig.unanswered).toBe(1);
  });
});

test('what a response does after it was given up is too late', () => {
  rig.ask('one');
  rig.begin('a');
  rig.clock.advance(SOUND_TIMEOUT_MS);

  expect([rig.sequencer.onProgress('a'), rig.sequencer.onSound('a')]).toEqual([false, false]);
  expect(rig.clock.pendingTimers).toBe(0);
});

describe('a response that stops in the middle of its sound', () => {
  beforeEach(() => {
    rig.ask('one');
    rig.ask('two');
    rig.begin('a');
    rig.clock.advance(3_000);
    rig.sequencer.onSound('a');
    rig.clock.advance(SOUND_TIMEOUT_MS - 1);
  });

  test('is cancelled and given up after 8 s without more of it, not from its beginning', () => {
    expect([rig.givenUp, rig.cancels()]).toEqual([[], []]);

    rig.clock.advance(1);

    expect(rig.givenUp).toEqual([{ responseId: 'a', hasSound: true }]);
    expect(rig.cancels()).toEqual(['a']);
  });

  test('is not asked for again, and what waits goes on', () => {
    rig.clock.advance(1);

    expect([rig.unanswered, rig.words()]).toEqual([0, ['one', 'two']]);
  });

  test('is told as cancelled by us when it ends after all, and what it still says is too late', () => {
    rig.clock.advance(1);

    expect(rig.sequencer.onSound('a')).toBe(false);
    expect(rig.sequencer.onDone('a').wasCancelled).toBe(true);
  });
});

test('the answer of the server’s own is not taken for ours while the switch to listening is not confirmed', () => {
  rig.hear();
  rig.ask('goodbye', { isProtected: true });

  expect(rig.sequencer.onCreated('own', null)).toEqual({ requestId: undefined, isUnwanted: false });
  rig.sequencer.onRefused('response-1', true);
  rig.sequencer.takeTurns('listen');
  rig.sequencer.onDone('own');

  expect(rig.words()).toEqual(['goodbye', 'goodbye']);
  expect(rig.begin('a')).toEqual({ requestId: 'goodbye', isUnwanted: false });
});

test('the progress of a cancelled response does not put off letting it go', () => {
  rig.ask('one');
  rig.begin('a');
  rig.sequencer.cancelActive();
  rig.clock.advance(SOUND_TIMEOUT_MS - 1);
  rig.sequencer.onProgress('a');

  rig.clock.advance(1);

  expect(rig.sequencer.cancelActive()).toBe(false);
  rig.ask('two');
  expect(rig.words()).toEqual(['one', 'two']);
});
