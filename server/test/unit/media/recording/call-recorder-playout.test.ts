// What a recording holds of the AI, beside what a carrier with a delay really played.

import { PCMU_8K } from '../../../../src/audio/audio-format';
import { CallRecorder } from '../../../../src/media/recording/call-recorder';
import { MediaClock } from '../../../../src/media/media-clock';
import { DEFAULT_PLAYOUT, Playout } from '../../../../src/media/playout/playout';
import { anItem } from '../../../support/builders';
import { ManualClock } from '../../../support/manual-clock';
import { PhoneLine } from '../phone-line';

const BYTES_PER_MS = 8;
const FRAME_MS = 20;
const LOUD = 0x20;

let clock: ManualClock;
let line: PhoneLine;
let playout: Playout;
let recorder: CallRecorder;
let written: Buffer[];

beforeEach(() => {
  clock = new ManualClock();
  written = [];
  const mediaClock = new MediaClock(clock);
  const sink = { write: (stereoPcm: Buffer) => void written.push(Buffer.from(stereoPcm)) };
  recorder = new CallRecorder({ clock: mediaClock, outboundFormat: PCMU_8K, open: () => sink });
  const listener = { onStarted: () => undefined, onHeard: () => undefined };
  playout = new Playout({ ...DEFAULT_PLAYOUT, clock: mediaClock, format: PCMU_8K, tap: recorder }, listener);
  line = new PhoneLine(clock, { delayMs: 70, roundTripMs: 60, echo: (name) => playout.onMark(name) });
  recorder.onStream(PCMU_8K);
  playout.connect(line);
});

/** A burst of a whole speech. */
function say(itemId: string, ms: number): void {
  const item = anItem({ itemId });
  playout.add(item, Buffer.alloc(ms * BYTES_PER_MS, LOUD));
  playout.finish(item);
}

/** How much of the AI the recording holds, milliseconds. */
function recordedMs(): number {
  const stereo = Buffer.concat(written);
  let samples = 0;
  for (let at = 2; at < stereo.length; at += 4) if (stereo.readInt16LE(at) !== 0) samples += 1;
  return samples / BYTES_PER_MS;
}

test('is what was played, when nobody interrupts', () => {
  say('item-a', 3_000);
  clock.advance(4_000);
  say('item-b', 2_000);
  clock.advance(4_000);

  recorder.close();

  expect(line.playedMs).toBe(5_000);
  expect(recordedMs()).toBe(5_000);
});

test.each([50, 333, 1_700, 2_990])('is what was played before a barge-in after %d ms', (heardMs) => {
  say('item-a', 1_000);
  clock.advance(2_000);
  say('item-b', 5_000);
  clock.advance(heardMs + 70);

  playout.clear();
  clock.advance(3_000);
  recorder.close();

  expect(Math.abs(recordedMs() - line.playedMs)).toBeLessThanOrEqual(FRAME_MS);
});

test('is what was played before the stream was lost, and what was played after', () => {
  say('item-a', 5_000);
  clock.advance(1_000);
  playout.disconnect();
  clock.advance(2_000);
  const other = new PhoneLine(clock, { delayMs: 70, roundTripMs: 60, echo: (name) => playout.onMark(name) });
  recorder.onStream(PCMU_8K);
  playout.connect(other);
  say('item-b', 1_000);
  clock.advance(3_000);

  playout.close();
  recorder.close();

  // Of the first stream, what was on its way when it was lost does not count.
  expect(other.playedMs).toBe(1_000);
  expect(Math.abs(recordedMs() - 1_930 - 70)).toBeLessThanOrEqual(2 * FRAME_MS + 70);
});
