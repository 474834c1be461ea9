// The byte order of L16: the setting holds until the sound itself says otherwise.

import { type ByteOrder, L16ByteOrder, L16Check } from '../../../src/carriers/telnyx/l16-byte-order';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../src/simulator/pcm';
import { sine } from '../../support/audio-fixtures';

const RATES_HZ = [8_000, 16_000] as const;

function wire(pcm: Int16Array, order: ByteOrder): Buffer {
  const little = Buffer.alloc(pcm.length * 2);
  pcm.forEach((sample, index) => little.writeInt16LE(sample, index * 2));
  return order === 'big' ? little.swap16() : little;
}

/** What a stream of this sound teaches: the order afterwards, and how often it was corrected. */
function learned(pcm: Int16Array, real: ByteOrder, preset: ByteOrder, sampleRateHz = 16_000) {
  const known = new L16ByteOrder(preset);
  const check = new L16Check(known);
  const frameSamples = sampleRateHz / 50;
  let corrections = 0;
  for (let at = 0; at < pcm.length; at += frameSamples) {
    if (check.observe(wire(pcm.subarray(at, at + frameSamples), real))) corrections += 1;
  }
  return { order: known.order, corrections };
}

function tone(hz: number, amplitude: number, sampleRateHz = 16_000): Int16Array {
  return sine({ hz, ms: 1_000, sampleRateHz, amplitude });
}

/** Some harmonics of a voice, swelling and fading. */
function voice(amplitude: number, sampleRateHz: number): Int16Array {
  return Int16Array.from({ length: sampleRateHz }, (_, i) => {
    const t = i / sampleRateHz;
    const wave = [1, 0.6, 0.4, 0.2].reduce((sum, gain, h) => sum + gain * Math.sin(2 * Math.PI * 137 * (h + 1) * t), 0);
    return Math.round((amplitude * wave * (0.2 + Math.abs(Math.sin(9 * t)))) / 2.7);
  });
}

function whiteNoise(): Int16Array {
  let seed = 1;
  return Int16Array.from({ length: 16_000 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (seed >>> 16) - 32_768;
  });
}

describe.each(RATES_HZ)('at %i Hz', (rateHz) => {
  test.each([
    ['loud speech', voice(20_000, rateHz)],
    ['speech', voice(3_000, rateHz)],
    ['quiet speech', voice(200, rateHz)],
    ['the hum of an open line', tone(100, 3, rateHz)],
    ['a dial tone', tone(440, 6_000, rateHz)],
    ['speech that was mu-law before', decodeMulaw(encodeMulaw(voice(12_000, rateHz)))],
    ['speech that was A-law before', decodeAlaw(encodeAlaw(voice(12_000, rateHz)))],
  ])('%s shows which order is right, whatever was set', (_what, pcm) => {
    expect(learned(pcm, 'big', 'little', rateHz)).toEqual({ order: 'big', corrections: 1 });
    expect(learned(pcm, 'little', 'big', rateHz)).toEqual({ order: 'little', corrections: 1 });
    expect(learned(pcm, 'little', 'little', rateHz)).toEqual({ order: 'little', corrections: 0 });
    expect(learned(pcm, 'big', 'big', rateHz)).toEqual({ order: 'big', corrections: 0 });
  });

  test('no tone of any pitch and loudness turns a right order, be it straight, from mu-law or from A-law', () => {
    for (const hz of [697, 1_000, 2_000, 2_100, 3_000, 3_400]) {
      for (const amplitude of [50, 2_000, 8_000, 16_000, 32_000]) {
        const straight = tone(hz, amplitude, rateHz).subarray(0, rateHz / 10);
        for (const pcm of [straight, decodeMulaw(encodeMulaw(straight)), decodeAlaw(encodeAlaw(straight))]) {
          expect([hz, amplitude, learned(pcm, 'little', 'little', rateHz).corrections]).toEqual([hz, amplitude, 0]);
          expect([hz, amplitude, learned(pcm, 'big', 'big', rateHz).corrections]).toEqual([hz, amplitude, 0]);
        }
      }
    }
  });
});

test('digital silence and white noise decide nothing', () => {
  expect(learned(new Int16Array(16_000), 'big', 'little').order).toBe('little');
  expect(learned(whiteNoise(), 'big', 'little').order).toBe('little');
});

test('silence does not count: the first sound after it still decides', () => {
  const pcm = new Int16Array(10 * 16_000);
  pcm.set(voice(5_000, 16_000), 9 * 16_000);

  expect(learned(pcm, 'big', 'little').order).toBe('big');
});

test('after a second of sound that says nothing, the setting stays for that stream', () => {
  const known = new L16ByteOrder('little');
  const check = new L16Check(known);
  const noise = whiteNoise();
  for (let at = 0; at < noise.length; at += 320) check.observe(wire(noise.subarray(at, at + 320), 'little'));
  for (let frame = 0; frame < 10; frame += 1) check.observe(wire(tone(440, 5_000).subarray(0, 320), 'big'));

  expect(known.order).toBe('little');
});

test('what one stream has learned is true for the next one from its first frame on', () => {
  const known = new L16ByteOrder('little');
  const first = new L16Check(known);
  for (let frame = 0; frame < 5; frame += 1) first.observe(wire(tone(440, 5_000).subarray(0, 320), 'big'));
  expect(known.order).toBe('big');

  const second = new L16Check(known);

  expect(second.observe(wire(tone(440, 5_000).subarray(0, 320), 'big'))).toBe(false);
  expect(known.order).toBe('big');
});

test('an empty frame and half a sample are no sound', () => {
  const check = new L16Check(new L16ByteOrder('little'));

  expect(check.observe(Buffer.alloc(0))).toBe(false);
  expect(check.observe(Buffer.of(1))).toBe(false);
});
