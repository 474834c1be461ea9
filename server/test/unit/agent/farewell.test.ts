// The goodbye: heard to its last word before the line goes down, and called off by a callee who speaks up.

import { LEAVE_SILENT_CALLEE, SAY_GOODBYE, TIME_IS_UP } from '../../../src/agent/directives';
import { Farewell } from '../../../src/agent/farewell';
import { deferred } from '../../../src/lib/deferred';
import { FakeCallControls, FakeVoiceLine } from '../../support/agent-fakes';
import { ManualClock, settle } from '../../support/manual-clock';

const LAST_WORD_MS = 300;
const GOODBYE_MAX_MS = 30_000;
const OTHERS_MAX_MS = 10_000;
/** A moment in which the record is completed before the call is ended. */
const MOMENT_MS = 10;
const GOODBYE_HEARD = { saidGoodbye: true };

let clock: ManualClock;
let line: FakeVoiceLine;
let controls: FakeCallControls;
let farewell: Farewell;
/** What becomes of whatever else is under way. */
let others: () => Promise<boolean>;

beforeEach(() => {
  clock = new ManualClock();
  line = new FakeVoiceLine();
  controls = new FakeCallControls();
  farewell = new Farewell({ clock, line, controls });
  others = () => Promise.resolve(true);
});

/** Follows a farewell without waiting for it. */
function watched<T>(farewellTaken: Promise<T>): { outcome?: T } {
  const state: { outcome?: T } = {};
  void farewellTaken.then((outcome) => {
    state.outcome = outcome;
  });
  return state;
}

/** The model wants to hang up in a response that is being heard. */
function hangUpAfterResponse(): { outcome?: 'ended' | 'canceled' } {
  line.beginResponse('response-a');
  return watched(farewell.hangUpAfter('response-a', others));
}

async function finishResponse(outcome: 'heard' | 'interrupted' | 'unspoken'): Promise<void> {
  line.finishPlaying('response-a', outcome);
  await settle();
}

async function settleSpeech(outcome: 'heard' | 'interrupted' | 'unspoken'): Promise<void> {
  line.settleSpeech(outcome);
  await settle();
}

/** The callee begins to speak, and goes on. */
function speakUp(): void {
  line.isCalleeSpeaking = true;
  farewell.onCalleeStarted();
}

async function expectCanceled(goodbye: { outcome?: 'ended' | 'canceled' | undefined }): Promise<void> {
  await clock.advanceAsync(2 * GOODBYE_MAX_MS);
  expect(goodbye.outcome).toBe('canceled');
  expect(controls.ends).toEqual([]);
  expect(controls.events).toEqual([{ type: 'goodbye.canceled' }]);
  expect(farewell.isLeaving).toBe(false);
  expect(clock.pendingTimers).toBe(0);
}

