// Responses that fail or stall while the callee hears them: the fragment is cut off and is not part of what comes next,
// and whoever waits for the speech learns what became of it.

import { anItem } from '../../support/builders';
import { settle } from '../../support/manual-clock';
import { BridgeRig, type FollowedSpeech, SILENCE } from './bridge-rig';
import { HALF_FRAME_MS } from './phone-line';

const ITEM = anItem();
const LATER_ITEM = anItem({ responseId: 'response-b', itemId: 'item-b' });

let rig: BridgeRig;

beforeEach(() => {
  rig = BridgeRig.talking();
});

/** A speech of which the callee has heard so much, and the model made 3 s. */
function heardFor(ms: number): FollowedSpeech {
  const speech = rig.speak();
  rig.begin(speech);
  rig.say(ITEM, 3_000);
  rig.play(ms, SILENCE);
  return speech;
}

describe('a response that fails in the middle of its speech', () => {
  test('is cut off at the carrier, and the model is told how much was heard', () => {
    heardFor(700);

    rig.done('response-a', 'failed');

    expect(rig.stream.sent.at(-1)).toEqual({ type: 'clear' });
    expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: ITEM, heardMs: 700 + HALF_FRAME_MS }]);
  });

  test('is in the record as a turn that was interrupted, but by nobody', () => {
    heardFor(700);

    rig.done('response-a', 'failed');

    expect(rig.of('turn.finished')).toMatchObject([{ turn: { isInterrupted: true, heardMs: 700 + HALF_FRAME_MS } }]);
    expect(rig.of('assistant.interrupted')).toEqual([]);
  });

  test('is said once more and heard then, and nothing of the fragment with it', async () => {
    const speech = heardFor(700);
    rig.done('response-a', 'failed');
    const fragment = rig.stream.audio.length;

    rig.begin(speech, 'response-b');
    rig.say(LATER_ITEM, 1_000);
    rig.done('response-b');
    rig.hearOut(1_100);
    await settle();

    expect(rig.stream.audio).toHaveLength(fragment + 8_000);
    expect(speech.outcomes).toEqual(['heard']);
  });

  test('before any of it was heard leaves no turn and no trace with the model', () => {
    rig = new BridgeRig();
    rig.ready();
    rig.begin(rig.speak());
    rig.say(ITEM, 3_000);

    rig.done('response-a', 'failed');
    rig.connect();
    rig.play(1_000, SILENCE);

    expect(rig.stream.audio).toHaveLength(0);
    expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-a' }]);
    expect(rig.of('turn.finished')).toEqual([]);
  });

  test('of which everything was heard by then is not cut off', () => {
    heardFor(0);
    rig.finish();
    rig.play(3_100, SILENCE);
    rig.echoMarks();

    rig.done('response-a', 'failed');

    expect(rig.stream.clears).toBe(0);
    expect(rig.session.of('truncate')).toEqual([]);
  });

  test('does not cut off the speech before it, which is still heard', async () => {
    const first = heardFor(700);
    rig.done();
    const next = rig.speak();
    rig.begin(next, 'response-b');
    rig.say(LATER_ITEM, 500);

    rig.done('response-b', 'failed');
    rig.hearOut(4_000);
    await settle();

    expect(first.outcomes).toEqual(['heard']);
  });

  test('is not cut off when it is left as it is', async () => {
    const speech = heardFor(700);

    rig.done('response-a', 'incomplete');
    rig.hearOut(2_400);
    await settle();

    expect(rig.stream.clears).toBe(0);
    expect(speech.outcomes).toEqual(['heard']);
  });
});

describe('a speech that stalls and is given up', () => {
  test('settles when what was made of it was heard, although its response is done only later', async () => {
    const speech = heardFor(2_000);
    rig.done('response-a', 'incomplete');
    rig.hearOut(1_100);
    await settle();
    expect(speech.outcomes).toEqual(['heard']);

    rig.done('response-a', 'cancelled');

    expect(rig.bridge.isAiSpeaking).toBe(false);
  });

  test('is not settled by the late end of its response while the callee hears on', async () => {
    const speech = heardFor(1_000);
    rig.done('response-a', 'incomplete');

    rig.done('response-a', 'cancelled');
    await settle();
    expect(speech.outcomes).toEqual([]);
    rig.hearOut(2_100);
    await settle();

    expect(speech.outcomes).toEqual(['heard']);
  });
});

describe('an interruption is reported', () => {
  test('when some of the AI’s voice was cut off', () => {
    heardFor(700);

    rig.bridge.interrupt('api');

    expect(rig.of('assistant.interrupted')).toMatchObject([{ by: 'api' }]);
  });

  test('not when all of it had been heard, whether or not the carrier has said so', () => {
    heardFor(0);
    rig.done();
    rig.play(3_000, SILENCE);

    rig.bridge.interrupt('api');

    expect(rig.of('assistant.interrupted')).toEqual([]);
  });

  test('not when nothing of it was there to be heard', () => {
    rig.begin(rig.speak());

    rig.bridge.interrupt('api');

    expect(rig.of('assistant.interrupted')).toEqual([]);
  });
});
