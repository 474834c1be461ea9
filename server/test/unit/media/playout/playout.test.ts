// What goes to the carrier and when: order, pace, frames and their padding, and what is left when it is over.

import fc from 'fast-check';
import { bytesPerMs, PCM16_16K, PCMA_8K, PCMU_8K } from '../../../../src/audio/audio-format';
import type { ItemRef } from '../../../../src/calls/conversation-ports';
import { MediaClock } from '../../../../src/media/media-clock';
import { DEFAULT_PLAYOUT, Playout, type PlayoutOptions } from '../../../../src/media/playout/playout';
import { anItem } from '../../../support/builders';
import { ManualClock } from '../../../support/manual-clock';
import { FRAME_BYTES, HALF_FRAME_MS, PhoneLine, someAudio, someBytes } from '../phone-line';

const LEAD_MS = 400;
const CHUNK_MS = 100;
const SILENCE = 0xff;

const ITEM = anItem();
const NEXT_ITEM = anItem({ itemId: 'item-b' });

let clock: ManualClock;
let line: PhoneLine;
let started: ItemRef[];
let heard: { readonly item: ItemRef; readonly heardMs: number; readonly atMs: number }[];
let playout: Playout;

beforeEach(() => {
  rig();
});

function rig(options: Partial<PlayoutOptions> = {}): void {
  clock = new ManualClock();
  started = [];
  heard = [];
  playout = new Playout(
    { ...DEFAULT_PLAYOUT, clock: new MediaClock(clock), format: PCMU_8K, ...options },
    {
      onStarted: (item) => started.push(item),
      onHeard: (item, heardMs) => heard.push({ item, heardMs, atMs: clock.monotonicMs() }),
    },
  );
  line = new PhoneLine(clock, { echo: (name) => playout.onMark(name) });
}

/** What was sent for an item, without the padding of its tail. */
function sentAudio(bytes: number): Buffer {
  return line.audio.subarray(0, bytes);
}

test('sends nothing before there is a stream', () => {
  playout.add(ITEM, someAudio(1_000));
  playout.finish(ITEM);

  clock.advance(5_000);

  expect(line.sent).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('what was held goes out in the moment of the connection, up to the lead', () => {
  playout.add(ITEM, someAudio(2_000));
  clock.advance(3_000);

  playout.connect(line);

  expect(line.sentMs).toBe(LEAD_MS);
  expect(started).toEqual([ITEM]);
});

test('a burst is paced: never further ahead of the ear than the lead and one chunk', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(5_000));
  playout.finish(ITEM);

  for (let elapsedMs = 0; elapsedMs < 5_000; elapsedMs += 10) {
    expect(line.sentMs - line.playedMs).toBeLessThanOrEqual(LEAD_MS + CHUNK_MS);
    expect(line.sentMs - line.playedMs).toBeGreaterThanOrEqual(Math.min(LEAD_MS - 10, 5_000 - line.playedMs));
    clock.advance(10);
  }
  expect(line.playedMs).toBe(5_000);
  expect(line.audio.equals(someAudio(5_000))).toBe(true);
});

test('the callee never waits for audio that is there', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(10_000));
  playout.finish(ITEM);

  clock.advance(9_999);

  expect(line.playedMs).toBe(9_999);
});

test('a thousand chunks do not drift', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(110_000));

  for (let step = 0; step < 1_000; step += 1) clock.advance(99.625);

  expect(line.sentMs - line.playedMs).toBeGreaterThanOrEqual(LEAD_MS);
  expect(line.playedMs).toBe(99_625);
});

test('audio that comes in real time is forwarded the moment it comes', () => {
  playout.connect(line);

  for (let frame = 0; frame < 50; frame += 1) {
    playout.add(ITEM, someAudio(20, frame));
    expect(line.sentMs).toBe((frame + 1) * 20);
    clock.advance(20);
  }
});

test('audio of odd sizes in real time waits for less than a frame', () => {
  playout.connect(line);
  let addedMs = 0;

  for (let delta = 0; delta < 60; delta += 1) {
    playout.add(ITEM, someAudio(13));
    addedMs += 13;
    expect(addedMs - line.sentMs).toBeLessThan(20);
    clock.advance(13);
  }
});

test('the tail of an item that is shorter than a frame goes out when it is finished, padded with silence', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(25));
  expect(line.sentMs).toBe(20);

  playout.finish(ITEM);

  const tail = line.audio.subarray(FRAME_BYTES);
  expect(tail).toHaveLength(FRAME_BYTES);
  expect(sentAudio(200).equals(someAudio(25))).toBe(true);
  expect([...tail.subarray(40)]).toEqual(Array.from({ length: 120 }, () => SILENCE));
});

