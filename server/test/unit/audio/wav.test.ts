// The header of WAV files.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWavHeader, WAV_HEADER_BYTES, wavHeader } from '../../../src/audio/wav';
import { readWav } from '../../../src/simulator/pcm';

const HEADER = { sampleRateHz: 8_000, channels: 2, dataBytes: 8 };

test('is read by another reader', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ai-calls-test-'));
  const path = join(folder, 'a.wav');
  writeFileSync(path, Buffer.concat([wavHeader(HEADER), Buffer.from(new Int16Array([1, 2, 3, 4]).buffer)]));

  const audio = readWav(path);
  rmSync(folder, { recursive: true });

  expect(audio).toMatchObject({ sampleRateHz: 8_000, channels: 2 });
  expect([...audio.pcm]).toEqual([1, 2, 3, 4]);
});

test('says what the specification wants in each field', () => {
  const bytes = wavHeader({ sampleRateHz: 16_000, channels: 2, dataBytes: 64_000 });

  expect(bytes.length).toBe(44);
  expect(bytes.toString('latin1', 0, 4) + bytes.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
  expect(bytes.readUInt32LE(4)).toBe(64_036);
  expect([16, 20, 22, 32, 34].map((at) => bytes.readUInt16LE(at))).toEqual([16, 1, 2, 4, 16]);
  expect([24, 28, 40].map((at) => bytes.readUInt32LE(at))).toEqual([16_000, 64_000, 64_000]);
});

test('is understood again', () => {
  expect(readWavHeader(wavHeader(HEADER))).toEqual(HEADER);
  expect(readWavHeader(Buffer.concat([wavHeader(HEADER), Buffer.alloc(8)]))).toEqual(HEADER);
});

test.each([
  ['too little', Buffer.alloc(WAV_HEADER_BYTES - 1)],
  ['nothing', Buffer.alloc(WAV_HEADER_BYTES)],
  ['noise', Buffer.alloc(WAV_HEADER_BYTES, 0xff)],
  ['another kind of samples', Buffer.from(wavHeader(HEADER)).fill(3, 20, 21)],
])('is not taken from %s', (_what, bytes) => {
  expect(readWavHeader(bytes)).toBeUndefined();
});
