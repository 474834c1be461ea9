// The byte order of L16: the setting holds until the sound itself says otherwise.

import { L16ByteOrder } from '../../../src/carriers/telnyx/l16-byte-order';
import { sine } from '../../support/audio-fixtures';

const FRAME_SAMPLES = 320;

function frameOf(pcm: Int16Array, order: 'little' | 'big'): Buffer {
  const little = Buffer.alloc(pcm.length * 2);
  pcm.forEach((sample, index) => little.writeInt16LE(sample, index * 2));
  return order === 'big' ? little.swap16() : little;
}

function tone(amplitude: number, hz = 1_000): Int16Array {
  return sine({ hz, ms: 20, sampleRateHz: 16_000, amplitude });
}

/** A steady hiss: nothing tells which way round it is. */
function whiteNoise(): Int16Array {
  let seed = 1;
  return Int16Array.from({ length: FRAME_SAMPLES }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (seed >>> 16) - 32_768;
  });
}

test.each([
  ['loud speech', tone(20_000, 440)],
  ['quiet speech', tone(300)],
  ['the hum of an open line', tone(3, 400)],
  ['high tones', tone(8_000, 3_000)],
])('%s shows that the setting is wrong, both ways', (_what, pcm) => {
  for (const [preset, real] of [
    ['little', 'big'],
    ['big', 'little'],
  ] as const) {
    const byteOrder = new L16ByteOrder(preset);
    const frame = frameOf(pcm, real);

    expect([byteOrder.observe(frame), byteOrder.observe(frame)]).toContain(true);
    expect(byteOrder.order).toBe(real);
  }
});

test('sound of the order that was set changes nothing', () => {
  const byteOrder = new L16ByteOrder('big');

  expect(byteOrder.observe(frameOf(tone(5_000), 'big'))).toBe(false);
  expect(byteOrder.order).toBe('big');
});

test('digital silence decides nothing, however long it lasts', () => {
  const byteOrder = new L16ByteOrder('little');
  for (let frame = 0; frame < 500; frame += 1) byteOrder.observe(Buffer.alloc(2 * FRAME_SAMPLES));

  expect(byteOrder.observe(frameOf(tone(5_000), 'big'))).toBe(true);
  expect(byteOrder.order).toBe('big');
});

test('after a second of sound that says nothing, the setting stays for good', () => {
  const byteOrder = new L16ByteOrder('little');
  for (let frame = 0; frame < 50; frame += 1) byteOrder.observe(frameOf(whiteNoise(), 'little'));

  expect(byteOrder.observe(frameOf(tone(5_000), 'big'))).toBe(false);
  expect(byteOrder.order).toBe('little');
});

test('a decision is final: a later noise does not turn it', () => {
  const byteOrder = new L16ByteOrder('little');
  byteOrder.observe(frameOf(tone(5_000), 'little'));

  expect(byteOrder.observe(frameOf(tone(5_000), 'big'))).toBe(false);
  expect(byteOrder.order).toBe('little');
});

test('an empty frame and half a sample are no sound', () => {
  const byteOrder = new L16ByteOrder('little');

  expect(byteOrder.observe(Buffer.alloc(0))).toBe(false);
  expect(byteOrder.observe(Buffer.of(1))).toBe(false);
});