test('items play one after the other, in the order of their first audio', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(300, 1));
  playout.add(NEXT_ITEM, someAudio(300, 2));
  playout.finish(ITEM);
  playout.finish(NEXT_ITEM);

  clock.advance(1_000);

  expect(line.audio.equals(Buffer.concat([someAudio(300, 1), someAudio(300, 2)]))).toBe(true);
  expect(started).toEqual([ITEM, NEXT_ITEM]);
  expect(heard.map(({ item }) => item)).toEqual([ITEM, NEXT_ITEM]);
});

test('an item whose end is never announced does not hold up the next one', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(25));
  playout.add(NEXT_ITEM, someAudio(40));
  playout.finish(NEXT_ITEM);

  clock.advance(200);

  expect(line.sentMs).toBe(80);
  expect(heard.map(({ item }) => item)).toEqual([ITEM, NEXT_ITEM]);
});

test('the end of a response finishes its items, and no others', () => {
  const other = anItem({ responseId: 'response-b', itemId: 'item-c' });
  playout.connect(line);
  playout.add(ITEM, someAudio(25));

  playout.finishResponse('another-response');
  expect(line.sentMs).toBe(20);
  playout.finishResponse(ITEM.responseId);
  playout.add(other, someAudio(25));

  expect(line.sentMs).toBe(40 + 20);
});

test('two parts of one item are kept apart', () => {
  const secondPart = anItem({ contentIndex: 1 });
  playout.connect(line);

  playout.add(ITEM, someAudio(100));
  playout.add(secondPart, someAudio(100));
  playout.finish(secondPart);
  clock.advance(500);

  expect(heard.map(({ item }) => item)).toEqual([ITEM, secondPart]);
});

test('a pause in the generation is a pause on the line, and what follows is not sped up', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(200));
  clock.advance(1_000);

  playout.add(ITEM, someAudio(1_000));
  clock.advance(500);

  expect(line.playedMs).toBe(700);
  expect(line.sentMs - line.playedMs).toBeLessThanOrEqual(LEAD_MS + CHUNK_MS);
});

test('audio without content is nothing to play', () => {
  playout.connect(line);

  playout.add(ITEM, Buffer.alloc(0));
  playout.finish(ITEM);

  expect(line.sent).toEqual([]);
  expect(started).toEqual([]);
  expect(playout.isPlaying).toBe(false);
});

test('what comes after a clear is heard, although items waited for their marks', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(100, 1));
  playout.add(NEXT_ITEM, someAudio(100, 2));
  playout.finish(NEXT_ITEM);
  playout.clear();
  const sentMs = line.sentMs;

  playout.add(anItem({ responseId: 'response-b', itemId: 'item-c' }), someAudio(300, 3));

  expect(line.sentMs - sentMs).toBe(300);
});

test('a new stream carries on with what was not sent yet', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(2_000));
  clock.advance(300);
  const second = new PhoneLine(clock, { echo: (name) => playout.onMark(name) });

  playout.connect(second);
  clock.advance(5_000);

  expect(second.audio.equals(Buffer.from(someAudio(2_000)).subarray(line.audio.length))).toBe(true);
});

test('after closing it sends nothing more and leaves no timer', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(2_000));
  line.echoesMarks = false;
  const sentMs = line.sentMs;

  playout.close();
  playout.add(ITEM, someAudio(2_000));
  playout.finish(ITEM);
  playout.finishResponse(ITEM.responseId);

  expect(line.sentMs).toBe(sentMs);
  expect(line.clears).toBe(1);
  expect(playout.close()).toEqual([]);
  expect(clock.pendingTimers).toBe(line.marks.length);
});

test('no timer is left the moment everything was heard', () => {
  playout.connect(line);
  playout.add(ITEM, someAudio(1_000));
  playout.finish(ITEM);

  clock.advance(1_000);

  expect(heard).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});

test('the memory of added audio is the caller’s again at once', () => {
  playout.connect(line);
  for (const ms of [7, 33, 450, 20, 2_000]) {
    const audio = someAudio(ms);
    playout.add(ITEM, audio);
    audio.fill(0xee);
  }
  playout.finish(ITEM);
  clock.advance(5_000);

  const whole = Buffer.concat([7, 33, 450, 20, 2_000].map((ms) => someAudio(ms)));
  expect(sentAudio(whole.length).equals(whole)).toBe(true);
});

test('audio in real time goes to the carrier out of the memory that it came in', () => {
  const sent: Buffer[] = [];
  playout.connect({
    roundTripMs: 0,
    sendAudio: (audio) => sent.push(audio),
    sendMark: () => undefined,
    clear: () => undefined,
  });
  const frames = [someAudio(20, 1), someAudio(20, 2), someAudio(40, 3)];

  for (const frame of frames) {
    playout.add(ITEM, frame);
    clock.advance(20);
  }

  expect(sent.map((audio, index) => audio === frames[index])).toEqual([true, true, true]);
});

