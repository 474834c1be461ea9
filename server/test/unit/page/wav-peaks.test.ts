// The picture of a recording, from files as the server writes them and from files that are broken.

import fc from 'fast-check';
import { openWav, peaksOf } from '../../../page/wav-peaks.ts';
import { wavHeader } from '../../../src/audio/wav';

const RATE_HZ = 8_000;

function wav(frames: readonly (readonly [left: number, right: number])[]): ArrayBuffer {
  const header = wavHeader({ sampleRateHz: RATE_HZ, channels: 2, dataBytes: frames.length * 4 });
  return Uint8Array.from([...header, ...new Uint8Array(Int16Array.from(frames.flat()).buffer)]).buffer;
}

test('each side has its own loudness, column by column', () => {
  const frames = Array.from({ length: 100 }, (_, i) => [i < 50 ? 16_384 : 0, i < 50 ? 0 : -32_768] as const);
  const opened = openWav(wav(frames))!;

  expect(opened).toMatchObject({ sampleRateHz: RATE_HZ, channels: 2, durationSeconds: 100 / RATE_HZ });
  expect([...peaksOf(opened, 0, 4)]).toEqual([0.5, 0.5, 0, 0]);
  expect([...peaksOf(opened, 1, 4)]).toEqual([0, 0, 1, 1]);
});

test('a short recording has as many columns as a long one', () => {
  expect(peaksOf(openWav(wav([[1_000, 1_000]]))!, 0, 8)).toHaveLength(8);
  expect([...peaksOf(openWav(wav([]))!, 0, 2)]).toEqual([0, 0]);
});

test('chunks of others are passed over', () => {
  const bytes = Buffer.from(wav([[8_192, 0]]));
  const list = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1');
  const mixed = Uint8Array.from([...bytes.subarray(0, 36), ...list, ...bytes.subarray(36)]).buffer;

  expect([...peaksOf(openWav(mixed)!, 0, 1)]).toEqual([0.25]);
});

test('a file that ends before it says is shown as far as it goes', () => {
  const bytes = Buffer.from(wav(Array.from({ length: 100 }, () => [0, 0] as const)));

  expect(openWav(Uint8Array.from(bytes.subarray(0, 44 + 200)).buffer)!.durationSeconds).toBe(50 / RATE_HZ);
});

test('no bytes at all break it', () => {
  const good = new Uint8Array(wav([[1, 2]]));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(47), (noise, at) => {
      const bytes = Uint8Array.from(good);
      bytes.set(noise.subarray(0, bytes.length - at), at);
      for (const buffer of [Uint8Array.from(noise).buffer, bytes.buffer]) {
        const opened = openWav(buffer);
        if (opened) expect(peaksOf(opened, 0, 3).every((peak) => peak >= 0 && peak <= 1)).toBe(true);
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});
