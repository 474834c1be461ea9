// Interruptions, by the callee or through the API: silence at once, and the AI knows what was heard.

import { endCall } from '../../../src/calls/end-call';
import type { ItemRef } from '../../../src/calls/conversation-ports';
import { anItem } from '../../support/builders';
import { BridgeRig } from './bridge-rig';
import { HALF_FRAME_MS } from './phone-line';

const ITEM = anItem();
const NEXT_ITEM = anItem({ itemId: 'item-b' });

let rig: BridgeRig;

beforeEach(() => {
  rig = BridgeRig.talking();
});

test('a callee who speaks while nothing plays interrupts nothing', () => {
  rig.bargeIn();

  expect(rig.stream.clears).toBe(0);
  expect(rig.session.commands.map(({ type }) => type)).toEqual(['turns']);
  expect(rig.of('assistant.interrupted')).toEqual([]);
});

test('the line is silent at once, and the model is told how much was heard', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.play(740);

  rig.bargeIn();

  expect(rig.stream.sent.at(-1)).toEqual({ type: 'clear' });
  expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: ITEM, heardMs: 740 + HALF_FRAME_MS }]);
  expect(rig.of('assistant.interrupted')).toEqual([
    { type: 'assistant.interrupted', by: 'callee', heardMs: 740 + HALF_FRAME_MS },
  ]);
});

test('nothing of the interrupted response is heard afterwards', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.play(740);
  rig.bargeIn();
  const sentBytes = rig.stream.audio.length;

  rig.say(ITEM, 2_000);
  rig.say(NEXT_ITEM, 2_000);
  rig.play(5_000);

  expect(rig.stream.audio.length).toBe(sentBytes);
  expect(rig.stream.clears).toBe(1);
});

test('the next response is heard in full', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.play(740);
  rig.bargeIn();
  rig.done();
  const sentBytes = rig.stream.audio.length;

  rig.respond('response-b');
  rig.say(anItem({ responseId: 'response-b', itemId: 'item-c' }), 1_000);
  rig.play(1_500);

  expect(rig.stream.audio.length - sentBytes).toBe(8_000);
});

test('a response that was made completely is cut off as well, while it still plays', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.finish(ITEM);
  rig.done();
  rig.play(1_000);

  rig.bargeIn();

  expect(rig.session.of('truncate')).toMatchObject([{ heardMs: 1_000 + HALF_FRAME_MS }]);
  expect(rig.stream.clears).toBe(1);
});

test('of several items the heard one stays, the next is truncated and the last is deleted', () => {
  const lastItem = anItem({ itemId: 'item-c' });
  rig.respond();
  for (const item of [ITEM, NEXT_ITEM, lastItem]) {
    rig.say(item, 1_000);
    rig.finish(item);
  }
  rig.done();
  rig.play(1_380);

  rig.bargeIn();

  expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: NEXT_ITEM, heardMs: 380 + HALF_FRAME_MS }]);
  expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-c' }]);
});

test('an item that is still being made is deleted when its response is done, not before', () => {
  rig.respond();
  rig.say(ITEM, 1_000);
  rig.say(NEXT_ITEM, 1_000);
  rig.play(500);

  rig.bargeIn();
  expect(rig.session.of('delete')).toEqual([]);
  rig.done();

  expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-b' }]);
});

test('an item that begins after the interruption is deleted too, once', () => {
  rig.respond();
  rig.say(ITEM, 1_000);
  rig.play(500);
  rig.bargeIn();

  rig.say(NEXT_ITEM, 1_000);
  rig.say(NEXT_ITEM, 1_000);
  rig.done();

  expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-b' }]);
});

test('an item that was truncated is not deleted for its late audio', () => {
  rig.respond();
  rig.say(ITEM, 1_000);
  rig.play(500);
  rig.bargeIn();

  rig.say(ITEM, 1_000);
  rig.done();

  expect(rig.session.of('delete')).toEqual([]);
});

test('a response that is interrupted before its first audio is never heard', () => {
  rig.respond();

  rig.bargeIn();
  rig.say(ITEM, 1_000);
  rig.done();

  expect(rig.stream.audio).toHaveLength(0);
  expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-a' }]);
  expect(rig.of('assistant.interrupted')).toEqual([]);
});

