// Who has the word on a line: protected speech, the hold before an interruption, and what is told of whose turn it is.

import { anItem } from '../../support/builders';
import { FakeCarrierStream } from '../../support/fakes';
import { settle } from '../../support/manual-clock';
import { BridgeRig, SILENCE, VOICE } from './bridge-rig';
import { FRAME_MS, HALF_FRAME_MS } from './phone-line';

const ITEM = anItem();
const LATER_ITEM = anItem({ responseId: 'response-b', itemId: 'item-b' });
const HOLD_MS = 200;

let rig: BridgeRig;

/** The AI is 500 ms into a long response that is still being made. */
function speaking(bargeInHoldMs = 0): void {
  rig = BridgeRig.talking({ bargeInHoldMs });
  rig.respond();
  rig.say(ITEM, 5_000);
  rig.play(500, SILENCE);
}

/** The callee makes a sound, and the server notices its end. */
function callee(voicedMs: number): void {
  rig.bargeIn();
  rig.play(voicedMs, VOICE);
  rig.play(500, SILENCE);
  rig.stopSpeaking();
}

describe('a protected speech', () => {
  beforeEach(() => {
    rig = BridgeRig.talking();
  });

  test('has the session listen from the request on, before it is asked for', () => {
    rig.speak({ isProtected: true });

    expect(rig.session.commands.slice(1).map(({ type }) => type)).toEqual(['turns', 'request']);
    expect(rig.turns).toBe('listen');
  });

  test('is not cut off by the callee, however long they speak', async () => {
    const speech = rig.speak({ isProtected: true });
    rig.begin(speech);
    rig.say(ITEM, 2_000);
    rig.done();
    rig.play(500);

    callee(1_200);
    rig.hearOut(400);
    await settle();

    expect(rig.stream.clears).toBe(0);
    expect(rig.stream.audio).toHaveLength(16_000);
    expect(rig.of('assistant.interrupted')).toEqual([]);
    expect(speech.outcomes).toEqual(['heard']);
    expect(rig.news).toEqual(['AI started', 'callee started', 'callee stopped', 'AI quiet']);
  });

  test.each<[string, () => void]>([
    ['it was heard', () => rig.hearOut(2_100)],
    ['the API has cut it off', () => void rig.bridge.interrupt('api')],
    ['the line was lost', () => rig.stream.listener.onLost(1006)],
  ])('has the session take turns again once %s', async (_name, end) => {
    rig.begin(rig.speak({ isProtected: true }));
    rig.say(ITEM, 2_000);
    rig.done();
    rig.play(100);
    await settle();
    expect(rig.turns).toBe('listen');

    end();
    await settle();

    expect(rig.turns).toBe('server');
  });

  test('that never begins lets the session take turns again', async () => {
    const { requestId } = rig.speak({ isProtected: true });

    rig.session.listener.onRequestDropped(requestId);
    await settle();

    expect(rig.turns).toBe('server');
  });

  test('remains protected while its failed response is asked for again', async () => {
    const speech = rig.speak({ isProtected: true });
    rig.begin(speech);
    rig.done('response-a', 'failed');
    await settle();
    expect(rig.turns).toBe('listen');

    rig.begin(speech, 'response-b');
    rig.say(LATER_ITEM, 1_000);
    rig.play(200);
    rig.bargeIn();

    expect(rig.stream.clears).toBe(0);
  });

  test('beside another one keeps the session listening until both are over', async () => {
    const [first, second] = [rig.speak({ isProtected: true }), rig.speak({ isProtected: true })];
    rig.begin(first);
    rig.say(ITEM, 300);
    rig.done();
    rig.hearOut(320);
    await settle();
    expect([first.outcomes, second.outcomes, rig.turns]).toEqual([['heard'], [], 'listen']);

    rig.begin(second, 'response-b');
    rig.say(LATER_ITEM, 300);
    rig.done('response-b');
    rig.hearOut(320);
    await settle();

    expect([second.outcomes, rig.turns]).toEqual([['heard'], 'server']);
  });

  test('is not silenced on behalf of the callee, but is by the API', async () => {
    const speech = rig.speak({ isProtected: true });
    rig.begin(speech);
    rig.say(ITEM, 2_000);
    rig.play(300);

    expect(rig.bridge.interrupt('callee')).toBe(false);
    await settle();
    expect([rig.stream.clears, rig.session.of('cancel'), speech.outcomes]).toEqual([0, [], []]);

    expect(rig.bridge.interrupt('api')).toBe(true);
    await settle();
    expect([rig.stream.clears, speech.outcomes]).toEqual([1, ['interrupted']]);
  });

  test('does not end a listening that somebody wished for', async () => {
    const speech = rig.speak({ isProtected: true });
    rig.bridge.takeTurns('listen');

    rig.session.listener.onRequestDropped(speech.requestId);
    await settle();
    expect(rig.turns).toBe('listen');
    rig.bridge.takeTurns('server');

    expect(rig.turns).toBe('server');
  });

  test('tells the session nothing more after the end of the call', async () => {
    rig.begin(rig.speak({ isProtected: true }));
    rig.say();
    rig.bridge.close();
    const told = rig.session.commands.length;

    await settle();

    expect(rig.session.commands).toHaveLength(told);
  });

  test('leaves the one after it to be interrupted', async () => {
    rig.begin(rig.speak({ isProtected: true }));
    rig.say(ITEM, 300);
    rig.done();
    rig.hearOut(300);
    await settle();
    rig.respond('response-b');
    rig.say(LATER_ITEM, 2_000);
    rig.play(400);

    rig.bargeIn();

    expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: LATER_ITEM, heardMs: 400 + HALF_FRAME_MS }]);
  });
});

