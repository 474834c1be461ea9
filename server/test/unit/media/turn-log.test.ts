import type { Turn } from '../../../src/calls/conversation-events';
import type { Correction } from '../../../src/media/barge-in';
import { TurnLog } from '../../../src/media/turn-log';
import { anItem } from '../../support/builders';

const TEXT = 'One two three four five six seven eight nine ten.';
const ITEM = anItem();

let turns: TurnLog;

beforeEach(() => {
  turns = new TurnLog();
});

function correction(kind: 'keep' | 'truncate' | 'delete', heardMs: number): Correction {
  const span = { item: ITEM, heardMs, sentMs: heardMs, generatedMs: 1_000, isFinished: true };
  return kind === 'truncate' ? { kind, item: ITEM, heardMs, span } : { kind, item: ITEM, span };
}

/** The turn of an item whose words were `text` and that was cut off after `heardMs` of 1000. */
function cutOff(text: string, heardMs: number): Turn {
  turns.onAssistantText(ITEM, { whole: text });
  return turns.onCorrected(correction('truncate', heardMs))!;
}

test('a turn has its words, its beginning and its length when it was heard', () => {
  turns.onAssistantText(ITEM, { delta: 'Good ' });
  turns.onStarted(ITEM, 5_000);
  turns.onAssistantText(ITEM, { whole: 'Good morning.' });

  expect(turns.onHeard(ITEM, 1_200.5)).toEqual({
    speaker: 'assistant',
    text: 'Good morning.',
    startedAtMs: 5_000,
    isInterrupted: false,
    heardMs: 1_200,
    audioMs: 1_200,
  });
});

test('a turn that was heard before its words are complete waits for them', () => {
  turns.onAssistantText(ITEM, { delta: 'Good ' });
  expect(turns.onHeard(ITEM, 1_200)).toBeUndefined();

  expect(turns.onAssistantText(ITEM, { whole: 'Good morning.' })).toMatchObject({
    text: 'Good morning.',
    heardMs: 1_200,
  });
});

test('a turn whose words are never completed is told at the end of its response, once', () => {
  turns.onAssistantText(ITEM, { delta: 'Good ' });
  turns.onAssistantText(ITEM, { delta: 'mor' });
  turns.onHeard(ITEM, 1_200);

  expect(turns.onResponseDone(ITEM.responseId)).toMatchObject([{ text: 'Good mor', heardMs: 1_200 }]);
  expect(turns.onResponseDone(ITEM.responseId)).toEqual([]);
});

test('the end of a response tells no turn that still plays, and none of another response', () => {
  const other = anItem({ responseId: 'response-b', itemId: 'item-b' });
  turns.onAssistantText(ITEM, { delta: 'Good morning.' });
  turns.onAssistantText(other, { delta: 'Bye.' });
  turns.onHeard(other, 300);

  expect(turns.onResponseDone(ITEM.responseId)).toEqual([]);
  expect(turns.onHeard(ITEM, 900)).toMatchObject({ text: 'Good morning.' });
});

test('the words of two items, and of two parts of one, are kept apart', () => {
  const items = [ITEM, anItem({ itemId: 'item-b' }), anItem({ contentIndex: 1 })];
  for (const [index, item] of items.entries()) turns.onAssistantText(item, { whole: `words ${index}` });

  expect(items.map((item) => turns.onHeard(item, 1)?.text)).toEqual(['words 0', 'words 1', 'words 2']);
});

test.each([
  [920, 'One two three four five six seven eight nine'],
  [500, 'One two three four'],
  [100, 'One'],
])('of a turn that was heard for %i of 1000 ms only whole words remain', (heardMs, text) => {
  const turn = cutOff(TEXT, heardMs);

  expect(turn).toMatchObject({ isInterrupted: true, heardMs, audioMs: 1_000 });
  expect(TEXT.startsWith(turn.text)).toBe(true);
  expect(turn.text.startsWith(text)).toBe(true);
});

test('of a first word that was not finished nothing remains', () => {
  expect(cutOff('Hello there.', 200).text).toBe('');
});

test('of one long word the heard part remains, and no character is cut in half', () => {
  const { text } = cutOff('👍👍👍👍👍', 500);

  expect(Buffer.from(text).toString()).toBe(text);
});

test('durations are whole milliseconds', () => {
  expect(cutOff(TEXT, 333.7)).toMatchObject({ heardMs: 333, audioMs: 1_000 });
});

test('a turn that was cut off at its very end is whole', () => {
  turns.onAssistantText(ITEM, { whole: TEXT });

  expect(turns.onCorrected(correction('keep', 995))).toMatchObject({ text: TEXT, isInterrupted: false });
});

test('of a turn that nobody heard nothing remains', () => {
  turns.onAssistantText(ITEM, { whole: TEXT });

  expect(turns.onCorrected(correction('delete', 0))).toBeUndefined();
  expect(turns.onResponseDone(ITEM.responseId)).toEqual([]);
});

test('the callee’s words are dated by when they began to speak', () => {
  turns.onCalleeStarted('item-1', 1_000);

  const turn = turns.onCalleeText('item-1', '  Yes. \n', 4_000);

  expect(turn).toEqual({ speaker: 'callee', text: 'Yes.', startedAtMs: 1_000, isInterrupted: false });
});

test('words of a callee whose beginning was missed are dated now', () => {
  expect(turns.onCalleeText('item-1', 'Yes.', 4_000)).toMatchObject({ startedAtMs: 4_000 });
});

test('no words of the callee are no turn', () => {
  expect(turns.onCalleeText('item-1', ' \n', 4_000)).toBeUndefined();
});

test('words of the callee that could not be written down are a turn all the same', () => {
  turns.onCalleeStarted('item-1', 1_000);

  const turn = turns.onCalleeText('item-1', undefined, 4_000);

  expect(turn).toEqual({ speaker: 'callee', text: '[not transcribed]', startedAtMs: 1_000, isInterrupted: false });
});