test('what was heard of the interrupted turn is what the record says', () => {
  rig.respond();
  rig.say(ITEM, 1_000, 'one two three four five six seven eight nine ten');
  rig.play(500);

  rig.bargeIn();

  expect(rig.of('turn.finished').map(({ turn }) => turn)).toMatchObject([
    {
      speaker: 'assistant',
      text: 'one two three four five',
      isInterrupted: true,
      heardMs: 500 + HALF_FRAME_MS,
      audioMs: 1_000,
    },
  ]);
});

test('words that come after the interruption are not part of any turn', () => {
  rig.respond();
  rig.say(ITEM, 1_000, 'one two');
  rig.play(500);
  rig.bargeIn();

  rig.session.listener.onAssistantText(ITEM, { whole: 'one two three four' });
  rig.done();
  rig.bridge.close();

  expect(rig.of('turn.finished')).toHaveLength(1);
  expect(rig.of('turn.finished')[0]!.turn.text).toBe('one');
});

test('three interruptions in a row are each told with their own figures', () => {
  for (const [number, talkMs] of [600, 940, 320].entries()) {
    const responseId = `response-${number}`;
    const item = anItem({ responseId, itemId: `item-${number}` });
    rig.respond(responseId);
    rig.say(item, 2_000);
    rig.play(talkMs);
    rig.bargeIn();
    rig.done(responseId);
    rig.play(400);
  }

  expect(rig.session.of('truncate').map(({ item, heardMs }) => [item.itemId, heardMs])).toEqual([
    ['item-0', 600 + HALF_FRAME_MS],
    ['item-1', 940 + HALF_FRAME_MS],
    ['item-2', 320 + HALF_FRAME_MS],
  ]);
  expect(rig.of('assistant.interrupted').map(({ heardMs }) => heardMs)).toEqual(
    [600, 940, 320].map((talkMs) => talkMs + HALF_FRAME_MS),
  );
});

test('marks that the clear gives back do not finish the turn of the next response', () => {
  rig.respond();
  rig.say(ITEM, 1_000);
  rig.play(500);
  rig.bargeIn();
  rig.done();
  const late = anItem({ responseId: 'response-b', itemId: 'item-c' });
  rig.respond('response-b');
  rig.say(late, 1_000);
  rig.finish(late);

  for (const frame of rig.stream.sent.slice(0, 4)) if (frame.type === 'mark') rig.stream.listener.onMark(frame.name);

  expect(rig.of('turn.finished').filter(({ turn }) => !turn.isInterrupted)).toEqual([]);
});

test('the API interrupts what plays, and cancels what is being made', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.play(740);
  rig.session.isGenerating = true;

  const wasSpeaking = rig.bridge.interrupt('api');

  expect(wasSpeaking).toBe(true);
  expect(rig.session.of('cancel')).toEqual([{ type: 'cancel', which: 'all' }]);
  expect(rig.session.of('truncate')).toMatchObject([{ heardMs: 740 + HALF_FRAME_MS }]);
  expect(rig.of('assistant.interrupted')).toEqual([
    { type: 'assistant.interrupted', by: 'api', heardMs: 740 + HALF_FRAME_MS },
  ]);
});

test('the API interrupts a response that was only asked for', () => {
  rig.session.isGenerating = true;

  expect(rig.bridge.interrupt('api')).toBe(true);
  rig.respond('response-a', true);
  rig.say(ITEM, 1_000);
  rig.done();

  expect(rig.stream.audio).toHaveLength(0);
  expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-a' }]);
});

test('the API interrupts nothing when nothing is said', () => {
  expect(rig.bridge.interrupt('api')).toBe(false);
  expect(rig.stream.clears).toBe(0);
});

test('a second interruption of the same sentence finds nothing to interrupt', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.done();
  rig.play(740);
  rig.bargeIn();

  rig.bargeIn();

  expect(rig.session.of('truncate')).toHaveLength(1);
  expect(rig.bridge.interrupt('api')).toBe(false);
});