describe('on a line that only listens', () => {
  test('the callee interrupts nothing and nobody answers them', () => {
    speaking();
    rig.bridge.takeTurns('listen');

    callee(1_000);

    expect(rig.stream.clears).toBe(0);
    expect(rig.session.of('request')).toEqual([]);
    expect(rig.news).toEqual(['AI started', 'callee started', 'callee stopped']);
  });
});

describe('on a noisy line', () => {
  test('the session only listens, from before it is opened', () => {
    speaking(HOLD_MS);

    expect(rig.session.of('turns')).toEqual([{ type: 'turns', by: 'listen' }]);
  });

  test('a short sound does not interrupt, and is reported as held off', () => {
    speaking(HOLD_MS);

    callee(100);

    expect(rig.stream.clears).toBe(0);
    expect(rig.session.of('cancel')).toEqual([]);
    expect(rig.session.of('truncate')).toEqual([]);
    expect(rig.of('callee.held-off')).toEqual([{ type: 'callee.held-off', voicedMs: 100 }]);
    expect(rig.news).toEqual(['AI started', 'callee started', 'callee stopped']);
  });

  test('a short sound gets no answer while the AI speaks on', () => {
    speaking(HOLD_MS);

    callee(100);

    expect(rig.session.of('request')).toEqual([]);
  });

  test('speech interrupts when it is long enough, and not a frame before', () => {
    speaking(HOLD_MS);
    rig.bargeIn();

    rig.play(HOLD_MS - FRAME_MS);
    expect(rig.stream.clears).toBe(0);
    rig.hear(VOICE);

    const heardMs = 500 + HOLD_MS - FRAME_MS + HALF_FRAME_MS;
    expect(rig.stream.clears).toBe(1);
    expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: ITEM, heardMs }]);
    expect(rig.of('assistant.interrupted')).toMatchObject([{ by: 'callee', heardMs }]);
  });

  test('speech that interrupts cancels the response that is being made, and no other, once', () => {
    speaking(HOLD_MS);

    callee(1_000);

    expect(rig.session.of('cancel')).toEqual([{ type: 'cancel', which: 'cut-in' }]);
    expect(rig.stream.clears).toBe(1);
    expect(rig.of('callee.held-off')).toEqual([]);
  });

  test('speech that interrupts is answered when it ends, by request', () => {
    speaking(HOLD_MS);

    callee(1_000);

    expect(rig.session.of('request').map(({ request }) => request)).toMatchObject([
      { content: { kind: 'answer' }, mayUseTools: true, isMootWhenAnswered: true },
    ]);
    expect(rig.news).toContain('callee stopped, cut in');
  });

  test('speech over a silent AI is answered when it ends, however short', () => {
    rig = BridgeRig.talking({ bargeInHoldMs: HOLD_MS });

    callee(100);

    expect(rig.session.of('request')).toMatchObject([{ request: { content: { kind: 'answer' } } }]);
    expect(rig.of('callee.held-off')).toEqual([]);
    expect(rig.news).toEqual(['callee started', 'callee stopped']);
  });

  test('a short word over the last of the AI’s is answered, as the AI fell silent meanwhile', () => {
    speaking(HOLD_MS);
    rig.done();
    rig.play(4_400, SILENCE);

    callee(100);

    expect(rig.stream.clears).toBe(0);
    expect(rig.session.of('request')).toMatchObject([{ request: { content: { kind: 'answer' } } }]);
    expect(rig.of('callee.held-off')).toEqual([]);
  });

  test('speech that was long enough only after the AI fell silent has interrupted nothing', () => {
    speaking(HOLD_MS);
    rig.done();
    rig.play(4_400, SILENCE);

    callee(1_000);

    expect(rig.of('assistant.interrupted')).toEqual([]);
    expect(rig.news).not.toContain('callee stopped, cut in');
    expect(rig.session.of('request')).toMatchObject([{ request: { content: { kind: 'answer' } } }]);
  });

  test('speech before the first sound of a response cuts it off unheard', () => {
    rig = BridgeRig.talking({ bargeInHoldMs: HOLD_MS });
    rig.respond();

    callee(1_000);
    rig.say();
    rig.done('response-a', 'cancelled');

    expect(rig.session.of('cancel')).toEqual([{ type: 'cancel', which: 'cut-in' }]);
    expect(rig.stream.audio).toHaveLength(0);
    expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-a' }]);
  });

  test('a protected speech is not cut off by what is long enough', () => {
    rig = BridgeRig.talking({ bargeInHoldMs: HOLD_MS });
    rig.begin(rig.speak({ isProtected: true }));
    rig.say(ITEM, 5_000);
    rig.play(500, SILENCE);

    callee(1_000);

    expect(rig.stream.clears).toBe(0);
    expect(rig.session.of('cancel')).toEqual([]);
    expect(rig.of('callee.held-off')).toEqual([]);
  });
});