test('a lead and chunks of another length are kept', () => {
  rig({ leadMs: 200, chunkMs: 40 });
  playout.connect(line);
  playout.add(ITEM, someAudio(5_000));
  expect(line.sentMs).toBe(200);

  for (let elapsedMs = 0; elapsedMs < 4_000; elapsedMs += 10) {
    clock.advance(10);
    expect(line.sentMs - line.playedMs).toBeLessThanOrEqual(240);
    expect(line.sentMs - line.playedMs).toBeGreaterThanOrEqual(190);
  }
  expect(Math.max(...line.sent.map(({ audio }) => audio.length))).toBe(2 * FRAME_BYTES);
});

test.each([
  ['A-law', PCMA_8K, 0xd5],
  ['16 bits at 16 kHz', PCM16_16K, 0],
])('audio in %s is paced by its own measure and padded with its own silence', (_what, format, silence) => {
  rig({ format });
  const bytes = 1_010 * bytesPerMs(format);
  const frameBytes = 20 * bytesPerMs(format);
  playout.connect(line);
  playout.add(ITEM, someBytes(bytes));
  playout.finish(ITEM);
  expect(line.audio).toHaveLength(LEAD_MS * bytesPerMs(format));

  clock.advance(300);
  expect(playout.clear()).toMatchObject([{ heardMs: 300 + HALF_FRAME_MS, generatedMs: 1_010 }]);
  playout.add(NEXT_ITEM, someBytes(10 * bytesPerMs(format)));
  playout.finish(NEXT_ITEM);

  const tail = line.audio.subarray(-frameBytes / 2);
  expect(line.sent.every(({ audio }) => audio.length % frameBytes === 0)).toBe(true);
  expect(tail.every((byte) => byte === silence)).toBe(true);
});

test('two playouts on one clock do not disturb each other, and share its timer', () => {
  const media = new MediaClock(clock);
  const others = [ITEM, NEXT_ITEM].map((item) => {
    const other = new Playout(
      { ...DEFAULT_PLAYOUT, clock: media, format: PCMU_8K },
      { onStarted: () => undefined, onHeard: () => undefined },
    );
    const otherLine = new PhoneLine(clock, { echo: () => undefined });
    otherLine.echoesMarks = false;
    other.connect(otherLine);
    other.add(item, someAudio(3_000));
    return { other, otherLine };
  });
  expect(clock.pendingTimers).toBe(1);

  clock.advance(1_000);
  others[0]!.other.close();
  clock.advance(2_000);

  expect(others.map(({ otherLine }) => otherLine.sentMs)).toEqual([1_400, 3_000]);
  others[1]!.other.close();
  expect(clock.pendingTimers).toBe(0);
});

test('whoever ends the call when the first audio goes out ends the sending', () => {
  playout = new Playout(
    { ...DEFAULT_PLAYOUT, clock: new MediaClock(clock), format: PCMU_8K },
    { onStarted: () => playout.close(), onHeard: () => undefined },
  );
  playout.connect(line);

  playout.add(ITEM, someAudio(5_000));
  clock.advance(1_000);

  expect(line.sentMs).toBe(CHUNK_MS);
});

/** Deltas of any size at any pace, closer to a real session than a neat burst. */
const deltas = fc.array(
  fc.record({ bytes: fc.integer({ min: 0, max: 6_000 }), pauseMs: fc.integer({ min: 0, max: 400 }) }),
  { minLength: 1, maxLength: 25 },
);

test('however the audio is cut, it arrives whole and in order, in frames of the contract, and paced', () => {
  fc.assert(
    fc.property(deltas, fc.integer({ min: 0, max: 800 }), (parts, connectAfterMs) => {
      rig();
      const source = someAudio(25 * 6_000);
      let offset = 0;
      let isConnected = false;
      for (const [index, { bytes, pauseMs }] of parts.entries()) {
        if (!isConnected && clock.monotonicMs() >= 1_000 + connectAfterMs) isConnected = connect();
        playout.add(ITEM, Buffer.from(source.subarray(offset, (offset += bytes))));
        if (index === parts.length - 1) playout.finish(ITEM);
        expect(line.sentMs - line.playedMs).toBeLessThanOrEqual(LEAD_MS + CHUNK_MS);
        clock.advance(pauseMs);
      }
      if (!isConnected) connect();
      clock.advance(200_000);

      expect(sentAudio(offset).equals(source.subarray(0, offset))).toBe(true);
      expect(line.audio.length).toBe(Math.ceil(offset / FRAME_BYTES) * FRAME_BYTES);
      expect(line.audio.subarray(offset).every((byte) => byte === SILENCE)).toBe(true);
      for (const { audio } of line.sent) {
        expect(audio.length % FRAME_BYTES).toBe(0);
        expect(audio.length).toBeGreaterThanOrEqual(FRAME_BYTES);
      }
      expect(heard.map(({ heardMs }) => heardMs)).toEqual(offset === 0 ? [] : [offset / 8]);
      expect(clock.pendingTimers).toBe(0);
    }),
    { numRuns: 60 },
  );
});

function connect(): true {
  playout.connect(line);
  return true;
}
