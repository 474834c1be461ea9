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

  test('after it was heard', () => {
    expect(rig.sequencer.onSound('a')).toBe(true);

    rig.clock.advance(60_000);

    expect([rig.unanswered, rig.cancels()]).toEqual([0, []]);
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