describe('the AI', () => {
  beforeEach(() => {
    rig = BridgeRig.talking();
  });

  test('starts when its first sound goes out and is quiet when its last was heard, once each', () => {
    rig.respond();
    expect(rig.news).toEqual([]);
    rig.say(ITEM, 300);
    rig.say(anItem({ itemId: 'item-b' }), 300);
    expect(rig.news).toEqual(['AI started']);
    rig.done();
    rig.play(620, SILENCE);
    expect(rig.news).toEqual(['AI started']);

    rig.echoMarks();

    expect(rig.news).toEqual(['AI started', 'AI quiet']);
  });

  test('does not start before anybody is there to hear it', () => {
    rig = new BridgeRig();
    rig.ready();
    rig.respondWhole('response-a');
    expect(rig.news).toEqual([]);

    rig.connect();

    expect(rig.news).toEqual(['AI started']);
  });

  test('is not quiet while something else is asked for or made', () => {
    rig.respondWhole('response-a');
    const next = rig.speak();
    rig.hearOut(320);
    rig.begin(next, 'response-b');
    rig.play(500, SILENCE);
    expect(rig.news).toEqual(['AI started']);

    rig.say(LATER_ITEM, 300);
    rig.done('response-b');
    rig.hearOut(320);

    expect(rig.news).toEqual(['AI started', 'AI quiet']);
  });

  test('is quiet when what it still had to say is dropped', () => {
    rig.respondWhole('response-a');
    const { requestId } = rig.speak();
    rig.hearOut(320);

    rig.session.listener.onRequestDropped(requestId);

    expect(rig.news).toEqual(['AI started', 'AI quiet']);
  });

  test('is quiet after a response without a sound, once, and never started', () => {
    rig.respond();

    rig.done();
    rig.play(2_000, SILENCE);

    expect(rig.news).toEqual(['AI quiet']);
  });

  test('starts and is quiet anew in each stretch', () => {
    for (const responseId of ['response-a', 'response-b', 'response-c']) {
      rig.respondWhole(responseId);
      rig.hearOut(320);
    }

    expect(rig.news).toEqual(['AI started', 'AI quiet', 'AI started', 'AI quiet', 'AI started', 'AI quiet']);
  });

  test('is quiet at once when it is cut off with nothing in the making', () => {
    rig.respondWhole('response-a', 1_000);
    rig.play(300);

    rig.bridge.interrupt('api');
    rig.play(3_000, SILENCE);

    expect(rig.news).toEqual(['AI started', 'AI quiet']);
  });

  test('is quiet when the response that was cut off is done, not before', () => {
    rig.respond();
    rig.say();
    rig.play(300);
    rig.bridge.interrupt('api');
    expect(rig.news).toEqual(['AI started']);

    rig.done('response-a', 'cancelled');

    expect(rig.news).toEqual(['AI started', 'AI quiet']);
  });

  test('is not quiet between a failure and the next try', () => {
    const speech = rig.speak();
    rig.begin(speech);
    rig.done('response-a', 'failed');
    expect(rig.news).toEqual([]);

    rig.session.listener.onRequestDropped(speech.requestId);

    expect(rig.news).toEqual(['AI quiet']);
  });

  test('is quiet when the line is lost, and starts anew on the next one', () => {
    rig.respondWhole('response-a', 1_000);
    rig.play(300);
    rig.stream.listener.onLost(1006);
    expect(rig.news).toEqual(['AI started', 'AI quiet']);

    rig.connect(new FakeCarrierStream({ streamId: 'stream-2' }));
    rig.respondWhole('response-b');

    expect(rig.news).toEqual(['AI started', 'AI quiet', 'AI started']);
  });

  test('is quiet when another stream takes the place of the one that had the rest', () => {
    rig.respondWhole('response-a');
    rig.play(100);

    rig.connect(new FakeCarrierStream({ streamId: 'stream-2' }));

    expect(rig.news).toEqual(['AI started', 'AI quiet']);
  });

  test('that has nothing to say is not quiet once more because a request is dropped', () => {
    rig.respondWhole('response-a');
    rig.hearOut(300);

    rig.session.listener.onRequestDropped(rig.speak().requestId);

    expect(rig.news).toEqual(['AI started', 'AI quiet']);
  });

  test('says nothing of itself after the end', () => {
    rig.respondWhole('response-a', 1_000);
    rig.play(300);
    rig.bridge.close();

    rig.clock.advance(10_000);
    rig.respondWhole('response-b');

    expect(rig.news).toEqual(['AI started']);
  });
});

describe('the callee', () => {
  test('is known to speak from the report of it to that of its end', () => {
    rig = BridgeRig.talking();
    const seen = [rig.bridge.isCalleeSpeaking];
    rig.bargeIn();
    seen.push(rig.bridge.isCalleeSpeaking);
    rig.stopSpeaking();
    seen.push(rig.bridge.isCalleeSpeaking);

    expect(seen).toEqual([false, true, false]);
  });

  test('has cut in when the AI was speaking, and not otherwise', () => {
    speaking();
    callee(300);
    rig.done();
    callee(300);

    expect(rig.news.filter((word) => word.startsWith('callee stopped'))).toEqual([
      'callee stopped, cut in',
      'callee stopped',
    ]);
  });

  test('silences the AI before anybody is told that they speak', () => {
    speaking();
    let clearsWhenTold = 0;
    rig.listener.onCalleeStarted = () => {
      clearsWhenTold = rig.stream.clears;
    };

    rig.bargeIn();

    expect(clearsWhenTold).toBe(1);
  });
});
