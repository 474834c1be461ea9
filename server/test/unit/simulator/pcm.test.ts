/** The simulators' codec and file helpers, held against the G.711 tables' well-known values. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pcm from '../../../src/simulator/pcm';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pcm-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test('encodes silence as 0xff in mu-law and 0xd5 in A-law', () => {
  const silence = new Int16Array(160);

  expect(pcm.encodeMulaw(silence)).toEqual(Buffer.alloc(160, 0xff));
  expect(pcm.encodeAlaw(silence)).toEqual(Buffer.alloc(160, 0xd5));
});

test('decodes the extremes of both laws', () => {
  expect([...pcm.decodeMulaw(Buffer.from([0x00, 0x80, 0x7f, 0xff]))]).toEqual([-32124, 32124, 0, 0]);
  expect([...pcm.decodeAlaw(Buffer.from([0x2a, 0xaa, 0x55, 0xd5]))]).toEqual([-32256, 32256, -8, 8]);
});

test.each([
  ['mu-law', pcm.encodeMulaw, pcm.decodeMulaw],
  ['A-law', pcm.encodeAlaw, pcm.decodeAlaw],
] as const)('keeps every code of %s through decoding and encoding', (_, encode, decode) => {
  const codes = Buffer.from(Array.from({ length: 256 }, (__, code) => code));

  const again = decode(encode(decode(codes)));

  expect([...again]).toEqual([...decode(codes)]);
});

test('makes tones of the right length, pitch and strength', () => {
  const oneSecond = pcm.tone({ hz: 100, ms: 1000, sampleRateHz: 16000, amplitude: 0.5 });

  const upwardCrossings = oneSecond.filter((sample, index) => sample >= 0 && (oneSecond[index - 1] ?? -1) < 0);
  expect(oneSecond).toHaveLength(16000);
  expect(upwardCrossings).toHaveLength(100);
  expect(pcm.rms(oneSecond)).toBeCloseTo((0.5 * 32767) / Math.SQRT2, -1);
});

test('writes and reads back a stereo file, padding the shorter channel', () => {
  const path = join(directory, 'stereo.wav');

  pcm.writeWav(path, { sampleRateHz: 8000, channels: [Int16Array.of(1, -2, 3), Int16Array.of(-32768)] });

  expect(pcm.readWav(path)).toEqual({ sampleRateHz: 8000, channels: 2, pcm: Int16Array.of(1, -32768, -2, 0, 3, 0) });
});

test('refuses a file that is not WAV', () => {
  expect(() => pcm.readWav(__filename)).toThrow('is not a WAV file');
});

test('reads L16 as little-endian whatever the alignment of the bytes', () => {
  const bytes = Buffer.concat([Buffer.alloc(1), pcm.encodeL16(Int16Array.of(1, -2))]).subarray(1);

  expect([...pcm.decodeL16(bytes)]).toEqual([1, -2]);
});
