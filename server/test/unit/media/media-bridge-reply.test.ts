// How long the callee waits for a reply, and who takes the time: from the last of their speech, wherever it lies on the
// timeline of their audio, to the first frame that goes out.

import { anItem } from '../../support/builders';
import { BridgeRig, SILENCE, VOICE } from './bridge-rig';

const ITEM = anItem();
const LATER_ITEM = anItem({ responseId: 'response-b', itemId: 'item-b' });

let rig: BridgeRig;

beforeEach(() => {
  rig = BridgeRig.talking();
});

/** The callee has spoken for as long as all of their audio so far, less some silence at the end. */
function question(silenceMs: number, audioMs: number): void {
  rig.session.listener.onSpeechStarted('callee-item');
  rig.stopSpeaking(audioMs - silenceMs);
}

test('a reply is measured from the end of the question, once', () => {
  rig.bargeIn();
  rig.stopSpeaking();
  rig.clock.advance(412);
  rig.respond();

  rig.say();
  rig.say(anItem({ itemId: 'item-b' }));
  rig.play(2_500);

  expect(rig.of('reply.started')).toEqual([
    { type: 'reply.started', latencyMs: 412, vadMs: 0, modelMs: 412, bridgeMs: 0, heardAfterMs: 412 },
  ]);
});

test('the time that it took to notice the end is counted, and is the part of the detection', () => {
  rig.play(2_000, SILENCE);
  // The last frame came 20 ms ago; the speech ended 500 ms of audio before its end.
  question(500, 2_000);
  rig.play(300, SILENCE);
  rig.respond();
  rig.say();

  expect(rig.of('reply.started')).toEqual([
    { type: 'reply.started', latencyMs: 820, vadMs: 520, modelMs: 300, bridgeMs: 0, heardAfterMs: 820 },
  ]);
});

test('what waits for the end of another speech is the part of the bridge', () => {
  rig.bargeIn();
  rig.stopSpeaking();
  rig.begin(rig.speak());
  rig.say(ITEM, 1_000);
  rig.done();
  rig.clock.advance(200);

  rig.respond('response-b');
  rig.say(LATER_ITEM, 500);
  rig.play(2_000, SILENCE);

  const [reply] = rig.of('reply.started');
  expect(reply).toMatchObject({ vadMs: 0, modelMs: 200, heardAfterMs: 1_000 });
  // The carrier takes it when there is room in the lead.
  expect(reply?.latencyMs).toBeGreaterThanOrEqual(600);
  expect(reply?.latencyMs).toBeLessThanOrEqual(610);
  expect(reply?.bridgeMs).toBe((reply?.latencyMs ?? 0) - 200);
});

test('half a round trip is part of what the callee waits for', () => {
  rig.stream.roundTripMs = 90;
  rig.bargeIn();
  rig.stopSpeaking();
  rig.clock.advance(400);
  rig.respond();
  rig.say();

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 400, heardAfterMs: 445 }]);
});

test('what the callee said before the AI could hear it is dated by when they said it', () => {
  rig = new BridgeRig();
  rig.connect();
  rig.play(1_000, SILENCE);
  rig.ready();

  question(400, 1_000);
  rig.respond();
  rig.say();

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 420, vadMs: 420, modelMs: 0 }]);
});

test('audio that was lost on the way keeps its place in time', () => {
  rig.play(1_000, SILENCE);
  rig.clock.advance(200);
  rig.stream.listener.onMissing(10);
  rig.play(500, SILENCE);

  question(600, 1_700);
  rig.respond();
  rig.say();

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 620 }]);
});

test('silence that stood in for a pause keeps its place in time', () => {
  rig.play(1_000, SILENCE);
  rig.clock.advance(2_000);

  // Filled in steps of 100 ms: what was said last ended 1 s after the start.
  rig.bargeIn();
  rig.stopSpeaking(1_000);
  rig.respond();
  rig.say();

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 2_020 }]);
});

test.each([
  ['words', { kind: 'words', words: 'One moment.' }],
  ['a nudge', { kind: 'directive', directive: 'Ask whether they are still there.' }],
] as const)('%s that somebody wanted to be said are no reply, and the wait goes on', (_name, content) => {
  rig.bargeIn();
  rig.stopSpeaking();
  rig.clock.advance(100);
  rig.begin(rig.speak({ content }));
  rig.say(ITEM, 200);
  rig.done();
  rig.hearOut(300);
  expect(rig.of('reply.started')).toEqual([]);

  rig.respond('response-b');
  rig.say(LATER_ITEM);

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 400, modelMs: 400 }]);
});