describe('when the model wants to hang up', () => {
  test('a goodbye in the same response is heard to its end, and a moment longer, before the call ends', async () => {
    const goodbye = hangUpAfterResponse();
    await clock.advanceAsync(10_000);
    expect(controls.ends).toEqual([]);

    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS - 1);
    expect(controls.ends).toEqual([]);
    await clock.advanceAsync(1 + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
    expect(goodbye.outcome).toBe('ended');
    expect(line.spoken).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('the tool learns of the end before the call is over', async () => {
    const order: string[] = [];
    controls.onEnd = () => order.push('call');
    line.beginResponse('response-a');
    void farewell.hangUpAfter('response-a', others).then(() => order.push('tool'));

    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(order).toEqual(['tool', 'call']);
  });

  test('a goodbye that was heard before ends the call at once', async () => {
    void farewell.hangUpAfter('response-long-over', others);

    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });

  test('a response without a word is followed by a goodbye, and that is heard out', async () => {
    hangUpAfterResponse();

    await finishResponse('unspoken');
    expect(line.spoken).toEqual([{ content: { kind: 'directive', directive: SAY_GOODBYE }, isMootWhenAnswered: true }]);
    await clock.advanceAsync(5_000);
    expect(controls.ends).toEqual([]);
    await settleSpeech('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });

  test('a model that cannot be brought to say goodbye hangs up without one', async () => {
    hangUpAfterResponse();
    await finishResponse('unspoken');

    await settleSpeech('unspoken');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });

  test('a model that never finishes keeps no line up', async () => {
    hangUpAfterResponse();

    await clock.advanceAsync(GOODBYE_MAX_MS + LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a callee who speaks keeps the call', () => {
  test('by cutting into the goodbye', async () => {
    const goodbye = hangUpAfterResponse();

    speakUp();
    await finishResponse('interrupted');
    line.isCalleeSpeaking = false;

    await expectCanceled(goodbye);
  });

  test('by speaking when the goodbye has just been heard', async () => {
    const goodbye = hangUpAfterResponse();

    speakUp();
    await finishResponse('heard');

    await expectCanceled(goodbye);
  });

  test('by speaking up in the last moment', async () => {
    const goodbye = hangUpAfterResponse();
    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS - 1);

    speakUp();

    await expectCanceled(goodbye);
  });

  test('by speaking while the model was silent: no goodbye is asked for', async () => {
    const goodbye = hangUpAfterResponse();
    speakUp();

    await finishResponse('unspoken');

    expect(line.spoken).toEqual([]);
    await expectCanceled(goodbye);
  });

  test('by cutting into the goodbye that was asked for', async () => {
    const goodbye = hangUpAfterResponse();
    await finishResponse('unspoken');

    speakUp();
    await settleSpeech('interrupted');

    await expectCanceled(goodbye);
  });

  test('by saying something that the AI answers instead of saying goodbye', async () => {
    const goodbye = watched(farewell.sayGoodbye(LEAVE_SILENT_CALLEE, 'callee-silent'));

    speakUp();
    line.isCalleeSpeaking = false;
    line.isAiSpeaking = true;
    await settleSpeech('unspoken');

    await expectCanceled(goodbye);
  });

  test('and can be said goodbye to later', async () => {
    hangUpAfterResponse();
    await finishResponse('interrupted');

    hangUpAfterResponse();
    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });
});

describe('before the model hangs up', () => {
  test('nobody asks for what else is under way until the goodbye has been heard', async () => {
    let asked = 0;
    others = () => {
      asked += 1;
      return Promise.resolve(true);
    };
    hangUpAfterResponse();
    await clock.advanceAsync(5_000);
    expect(asked).toBe(0);

    await finishResponse('heard');

    expect(asked).toBe(1);
  });

  test('what else is under way comes to its end, and the last word has its moment after that', async () => {
    const working = deferred<boolean>();
    others = () => working.promise;
    hangUpAfterResponse();
    await finishResponse('heard');
    await clock.advanceAsync(OTHERS_MAX_MS - 1);

    working.resolve(true);
    await clock.advanceAsync(LAST_WORD_MS - 1);
    expect(controls.ends).toEqual([]);
    await clock.advanceAsync(1 + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('what comes to no end is given up', async () => {
    others = () => deferred<boolean>().promise;
    hangUpAfterResponse();
    await finishResponse('heard');

    await clock.advanceAsync(OTHERS_MAX_MS + LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });

  test('what comes to a bad end keeps the call', async () => {
    others = () => Promise.resolve(false);
    const goodbye = hangUpAfterResponse();

    await finishResponse('heard');

    await expectCanceled(goodbye);
  });

  test('a callee who speaks during the wait keeps the call, although they are done when it is over', async () => {
    const working = deferred<boolean>();
    others = () => working.promise;
    const goodbye = hangUpAfterResponse();
    await finishResponse('heard');

    speakUp();
    line.isCalleeSpeaking = false;
    working.resolve(true);

    await expectCanceled(goodbye);
  });

  test('the wait ends with the close', async () => {
    others = () => deferred<boolean>().promise;
    hangUpAfterResponse();
    await finishResponse('heard');

    farewell.close();
    await settle();

    expect(clock.pendingTimers).toBe(0);
    expect([controls.ends, controls.events]).toEqual([[], []]);
  });
});

describe('a goodbye that is called off', () => {
  test('while it is heard ends nothing', async () => {
    const goodbye = hangUpAfterResponse();

    farewell.cancel();
    await finishResponse('heard');

    await expectCanceled(goodbye);
  });

  test('in its last moment ends nothing', async () => {
    const goodbye = hangUpAfterResponse();
    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS - 1);

    farewell.cancel();

    await expectCanceled(goodbye);
  });

  test('is no obstacle to a later one', async () => {
    hangUpAfterResponse();
    farewell.cancel();
    await finishResponse('heard');

    hangUpAfterResponse();
    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });

  test('before it was wanted is wanted all the same', async () => {
    farewell.cancel();

    hangUpAfterResponse();
    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });

  test('ends the call all the same when it is the final one', async () => {
    void farewell.leave(TIME_IS_UP, 'max-duration-reached');

    farewell.cancel();
    await settleSpeech('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'max-duration-reached', details: GOODBYE_HEARD }]);
  });
});

describe('a goodbye by direction', () => {
  test('is heard to its end and ends the call for the reason given', async () => {
    const goodbye = watched(farewell.sayGoodbye(LEAVE_SILENT_CALLEE, 'callee-silent'));
    expect(farewell.isLeaving).toBe(true);
    expect(farewell.isFinal).toBe(false);
    expect(line.spoken).toEqual([
      { content: { kind: 'directive', directive: LEAVE_SILENT_CALLEE }, isMootWhenAnswered: true },
    ]);

    await settleSpeech('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'callee-silent' }]);
    expect(goodbye.outcome).toBe('ended');
  });

  test('is not said while another one is', async () => {
    hangUpAfterResponse();

    const second = watched(farewell.sayGoodbye(LEAVE_SILENT_CALLEE, 'callee-silent'));
    await settle();
    expect(second.outcome).toBe('canceled');
    expect(line.spoken).toEqual([]);
    expect(controls.events).toEqual([]);
    await finishResponse('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'ai-hung-up' }]);
  });
});

describe('the final goodbye', () => {
  test('silences the AI and cannot be interrupted', () => {
    void farewell.leave(TIME_IS_UP, 'max-duration-reached');

    expect(line.commands).toEqual([
      { type: 'interrupt', by: 'api' },
      { type: 'speak', request: { content: { kind: 'directive', directive: TIME_IS_UP }, isProtected: true } },
    ]);
    expect(farewell.isLeaving).toBe(true);
    expect(farewell.isFinal).toBe(true);
  });

  test('ends the call whatever the callee says', async () => {
    void farewell.leave(TIME_IS_UP, 'max-duration-reached');

    speakUp();
    await settleSpeech('heard');
    farewell.onCalleeStarted();
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'max-duration-reached', details: GOODBYE_HEARD }]);
    expect(controls.events).toEqual([]);
  });

  test('has its last word travel to the ear although the callee speaks', async () => {
    void farewell.leave(TIME_IS_UP, 'max-duration-reached');
    await settleSpeech('heard');

    speakUp();
    await clock.advanceAsync(LAST_WORD_MS - 1);

    expect(controls.ends).toEqual([]);
  });

  test('ends the call although it is never finished', async () => {
    void farewell.leave(TIME_IS_UP, 'max-duration-reached');

    await clock.advanceAsync(GOODBYE_MAX_MS + LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'max-duration-reached' }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('takes the place of a goodbye under way, which does not call it off', async () => {
    line.onInterrupt = () => line.finishPlaying('response-a', 'interrupted');
    hangUpAfterResponse();

    void farewell.leave(TIME_IS_UP, 'max-duration-reached');
    await settle();
    expect(farewell.isLeaving).toBe(true);
    expect(controls.events).toEqual([]);
    await settleSpeech('heard');
    await clock.advanceAsync(LAST_WORD_MS + MOMENT_MS);

    expect(controls.ends).toEqual([{ reason: 'max-duration-reached', details: GOODBYE_HEARD }]);
  });
});

describe('after the close', () => {
  test.each(['heard', 'interrupted', 'unspoken'] as const)(
    'a goodbye that turns out to be %s ends nothing, tells nothing and sets no timer',
    async (outcome) => {
      hangUpAfterResponse();

      farewell.close();
      await finishResponse(outcome);
      expect(clock.pendingTimers).toBe(0);
      await clock.advanceAsync(2 * GOODBYE_MAX_MS);

      expect(controls.ends).toEqual([]);
      expect(controls.events).toEqual([]);
    },
  );

  test('a final goodbye under way ends nothing and sets no timer', async () => {
    void farewell.leave(TIME_IS_UP, 'max-duration-reached');

    farewell.close();
    await settleSpeech('unspoken');
    expect(clock.pendingTimers).toBe(0);
    await clock.advanceAsync(2 * GOODBYE_MAX_MS);

    expect(controls.ends).toEqual([]);
  });

  test('a model that said nothing is not asked for a goodbye', async () => {
    hangUpAfterResponse();

    farewell.close();
    await finishResponse('unspoken');

    expect(line.spoken).toEqual([]);
  });

  test('the last moment of a goodbye is not waited for', async () => {
    const goodbye = hangUpAfterResponse();
    await finishResponse('heard');

    farewell.close();
    farewell.close();
    await settle();

    expect(clock.pendingTimers).toBe(0);
    expect(goodbye.outcome).toBe('ended');
    expect(controls.ends).toEqual([]);
  });

  test('nobody says goodbye any more', async () => {
    farewell.close();

    expect(await farewell.hangUpAfter('response-a', others)).toBe('canceled');
    expect(await farewell.sayGoodbye(LEAVE_SILENT_CALLEE, 'callee-silent')).toBe('canceled');
    await farewell.leave(TIME_IS_UP, 'max-duration-reached');

    expect(line.commands).toEqual([]);
    expect(controls.ends).toEqual([]);
  });
});
