import fc from 'fast-check';
import { PlayoutSpan } from '../../../src/media/playout-span';
import { anItem } from '../../support/builders';
import { someAudio } from './phone-line';

const BYTES_PER_MS = 8;
const FRAME_BYTES = 160;

let span: PlayoutSpan;

beforeEach(() => {
  span = new PlayoutSpan(anItem());
});

test('gives out whole frames only, as many as asked for', () => {
  span.add(someAudio(50));

  expect(span.take(100 * BYTES_PER_MS)).toHaveLength(2 * FRAME_BYTES);
  expect(span.take(100 * BYTES_PER_MS)).toBeUndefined();
  expect(span.sentMs).toBe(40);
  expect(span.generatedMs).toBe(50);
});

test('gives out no more than is asked for', () => {
  span.add(someAudio(1_000));

  expect(span.take(100 * BYTES_PER_MS)).toHaveLength(5 * FRAME_BYTES);
});

test('gives out the tail once it is finished, and then nothing', () => {
  span.add(someAudio(5));
  expect(span.take(FRAME_BYTES)).toBeUndefined();
  span.finish();

  const tail = span.take(FRAME_BYTES);

  expect(tail).toHaveLength(FRAME_BYTES);
  expect(Buffer.from(tail!.subarray(40)).every((byte) => byte === 0xff)).toBe(true);
  expect(span.take(FRAME_BYTES)).toBeUndefined();
  expect(span.isSent).toBe(true);
  expect(span.sentMs).toBe(5);
});

test('takes no audio after it is finished', () => {
  span.finish();

  span.add(someAudio(100));

  expect(span.generatedMs).toBe(0);
  expect(span.take(FRAME_BYTES)).toBeUndefined();
});

test('is sent only when it is finished as well', () => {
  span.add(someAudio(20));
  span.take(FRAME_BYTES);
  expect(span.isSent).toBe(false);

  span.finish();

  expect(span.isSent).toBe(true);
});

test('hears what the schedule says, pauses left out', () => {
  span.add(someAudio(400));
  for (let chunk = 0; chunk < 4; chunk += 1) span.take(100 * BYTES_PER_MS);
  span.schedule(1_000, 100);
  span.schedule(1_100, 100);
  span.schedule(5_000, 200);

  expect([999, 1_050, 1_200, 3_000, 5_100, 9_000].map((nowMs) => span.heardMs(nowMs))).toEqual([
    0, 50, 200, 200, 300, 400,
  ]);
});

test('never hears more than was sent, padding and wrong confirmations included', () => {
  span.add(someAudio(25));
  span.finish();
  span.take(FRAME_BYTES);
  span.take(FRAME_BYTES);
  span.schedule(0, 40);
  span.confirm(1_000);

  expect(span.heardMs(1_000)).toBe(25);
});

test('a confirmation counts although the clock is behind, and is not taken back', () => {
  span.add(someAudio(200));
  span.take(200 * BYTES_PER_MS);
  span.schedule(1_000, 200);

  span.confirm(150);
  span.confirm(50);

  expect(span.heardMs(1_000)).toBe(150);
});

test('is confirmed when the last mark covers everything, and not before', () => {
  span.add(someAudio(40));
  span.finish();
  span.take(FRAME_BYTES);
  span.confirm(20);
  expect(span.isConfirmed).toBe(false);
  span.take(FRAME_BYTES);
  expect(span.isConfirmed).toBe(false);

  span.confirm(40);

  expect(span.isConfirmed).toBe(true);
});

test('whatever the cuts, what is taken is what was added', () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 20 });
  const asks = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(cuts, asks, (sizes, maxBytes) => {
      const one = new PlayoutSpan(anItem());
      const source = Buffer.from(someAudio(20 * 250));
      let offset = 0;
      const taken: Uint8Array[] = [];
      const takeAll = (): void => {
        for (let turn = 0, audio = one.take(maxBytes[0]!); audio; turn += 1) {
          expect(audio.length % FRAME_BYTES).toBe(0);
          taken.push(audio);
          audio = one.take(maxBytes[turn % maxBytes.length]!);
        }
      };
      for (const size of sizes) {
        one.add(source.subarray(offset, (offset += size)));
        takeAll();
      }
      one.finish();
      while (!one.isSent) taken.push(one.take(FRAME_BYTES)!);

      expect(Buffer.concat(taken).subarray(0, offset).equals(source.subarray(0, offset))).toBe(true);
      expect(one.sentMs).toBe(one.generatedMs);
    }),
  );
});