test('words that go out between the reply’s making and its first frame are no reply either', () => {
  const replyItem = anItem({ responseId: 'response-c', itemId: 'item-c' });
  rig.begin(rig.speak({ isProtected: true }));
  rig.say(ITEM, 1_000);
  rig.done();
  rig.bargeIn();
  rig.stopSpeaking();
  rig.begin(rig.speak(), 'response-b');
  rig.say(LATER_ITEM, 1_000);
  rig.done('response-b');
  rig.respond('response-c');
  rig.say(replyItem, 500);
  rig.done('response-c');

  rig.play(3_000, SILENCE);

  // After both of the others, as far as the lead allows.
  const [reply] = rig.of('reply.started');
  expect(reply?.latencyMs).toBeGreaterThanOrEqual(1_600);
  expect(reply).toMatchObject({ modelMs: 0, heardAfterMs: 2_000 });
});

test('an answer that was asked for is a reply', () => {
  rig.bargeIn();
  rig.stopSpeaking();
  rig.clock.advance(250);

  rig.begin(rig.speak({ content: { kind: 'answer' } }));
  rig.say();

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 250 }]);
});

test('the rest of a response that the callee spoke over is no reply', () => {
  rig.respond();
  rig.say();
  rig.bargeIn();
  rig.stopSpeaking();

  rig.say();
  rig.done('response-a', 'cancelled');
  rig.clock.advance(700);
  rig.respond('response-b');
  rig.say(LATER_ITEM);

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 700, modelMs: 700 }]);
});

test('a greeting is no reply', () => {
  rig.respond();
  rig.say();
  rig.play(2_000);

  expect(rig.of('reply.started')).toEqual([]);
});

test('a callee who goes on speaking is measured from the end of all they said', () => {
  rig.bargeIn();
  rig.stopSpeaking();
  rig.clock.advance(600);
  rig.bargeIn();
  rig.clock.advance(1_000);
  rig.stopSpeaking();
  rig.clock.advance(300);

  rig.respond();
  rig.say();

  expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 300 }]);
});

describe('when the server cannot tell where the speech ended', () => {
  test('a reply is measured from the last voice of the callee', () => {
    rig.play(1_000, SILENCE);
    rig.bargeIn();
    rig.play(600, VOICE);
    rig.play(800, SILENCE);

    rig.stopSpeaking(undefined);
    rig.clock.advance(200);
    rig.respond();
    rig.say();

    expect(rig.of('reply.started')).toMatchObject([{ latencyMs: 1_020, vadMs: 820, modelMs: 200 }]);
  });

  test('speech too soft for the meter is not dated by what was said long before', () => {
    rig.play(600, VOICE);
    rig.play(30_000, SILENCE);
    rig.bargeIn();
    rig.play(500, SILENCE);

    rig.stopSpeaking(undefined);
    rig.respond();
    rig.say();

    const [reply] = rig.of('reply.started');
    expect(reply?.latencyMs).toBeLessThanOrEqual(520);
  });
});

describe('on a noisy line', () => {
  beforeEach(() => {
    rig = BridgeRig.talking({ bargeInHoldMs: 200 });
    rig.respond();
    rig.say(ITEM, 5_000);
    rig.play(500, SILENCE);
  });

  test('nobody waits for a reply to a sound that was held off', () => {
    rig.bargeIn();
    rig.play(100, VOICE);
    rig.stopSpeaking();

    rig.say(anItem({ itemId: 'item-b' }), 1_000);
    rig.done();
    rig.hearOut(6_000);

    expect(rig.of('callee.held-off')).toHaveLength(1);
    expect(rig.of('reply.started')).toEqual([]);
  });

  test('the reply to what interrupted is measured', () => {
    rig.bargeIn();
    rig.play(500, VOICE);
    rig.done('response-a', 'cancelled');
    rig.stopSpeaking();
    rig.clock.advance(300);

    rig.begin({ requestId: rig.lastRequestId, outcomes: [] }, 'response-b');
    rig.say(LATER_ITEM);

    expect(rig.of('reply.started')).toMatchObject([{ modelMs: 300 }]);
  });
});
