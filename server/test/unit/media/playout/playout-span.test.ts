import { PCMU_8K } from '../../../../src/audio/audio-format';
import { framingOf } from '../../../../src/media/playout/playout-queue';
import { PlayoutSpan } from '../../../../src/media/playout/playout-span';
import { anItem } from '../../../support/builders';
import { FRAME_BYTES, someAudio } from '../phone-line';

let span: PlayoutSpan;

beforeEach(() => {
  span = new PlayoutSpan(anItem(), framingOf(PCMU_8K, 100));
});

/** Audio that stays. */
function add(ms: number): void {
  span.lend(someAudio(ms));
  span.keep();
}

test('counts what was made, and what was taken of it', () => {
  add(50);

  expect(span.take()).toHaveLength(2 * FRAME_BYTES);
  expect(span.take()).toBeUndefined();
  expect(span.sentMs).toBe(40);
  expect(span.generatedMs).toBe(50);
});

test('gives out the tail once it is finished, and does not count the padding as sent', () => {
  add(5);
  expect(span.take()).toBeUndefined();
  span.finish();

  expect(span.take()).toHaveLength(FRAME_BYTES);
  expect(span.take()).toBeUndefined();
  expect(span.isSent).toBe(true);
  expect(span.sentMs).toBe(5);
});

test('has something to take from a whole frame on, or with its end', () => {
  add(19);
  expect(span.isReady).toBe(false);
  add(1);
  expect(span.isReady).toBe(true);
  span.take();
  expect(span.isReady).toBe(false);

  add(1);
  span.finish();

  expect(span.isReady).toBe(true);
});

test('takes no audio after it is finished', () => {
  span.finish();

  add(100);

  expect(span.generatedMs).toBe(0);
  expect(span.take()).toBeUndefined();
});

test('is sent only when it is finished as well', () => {
  add(20);
  span.take();
  expect(span.isSent).toBe(false);

  span.finish();

  expect(span.isSent).toBe(true);
});

test('hears what the schedule says, pauses left out', () => {
  add(400);
  for (let chunk = 0; chunk < 4; chunk += 1) span.take();
  span.schedule(1_000, 100);
  span.schedule(1_100, 100);
  span.schedule(5_000, 200);

  expect([999, 1_050, 1_200, 3_000, 5_100, 9_000].map((nowMs) => span.heardMs(nowMs))).toEqual([
    0, 50, 200, 200, 300, 400,
  ]);
  expect(span.endMs).toBe(5_200);
});

test('many gaps too short to hear do not add up to an error', () => {
  add(2_000);
  let startMs = 1_000;
  for (let frame = 0; frame < 100; frame += 1, startMs += 20.3) span.schedule(startMs, 20);
  while (span.take());

  expect(Math.abs(span.heardMs(1_000 + 50 * 20.3) - 1_000)).toBeLessThan(2);
});

test('never hears more than was sent, padding and wrong confirmations included', () => {
  add(25);
  span.finish();
  span.take();
  span.take();
  span.schedule(0, 40);
  span.confirm(1_000);

  expect(span.heardMs(1_000)).toBe(25);
});

test('a confirmation counts although the clock is behind, and is not taken back', () => {
  add(200);
  while (span.take());
  span.schedule(1_000, 200);

  span.confirm(150);
  span.confirm(50);

  expect(span.heardMs(1_000)).toBe(150);
});

test('is confirmed when the last mark covers everything, and not before', () => {
  add(20);
  span.take();
  add(20);
  span.finish();
  span.confirm(20);
  expect(span.isConfirmed).toBe(false);
  span.take();
  expect(span.isConfirmed).toBe(false);

  span.confirm(40);

  expect(span.isConfirmed).toBe(true);
});

test('what a stream that went away still had is not heard', () => {
  add(200);
  while (span.take());
  span.schedule(1_000, 200);

  span.freeze(1_050);

  expect(span.heardMs(9_000)).toBe(50);
  expect(span.outcome(9_000)).toEqual({
    item: anItem(),
    heardMs: 50,
    sentMs: 200,
    generatedMs: 200,
    isFinished: false,
  });
});
