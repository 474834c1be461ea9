// Gaps that the callee hears in the middle of a sentence, counted.

import { PCMU_8K } from '../../../../src/audio/audio-format';
import { MediaClock } from '../../../../src/media/media-clock';
import { DEFAULT_PLAYOUT, Playout } from '../../../../src/media/playout/playout';
import { anItem } from '../../../support/builders';
import { ManualClock } from '../../../support/manual-clock';
import { PhoneLine, someAudio } from '../phone-line';

const NONE = { underruns: 0, underrunMs: 0 };

const ITEM = anItem();
const NEXT_ITEM = anItem({ itemId: 'item-b' });
const NEXT_RESPONSE = anItem({ responseId: 'response-b', itemId: 'item-c' });

let clock: ManualClock;
let line: PhoneLine;
let playout: Playout;

beforeEach(() => {
  clock = new ManualClock();
  playout = new Playout(
    { ...DEFAULT_PLAYOUT, clock: new MediaClock(clock), format: PCMU_8K },
    { onStarted: () => undefined, onHeard: () => undefined },
  );
  line = new PhoneLine(clock, { echo: (name) => playout.onMark(name) });
  playout.connect(line);
});

test('audio that comes after the carrier played all there was of the item is an underrun', () => {
  playout.add(ITEM, someAudio(200));
  clock.advance(350);
  playout.add(ITEM, someAudio(100));
  clock.advance(300);
  playout.add(ITEM, someAudio(100));

  expect(playout.stats).toEqual({ underruns: 2, underrunMs: 150 + 200 });
});

test('nothing is counted while the gap lasts, nor for a gap that ends the item', () => {
  playout.add(ITEM, someAudio(200));
  clock.advance(1_000);
  expect(playout.stats).toEqual(NONE);

  playout.finish(ITEM);
  clock.advance(5_000);

  expect(playout.stats).toEqual(NONE);
});

test.each([
  ['the first audio of all', [] as const],
  ['a response after a pause', [ITEM, NEXT_RESPONSE] as const],
  ['an item that is late within its response', [ITEM, NEXT_ITEM] as const],
])('%s is no underrun', (_what, items) => {
  clock.advance(1_000);
  for (const item of items) {
    playout.add(item, someAudio(200));
    playout.finish(item);
    clock.advance(3_000);
  }

  expect(playout.stats).toEqual(NONE);
});

test('audio in time is no underrun, be it in bursts or in real time', () => {
  playout.add(ITEM, someAudio(3_000));
  clock.advance(2_999);
  for (let frame = 0; frame < 50; frame += 1) {
    playout.add(ITEM, someAudio(20));
    clock.advance(20);
  }

  expect(playout.stats).toEqual(NONE);
});

test('jitter that nobody hears is no underrun', () => {
  for (let frame = 0; frame < 50; frame += 1) {
    playout.add(ITEM, someAudio(20));
    clock.advance(20.4);
  }

  expect(playout.stats).toEqual(NONE);
});

test('what was cut off by a clear leaves no gap to count', () => {
  playout.add(ITEM, someAudio(2_000));
  clock.advance(500);
  playout.clear();
  clock.advance(2_000);

  playout.add(NEXT_RESPONSE, someAudio(500));

  expect(playout.stats).toEqual(NONE);
});

test('an item that goes on over another stream is no underrun', () => {
  playout.add(ITEM, someAudio(2_000));
  clock.advance(500);
  clock.advance(3_000);
  playout.connect(new PhoneLine(clock, { echo: (name) => playout.onMark(name) }));
  playout.add(ITEM, someAudio(500));

  expect(playout.stats).toEqual(NONE);
});

test('what was measured stays readable after the end', () => {
  playout.add(ITEM, someAudio(200));
  clock.advance(300);
  playout.add(ITEM, someAudio(200));

  playout.close();

  expect(playout.stats).toEqual({ underruns: 1, underrunMs: 100 });
});