test('a second interruption while the response is still being cancelled does not forget what was handled', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.play(740);
  rig.bargeIn();
  rig.bargeIn();

  rig.say(ITEM, 1_000);
  rig.done();

  expect(rig.session.of('truncate')).toHaveLength(1);
  expect(rig.session.of('delete')).toEqual([]);
});

test('a failure of the AI is reported as it is', () => {
  const verdict = endCall('ai-connection-lost');

  rig.session.listener.onFailed(verdict);

  expect(rig.of('conversation.failed')).toEqual([{ type: 'conversation.failed', verdict }]);
});

test('an item of which something was heard before the line went away is not deleted for what comes after', () => {
  rig.respond();
  rig.say(ITEM, 2_000);
  rig.clock.advance(500);
  rig.stream.listener.onLost(1006);
  rig.say(ITEM, 1_000);
  rig.bargeIn();
  rig.finish();
  rig.done();

  const kinds = rig.session.commands.map(({ type }) => type);

  expect(kinds).toContain('truncate');
  expect(kinds).not.toContain('delete');
  expect(rig.events.filter(({ type }) => type === 'assistant.interrupted')).toEqual([]);
});

test('a stream that is replaced leaves nothing behind that plays for ever', () => {
  rig.respond();
  rig.say(ITEM, 300);
  rig.finish();
  rig.done();
  rig.clock.advance(100);
  rig.connect();
  rig.clock.advance(60_000);

  rig.bargeIn();

  expect(rig.events.filter(({ type }) => type === 'assistant.interrupted')).toEqual([]);
  expect(rig.bridge.interrupt('api')).toBe(false);
});

test('a turn that was heard whole is reported at the end, although its words never became complete', () => {
  rig.respond();
  rig.say(ITEM, 300, 'almost all');
  rig.finish();
  rig.clock.advance(5_000);

  rig.bridge.close();

  expect(rig.events.filter(({ type }) => type === 'turn.finished')).toMatchObject([
    { turn: { speaker: 'assistant', text: 'almost all', isInterrupted: false } },
  ]);
});

describe('the second and third interruption of one response', () => {
  test('find nothing more of it to correct, and drop what still comes of it', () => {
    rig.respond();
    rig.say(ITEM, 3_000);
    rig.play(740);
    for (const laterMs of [0, 100, 400]) {
      rig.play(laterMs);
      rig.bargeIn();
      rig.say(ITEM, 500);
    }
    rig.done('response-a', 'cancelled');

    expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: ITEM, heardMs: 740 + HALF_FRAME_MS }]);
    expect(rig.session.of('delete')).toEqual([]);
    expect(rig.of('assistant.interrupted')).toHaveLength(1);
    expect(rig.of('turn.finished')).toHaveLength(1);
  });

  test('delete an item that began between them, once', () => {
    rig.respond();
    rig.say(ITEM, 3_000);
    rig.play(740);
    rig.bargeIn();
    rig.say(NEXT_ITEM, 500);
    rig.bargeIn();
    rig.say(NEXT_ITEM, 500);
    rig.bridge.interrupt('api');
    rig.done('response-a', 'cancelled');

    expect(rig.session.of('delete')).toEqual([{ type: 'delete', itemId: 'item-b' }]);
    expect(rig.session.of('truncate')).toHaveLength(1);
  });

  test('of which the API made the second leave the figures of the first', () => {
    rig.respond();
    rig.say(ITEM, 3_000);
    rig.play(740);
    rig.bargeIn();
    rig.play(200);

    rig.bridge.interrupt('api');

    expect(rig.of('assistant.interrupted')).toEqual([
      { type: 'assistant.interrupted', by: 'callee', heardMs: 740 + HALF_FRAME_MS },
    ]);
  });
});

