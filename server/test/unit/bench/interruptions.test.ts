// The arithmetic of the conversation bench: what the AI was told, item by item, beside what the carrier played.

import { callFigures, type Interruption } from '../../../bench/conversation/interruptions';
import { BEGIN_MS, item, record } from './conversation-records';

/** The interruptions of a call of which nothing went wrong. */
function interruptions(about: Parameters<typeof record>[0]): readonly Interruption[] {
  const call = record(about);
  const { interruptions: found, faults } = callFigures(
    call,
    call.clears.map(() => 'one item'),
  );
  expect(faults).toEqual([]);

  return found;
}

test('a truncation where the carrier stopped has no error', () => {
  expect(interruptions({})).toEqual([
    { networkDelayMs: 0, kind: 'one item', clearAfterMs: 4, playedMs: 1_000, errorMs: 0, aboveSentMs: 0 },
  ]);
});

test.each([
  ['too little', 981, -19],
  ['too much', 1_030, 30],
])('an AI that is told of %s has an error with a sign', (_what, truncatedToMs, errorMs) => {
  expect(interruptions({ items: [item('a', 3_010, { truncatedToMs })] })).toMatchObject([{ errorMs }]);
});

test('an item begins where the one before it ends, filled up to a whole frame', () => {
  const items = [item('a', 310), item('b', 3_010, { truncatedToMs: 680 })];

  expect(interruptions({ items })).toMatchObject([{ errorMs: 0 }]);
});

test('the worst item counts, though the sum is right', () => {
  const items = [item('a', 310, { truncatedToMs: 200 }), item('b', 3_010, { truncatedToMs: 790 })];

  expect(interruptions({ items })).toMatchObject([{ errorMs: -110 }]);
});

test('an item that nobody heard has to be deleted', () => {
  const heard = item('a', 3_010, { truncatedToMs: 1_000 });

  expect(interruptions({ items: [heard, item('b', 510, { isDeleted: true })] })).toMatchObject([{ errorMs: 0 }]);
  expect(interruptions({ items: [heard, item('b', 510)] })).toMatchObject([{ errorMs: 510 }]);
});

test('an item that was heard to its end has to stay', () => {
  const second = item('b', 3_010, { truncatedToMs: 680 });

  expect(interruptions({ items: [item('a', 310, { isDeleted: true }), second] })).toMatchObject([{ errorMs: -310 }]);
});

test('audio that the AI sent after the cut is none that the carrier could have played', () => {
  const late = { atMs: 2_001, audioMs: 500 };
  const items = [
    item('a', 0, { truncatedToMs: 900 }, { deltas: [{ atMs: BEGIN_MS, audioMs: 900 }, late] }),
    item('b', 0, { isDeleted: true }, { deltas: [late] }),
  ];

  expect(interruptions({ items })).toMatchObject([{ errorMs: 0 }]);
});

test('a second interruption counts from the first clear on, and knows its own response', () => {
  const found = interruptions({
    clears: [
      { atMs: 2_004, playedMs: 1_000, arrivedMs: 1_400 },
      { atMs: 4_010, playedMs: 1_700, arrivedMs: 2_500 },
    ],
    speechStartedAtMs: [2_000, 4_000],
    responses: [
      { responseId: 'response 1', atMs: BEGIN_MS },
      { responseId: 'response 2', atMs: 3_000 },
    ],
    items: [
      item('a', 3_010, { truncatedToMs: 1_000 }),
      item('b', 3_010, { truncatedToMs: 690 }, { responseId: 'response 2', deltas: [{ atMs: 3_000, audioMs: 3_010 }] }),
    ],
  });

  expect(found).toMatchObject([
    { clearAfterMs: 4, playedMs: 1_000, errorMs: 0 },
    { clearAfterMs: 10, playedMs: 700, errorMs: -10 },
  ]);
});

test('what was sent before a clear and never played does not count as sent for the next one', () => {
  const clears = [
    { atMs: 2_004, playedMs: 1_000, arrivedMs: 1_400 },
    { atMs: 4_004, playedMs: 1_600, arrivedMs: 2_000 },
  ];
  const begun = { responseId: 'response 2', deltas: [{ atMs: 3_000, audioMs: 3_010 }] };

  const found = interruptions({
    clears,
    speechStartedAtMs: [2_000, 4_000],
    responses: [...record().responses, { responseId: 'response 2', atMs: 3_000 }],
    items: [...record().items, item('b', 3_010, { truncatedToMs: 650 }, begun)],
  });

  expect(found.map(({ aboveSentMs }) => aboveSentMs)).toEqual([0, 50]);
});

test('an AI that is told of more than the carrier had been sent is found out', () => {
  const clears = [{ atMs: 2_004, playedMs: 1_000, arrivedMs: 1_010 }];

  expect(interruptions({ clears, items: [item('a', 3_010, { truncatedToMs: 1_015 })] })).toMatchObject([
    { aboveSentMs: 5 },
  ]);
});

test('what was sent belongs to the items in their order', () => {
  const clears = [{ atMs: 2_004, playedMs: 300, arrivedMs: 400 }];
  const items = [item('a', 310), item('b', 3_010, { truncatedToMs: 90 })];

  expect(interruptions({ clears, items })).toMatchObject([{ aboveSentMs: 10 }]);
});

test('an interruption without a clear is a fault of its call', () => {
  expect(callFigures(record(), ['one item', 'several items']).faults).toEqual(['call 7: 1 clears for 2 interruptions']);
});

test('a clear before the callee spoke measures nothing and is a fault', () => {
  const { interruptions: found, faults } = callFigures(record({ speechStartedAtMs: [2_500] }), ['one item']);

  expect(found).toEqual([]);
  expect(faults).toEqual(['call 7: a clear that nothing explains']);
});

test('one speech explains one clear', () => {
  const [clear] = record().clears;
  const call = record({ clears: [clear!, { ...clear!, atMs: 2_900 }] });

  expect(callFigures(call, ['one item', 'one item']).faults).toEqual(['call 7: a clear that nothing explains']);
});

test('what a far end refuses is a fault', () => {
  expect(callFigures(record({ violations: ['refused'] }), ['one item']).faults).toEqual(['call 7: refused']);
});

test('a greeting counts from the answer and from the stream, and says whether it was ready', () => {
  const late = [item('a', 3_010, { truncatedToMs: 1_000 }, { deltas: [{ atMs: BEGIN_MS + 21, audioMs: 3_010 }] })];

  expect(callFigures(record(), ['one item']).greeting).toEqual({
    networkDelayMs: 0,
    isReady: true,
    afterAnswerMs: 10,
    afterStreamMs: 5,
  });
  expect(callFigures(record({ items: late }), ['one item']).greeting).toMatchObject({ isReady: false });
  expect(callFigures(record({ firstAudioAtMs: undefined }), ['one item']).greeting).toBeUndefined();
});
