// Who answers the callee on a line: the server by itself, or we in its place when it only listened; and which answers of
// the server's own nobody wants.

import { anItem } from '../../support/builders';
import { settle } from '../../support/manual-clock';
import { BridgeRig, type FollowedSpeech, SILENCE, VOICE } from './bridge-rig';

const ITEM = anItem();
const LATER_ITEM = anItem({ responseId: 'response-b', itemId: 'item-b' });
const ANSWER = { content: { kind: 'answer' }, mayUseTools: true, isMootWhenAnswered: true };

let rig: BridgeRig;

beforeEach(() => {
  rig = BridgeRig.talking();
});

/** The answers that the bridge itself asked for. */
function answers(): unknown[] {
  return rig.session.of('request').flatMap(({ request }) => (request.content.kind === 'answer' ? [request] : []));
}

/** A protected speech of 5 s that the callee has heard so much of. */
function protectedFor(ms: number): FollowedSpeech {
  const speech = rig.speak({ isProtected: true });
  rig.begin(speech);
  rig.say(ITEM, 5_000);
  rig.done();
  rig.play(ms, SILENCE);
  return speech;
}

/** The callee says something, and the server notices its end. */
function words(options: { readonly isAnswered?: boolean } = {}): void {
  rig.bargeIn();
  rig.play(400, VOICE);
  rig.stopSpeaking(undefined, options);
}

describe('words that the callee finished inside a protected speech', () => {
  test('are answered when it was heard to its end, once', async () => {
    protectedFor(2_000);
    words();
    await settle();
    expect(answers()).toEqual([]);

    rig.hearOut(3_000);
    await settle();

    expect(answers()).toMatchObject([ANSWER]);
  });

  test('are answered when the session has been told that it may answer again', async () => {
    protectedFor(2_000);
    words();
    rig.hearOut(3_000);
    await settle();

    expect(rig.session.commands.slice(-2).map(({ type }) => type)).toEqual(['turns', 'request']);
    expect(rig.turns).toBe('server');
  });

  test('are a hello when they began in the first 1.5 s of the AI’s voice', async () => {
    protectedFor(1_480);
    words();

    rig.hearOut(4_000);
    await settle();

    expect(answers()).toEqual([]);
  });

  test('are no hello when the AI was heard long before', async () => {
    rig.respondWhole('response-0', 1_000);
    rig.hearOut(2_000);
    protectedFor(200);
    words();

    rig.hearOut(5_000);
    await settle();

    expect(answers()).toMatchObject([ANSWER]);
  });

  test('wait for the end of what the callee adds', async () => {
    protectedFor(2_000);
    words();
    rig.play(2_000, SILENCE);
    rig.bargeIn();
    rig.hearOut(1_000);
    await settle();
    expect(answers()).toEqual([]);

    rig.stopSpeaking(undefined, { isAnswered: false });

    expect(answers()).toMatchObject([ANSWER]);
  });

  test('are left to the server when it answers them by itself', async () => {
    protectedFor(2_000);
    words({ isAnswered: true });

    rig.hearOut(3_000);
    await settle();

    expect(answers()).toEqual([]);
  });

  test('get no answer when the call is over', async () => {
    protectedFor(2_000);
    words();

    rig.bridge.close();
    await settle();

    expect(answers()).toEqual([]);
  });
});

describe('what the callee said', () => {
  test('is answered by us at once when the server does not take the turns yet', () => {
    words({ isAnswered: false });

    expect(answers()).toMatchObject([ANSWER]);
  });

  test('is left to a server that takes the turns', () => {
    words();

    expect(answers()).toEqual([]);
  });
});

describe('an answer of the server’s own', () => {
  test('that begins while the agent wants to listen only is cancelled and not heard', () => {
    rig.bridge.takeTurns('listen');

    rig.respond();
    rig.say(ITEM, 1_000);
    rig.finish();
    rig.done('response-a', 'cancelled');

    expect(rig.session.of('cancel')).toEqual([{ type: 'cancel', which: 'active' }]);
    expect(rig.stream.audio).toHaveLength(0);
    expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-a' }]);
    expect(rig.news).toEqual(['AI quiet']);
  });

  test('that begins during a mere protection is heard', () => {
    rig.speak({ isProtected: true });

    rig.respond();
    rig.say(ITEM, 1_000);

    expect(rig.session.of('cancel')).toEqual([]);
    expect(rig.stream.audio.length).toBeGreaterThan(0);
    expect(rig.news).toEqual(['AI started']);
  });

  test('that nobody wants anyway is not cancelled once more', () => {
    rig.bridge.takeTurns('listen');

    rig.respond('response-a', true);

    expect(rig.session.of('cancel')).toEqual([]);
  });

  test('leaves alone what the agent asks for while it listens', () => {
    rig.bridge.takeTurns('listen');

    rig.begin(rig.speak());
    rig.say(ITEM, 1_000);

    expect(rig.session.of('cancel')).toEqual([]);
    expect(rig.stream.audio.length).toBeGreaterThan(0);
  });
});

describe('on a noisy line, words while the AI only thinks', () => {
  beforeEach(() => {
    rig = BridgeRig.talking({ bargeInHoldMs: 200 });
  });

  test('cut off what is being made at once, however short they are', () => {
    rig.respond();

    rig.bargeIn();
    rig.say(ITEM, 1_000);
    rig.done('response-a', 'cancelled');

    expect(rig.session.of('cancel')).toEqual([{ type: 'cancel', which: 'cut-in' }]);
    expect(rig.stream.audio).toHaveLength(0);
  });

  test('are answered when they end, and not held off', () => {
    rig.respond();
    rig.bargeIn();
    rig.play(100, VOICE);
    rig.done('response-a', 'cancelled');
    rig.stopSpeaking();

    expect(answers()).toMatchObject([ANSWER]);
    expect(rig.of('callee.held-off')).toEqual([]);
    expect(rig.of('assistant.interrupted')).toEqual([]);
  });

  test('do not cut off a protected speech that is being made', () => {
    rig.begin(rig.speak({ isProtected: true }));

    rig.bargeIn();
    rig.play(1_000, VOICE);
    rig.say(ITEM, 1_000);

    expect(rig.session.of('cancel')).toEqual([]);
    expect(rig.stream.audio.length).toBeGreaterThan(0);
  });

  test('are held off as before while the last answer is still heard and the next one is made', () => {
    rig.respondWhole('response-a', 3_000);
    rig.play(500, SILENCE);
    rig.begin(rig.speak(), 'response-b');

    rig.bargeIn();
    rig.play(100, VOICE);
    rig.stopSpeaking();
    rig.say(LATER_ITEM, 500);

    expect(rig.stream.clears).toBe(0);
    expect(rig.of('callee.held-off')).toHaveLength(1);
  });
});