describe('interruptions of responses with several items', () => {
  /** A response of three items of a second each, begun when nothing plays. */
  function threeItems(number: number): ItemRef[] {
    const responseId = `response-${number}`;
    const items = ['a', 'b', 'c'].map((name) => anItem({ responseId, itemId: `item-${number}${name}` }));
    rig.respond(responseId);
    for (const item of items) {
      rig.say(item, 1_000);
      rig.finish(item);
    }
    return items;
  }

  test('are exact one after the other, in whichever item they come', () => {
    for (const [number, talkMs] of [400, 1_260, 2_820].entries()) {
      threeItems(number);
      rig.done(`response-${number}`);
      rig.play(talkMs);
      rig.bargeIn();
      rig.play(300);
    }

    expect(rig.session.of('truncate').map(({ item, heardMs }) => [item.itemId, heardMs])).toEqual([
      ['item-0a', 400 + HALF_FRAME_MS],
      ['item-1b', 260 + HALF_FRAME_MS],
      ['item-2c', 820 + HALF_FRAME_MS],
    ]);
    expect(rig.session.of('delete').map(({ itemId }) => itemId)).toEqual(['item-0b', 'item-0c', 'item-1c']);
  });

  test('are reported alike whether or not the carrier has confirmed the items before', () => {
    const heardMs = [false, true].map((isConfirmed) => {
      rig = BridgeRig.talking();
      threeItems(0);
      rig.play(1_000);
      if (isConfirmed) rig.echoMarks();
      rig.play(260);
      rig.bargeIn();
      return rig.of('assistant.interrupted')[0]?.heardMs;
    });

    expect(heardMs).toEqual([260 + HALF_FRAME_MS, 260 + HALF_FRAME_MS]);
  });

  test('keep in the record what was heard whole, and say of the rest how far it got', () => {
    threeItems(0);
    rig.done('response-0');
    rig.play(1_600);

    rig.bargeIn();

    expect(rig.of('turn.finished').map(({ turn }) => [turn.isInterrupted, turn.heardMs])).toEqual([
      [false, 1_000],
      [true, 600 + HALF_FRAME_MS],
    ]);
  });

  test('tell several parts of one item apart, and never delete the item for one of them', () => {
    const nextPart = anItem({ contentIndex: 1 });
    rig.respond();
    rig.say(ITEM, 1_000);
    rig.say(nextPart, 1_000);
    rig.done();
    rig.play(600);

    rig.bargeIn();

    expect(rig.session.of('truncate').map(({ item, heardMs }) => [item.contentIndex, heardMs])).toEqual([
      [0, 600 + HALF_FRAME_MS],
      [1, 0],
    ]);
    expect(rig.session.of('delete')).toEqual([]);
  });
});

describe('an interruption after everything was sent', () => {
  test('is told what was heard of it, and the carrier drops the rest', () => {
    rig.respond();
    rig.say(ITEM, 1_000);
    rig.finish(ITEM);
    rig.done();
    rig.play(700);
    expect(rig.stream.audio).toHaveLength(8_000);

    rig.bargeIn();

    expect(rig.stream.sent.at(-1)).toEqual({ type: 'clear' });
    expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: ITEM, heardMs: 700 + HALF_FRAME_MS }]);
    expect(rig.of('turn.finished')).toMatchObject([
      { turn: { isInterrupted: true, heardMs: 700 + HALF_FRAME_MS, audioMs: 1_000 } },
    ]);
  });

  // The second one is heard to its end while the clear takes effect.
  test.each([1_000, 985])(
    'leaves alone what was heard to its end, told by the carrier or not: at %i ms',
    (playedMs) => {
      rig.respond();
      rig.say(ITEM, 1_000);
      rig.finish(ITEM);
      rig.done();
      rig.play(playedMs);

      rig.bargeIn();

      expect(rig.session.commands.filter(({ type }) => type === 'truncate' || type === 'delete')).toEqual([]);
      expect(rig.of('assistant.interrupted')).toEqual([]);
    },
  );
});

test('a line that was lost is told what was heard, and the session makes no more for it', () => {
  rig.respond();
  rig.say(ITEM, 3_000);
  rig.play(740);

  rig.stream.listener.onLost(1006);

  expect(rig.session.of('truncate')).toEqual([{ type: 'truncate', item: ITEM, heardMs: 740 }]);
  expect(rig.session.of('cancel')).toEqual([{ type: 'cancel', which: 'all' }]);
});
