// Speaking by request: what the session is asked for, and what whoever asked learns of it, in every way it can end.

import { PCM16_24K } from '../../../src/audio/audio-format';
import type { SpeechOutcome } from '../../../src/calls/speech';
import { anItem } from '../../support/builders';
import { FakeCarrierStream } from '../../support/fakes';
import { settle } from '../../support/manual-clock';
import { BridgeRig, type FollowedSpeech } from './bridge-rig';
import { settlementsOf } from './settlements';

const ITEM = anItem();
const NEXT_ITEM = anItem({ itemId: 'item-b' });
const LATER_ITEM = anItem({ responseId: 'response-b', itemId: 'item-c' });

let rig: BridgeRig;

beforeEach(() => {
  rig = BridgeRig.talking();
});

/** A speech whose response is being made. */
function begun(): FollowedSpeech {
  const speech = rig.speak();
  rig.begin(speech);
  return speech;
}

/** A speech that was made completely. */
function made(ms = 1_000): FollowedSpeech {
  const speech = begun();
  rig.say(ITEM, ms);
  rig.finish();
  rig.done();
  return speech;
}

async function outcomesOf({ outcomes }: FollowedSpeech): Promise<readonly SpeechOutcome[]> {
  await settle();
  return outcomes;
}

describe('the session', () => {
  test('is asked for exactly what is to be said', () => {
    const { requestId } = rig.speak({ mayUseTools: true, isMootWhenAnswered: true });

    expect(rig.session.of('request').map(({ request }) => request)).toEqual([
      { requestId, content: { kind: 'words', words: 'one two three' }, mayUseTools: true, isMootWhenAnswered: true },
    ]);
  });

  test('is asked under another name each time', () => {
    expect(rig.speak().requestId).not.toBe(rig.speak().requestId);
  });

  test('is asked for nothing after the end, and whoever asks is told at once', async () => {
    rig.bridge.close();

    const outcomes = settlementsOf(rig.bridge.speak({ content: { kind: 'answer' } }));
    await settle();

    expect(rig.session.of('request')).toEqual([]);
    expect(outcomes).toEqual(['unspoken']);
  });
});

describe('a speech is heard', () => {
  test('when the carrier has played its end, not when it was made or sent', async () => {
    const speech = made(300);
    rig.play(320);
    expect(await outcomesOf(speech)).toEqual([]);

    rig.echoMarks();

    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('when the carrier must have played its end and has lost the mark', async () => {
    const speech = made(300);

    rig.play(300 + 1_600);

    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('when the last of its items was', async () => {
    const speech = begun();
    rig.say(ITEM, 200);
    rig.say(NEXT_ITEM, 1_000);
    rig.done();
    rig.hearOut(220);
    expect(await outcomesOf(speech)).toEqual([]);

    rig.hearOut(1_000);

    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('when it was made before there was a line, and heard on it', async () => {
    rig = new BridgeRig();
    rig.ready();
    const speech = made(300);
    rig.clock.advance(5_000);
    expect(await outcomesOf(speech)).toEqual([]);

    rig.connect();
    rig.hearOut(320);

    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('when its second try was, after a failure', async () => {
    const speech = begun();
    rig.done('response-a', 'failed');
    expect(await outcomesOf(speech)).toEqual([]);

    rig.begin(speech, 'response-b');
    rig.say(LATER_ITEM, 200);
    rig.done('response-b');
    rig.hearOut(220);

    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('although the callee cuts off what comes after it', async () => {
    const speech = made(300);
    rig.hearOut(320);
    rig.respond('response-b');
    rig.say(LATER_ITEM, 1_000);
    rig.play(200);

    rig.bargeIn();

    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('when all of it was played and the callee speaks before the carrier says so', async () => {
    const speech = made(300);
    rig.play(320);
    rig.respond('response-b');

    rig.bargeIn();

    expect(rig.of('turn.finished')).toMatchObject([{ turn: { isInterrupted: false, heardMs: 300 } }]);
    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('when all of it was played and the callee hangs up before the carrier says so', async () => {
    const speech = made(300);
    rig.play(320);

    rig.stream.listener.onStopped();

    expect(rig.of('turn.finished')).toMatchObject([{ turn: { isInterrupted: false, heardMs: 300 } }]);
    expect(await outcomesOf(speech)).toEqual(['heard']);
  });

  test('when all of it was played and the line is closed before the carrier says so', async () => {
    const speech = made(300);
    rig.play(320);

    rig.bridge.close();

    expect(rig.of('turn.finished')).toMatchObject([{ turn: { isInterrupted: false, heardMs: 300 } }]);
    expect(await outcomesOf(speech)).toEqual(['heard']);
  });
});

describe('a speech is interrupted', () => {
  test.each<[string, () => void]>([
    ['the callee', () => rig.bargeIn()],
    ['the API', () => void rig.bridge.interrupt('api')],
    ['the loss of the line', () => rig.stream.listener.onLost(1006)],
    ['the end of the stream', () => rig.stream.listener.onStopped()],
    ['the end of the call', () => rig.bridge.close()],
  ])('by %s after its first sound, whether or not it was made', async (_name, cut) => {
    for (const isMade of [false, true]) {
      rig = BridgeRig.talking();
      const speech = begun();
      rig.say(ITEM, 1_000);
      if (isMade) rig.done();
      rig.play(500);

      cut();

      expect(await outcomesOf(speech)).toEqual(['interrupted']);
    }
  });

  test('in its second item as in its first', async () => {
    const speech = begun();
    for (const item of [ITEM, NEXT_ITEM]) {
      rig.say(item, 1_000);
      rig.finish(item);
    }
    rig.done();
    rig.play(1_400);

    rig.bargeIn();

    expect(await outcomesOf(speech)).toEqual(['interrupted']);
  });

  test('when another stream takes the place of the one that had its end', async () => {
    const speech = made(300);
    rig.play(100);

    rig.connect(new FakeCarrierStream({ streamId: 'stream-2' }));

    expect(await outcomesOf(speech)).toEqual(['interrupted']);
    expect(rig.bridge.isAiSpeaking).toBe(false);
  });

  test('and stays so when the model ends it later', async () => {
    const speech = begun();
    rig.say();
    rig.play(500);
    rig.bargeIn();

    rig.done('response-a', 'cancelled');
    rig.play(2_000);

    expect(await outcomesOf(speech)).toEqual(['interrupted']);
    expect(rig.bridge.isAiSpeaking).toBe(false);
  });
});

describe('a speech is unspoken', () => {
  test('when its request is dropped', async () => {
    const speech = rig.speak();

    rig.session.listener.onRequestDropped(speech.requestId);

    expect(await outcomesOf(speech)).toEqual(['unspoken']);
    expect(rig.bridge.isAiSpeaking).toBe(false);
  });

  test('when its response is not wanted any more as it begins', async () => {
    const speech = rig.speak();

    rig.begin(speech, 'response-a', true);
    rig.say();
    rig.done('response-a', 'cancelled');

    expect(await outcomesOf(speech)).toEqual(['unspoken']);
    expect(rig.stream.audio).toHaveLength(0);
  });

  test.each(['completed', 'incomplete', 'cancelled'] as const)(
    'when its response is %s without a sound',
    async (status) => {
      const speech = begun();

      rig.done('response-a', status);

      expect(await outcomesOf(speech)).toEqual(['unspoken']);
      expect(rig.bridge.isAiSpeaking).toBe(false);
    },
  );

  test.each([
    ['no sound', PCM16_24K, 0],
    ['less sound than the phone can play', PCM16_24K, 1],
    ['no sound for a line of its own format', undefined, 0],
  ])('when its response has %s in what should be some', async (_name, aiFormat, bytes) => {
    rig = BridgeRig.talking(aiFormat ? { aiFormat } : {});
    const speech = begun();

    rig.session.listener.onAudio(ITEM, Buffer.alloc(bytes));
    rig.finish();
    rig.done();
    rig.hearOut(2_000);

    expect(await outcomesOf(speech)).toHaveLength(1);
    expect(rig.bridge.isAiSpeaking).toBe(false);
  });

  test.each<[string, () => void]>([
    ['the callee', () => rig.bargeIn()],
    ['the API', () => void rig.bridge.interrupt('api')],
    ['the loss of the line', () => rig.stream.listener.onLost(1006)],
    ['the end of the call', () => rig.bridge.close()],
  ])('when %s comes before its first sound', async (_name, cut) => {
    const speech = begun();

    cut();
    rig.say();
    rig.done('response-a', 'cancelled');

    expect(await outcomesOf(speech)).toEqual(['unspoken']);
    expect(rig.stream.audio).toHaveLength(0);
  });

  test('when it waits behind another speech as both are cut off', async () => {
    made(1_000);
    const speech = rig.speak();
    rig.begin(speech, 'response-b');
    rig.say(LATER_ITEM, 1_000);
    rig.done('response-b');
    rig.play(200);

    rig.bargeIn();

    expect(await outcomesOf(speech)).toEqual(['unspoken']);
  });

  test('when the call ends before it begins', async () => {
    const waiting = rig.speak();

    rig.bridge.close();

    expect(await outcomesOf(waiting)).toEqual(['unspoken']);
  });

  test('when the call ends before anybody answers the phone', async () => {
    rig = new BridgeRig();
    rig.ready();
    const speech = made();

    rig.bridge.close();

    expect(await outcomesOf(speech)).toEqual(['unspoken']);
  });

  test('when it failed and nobody tries again', async () => {
    const speech = begun();
    rig.done('response-a', 'failed');

    rig.session.listener.onRequestDropped(speech.requestId);

    expect(await outcomesOf(speech)).toEqual(['unspoken']);
    expect(rig.bridge.isAiSpeaking).toBe(false);
  });

  test('when the call ends between a failure and the next try', async () => {
    const speech = begun();
    rig.done('response-a', 'failed');

    rig.bridge.close();

    expect(await outcomesOf(speech)).toEqual(['unspoken']);
  });
});

describe('a response of the model itself', () => {
  test('is made when it is done, and heard when it was played', async () => {
    rig.respond();
    rig.say(ITEM, 300);
    const whenMade = settlementsOf(rig.bridge.whenMade('response-a'));
    const whenHeard = settlementsOf(rig.bridge.whenHeard('response-a'));
    await settle();
    expect(whenMade).toHaveLength(0);

    rig.done();
    await settle();
    expect([whenMade.length, whenHeard.length]).toEqual([1, 0]);
    rig.hearOut(320);
    await settle();

    expect(whenHeard).toEqual(['heard']);
  });

  test('is interrupted for whoever waits for its end when the callee cuts in', async () => {
    rig.respond();
    rig.say();
    const outcomes = settlementsOf(rig.bridge.whenHeard('response-a'));
    rig.play(300);

    rig.bargeIn();
    await settle();

    expect(outcomes).toEqual(['interrupted']);
  });

  test('keeps nobody waiting at the end of the call', async () => {
    rig.respond();
    const whenMade = settlementsOf(rig.bridge.whenMade('response-a'));
    const whenHeard = settlementsOf(rig.bridge.whenHeard('response-a'));

    rig.bridge.close();
    await settle();

    expect([whenMade.length, whenHeard]).toEqual([1, ['unspoken']]);
  });
});

describe('the AI is speaking', () => {
  test('from the request to the last that is heard', () => {
    const seen = [rig.bridge.isAiSpeaking];
    const speech = rig.speak();
    seen.push(rig.bridge.isAiSpeaking);
    rig.begin(speech);
    seen.push(rig.bridge.isAiSpeaking);
    rig.say(ITEM, 300);
    rig.done();
    seen.push(rig.bridge.isAiSpeaking);
    rig.hearOut(320);
    seen.push(rig.bridge.isAiSpeaking);

    expect(seen).toEqual([false, true, true, true, false]);
  });
});

describe('on the line', () => {
  test('what the model is told goes to the session as it is', () => {
    rig.bridge.tell('system', 'The callee pressed 1.');
    rig.bridge.tell('user', 'One.');
    rig.bridge.setInstructions('Be brief.');

    expect(rig.session.commands.slice(1)).toEqual([
      { type: 'message', role: 'system', text: 'The callee pressed 1.' },
      { type: 'message', role: 'user', text: 'One.' },
      { type: 'instructions', instructions: 'Be brief.' },
    ]);
  });

  test('tools that the model calls are reported, until the end', () => {
    const call = { toolCallId: 'tool-1', responseId: 'response-a', name: 'end_call', argumentsJson: '{}' };
    rig.session.listener.onToolCall(call);
    rig.bridge.close();
    rig.session.listener.onToolCall(call);

    expect(rig.listener.toolCalls).toEqual([call]);
  });

  test('the result of a tool is given when the server has it', async () => {
    const given = settlementsOf(rig.bridge.answerTool('tool-1', 'yes'));
    await settle();
    expect(given).toHaveLength(0);

    rig.session.listener.onToolAnswered('tool-1');
    await settle();

    expect(given).toHaveLength(1);
    expect(rig.session.of('tool-answer')).toEqual([{ type: 'tool-answer', toolCallId: 'tool-1', output: 'yes' }]);
  });

  test('the result of a tool is waited for until the end of the call only', async () => {
    const before = settlementsOf(rig.bridge.answerTool('tool-1', 'yes'));

    rig.bridge.close();
    const after = settlementsOf(rig.bridge.answerTool('tool-2', 'no'));
    await settle();

    expect([before.length, after.length]).toEqual([1, 1]);
    expect(rig.session.of('tool-answer').map(({ toolCallId }) => toolCallId)).toEqual(['tool-1']);
  });

  test('keys are reported as they are pressed, until the end', () => {
    const { listener } = rig.stream;
    for (const digit of ['1', '#']) listener.onDigit(digit);
    rig.bridge.close();
    listener.onDigit('9');

    expect(rig.news).toEqual(['key 1', 'key #']);
  });

  test('keys of a stream that was replaced are nobody’s', () => {
    const { listener } = rig.stream;
    rig.connect(new FakeCarrierStream({ streamId: 'stream-2' }));

    listener.onDigit('1');

    expect(rig.news).toEqual([]);
  });
});
