// Lines with noise, tones that stand for voices, and what the meter makes of them, frame by frame.

import fc from 'fast-check';
import {
  type AudioFormat,
  PCM16_16K,
  PCM16_24K,
  PCM16_8K,
  PCMA_8K,
  PCMU_8K,
  silenceByte,
} from '../../../src/audio/audio-format';
import { decodeG711, encodeG711 } from '../../../src/audio/g711';
import { VoiceMeter } from '../../../src/media/voice-meter';
import { rmsDbfs, sine } from '../../support/audio-fixtures';

const FRAME_MS = 20;
const FORMATS = [PCMU_8K, PCMA_8K, PCM16_8K, PCM16_16K, PCM16_24K].map((format) => ({
  name: `${format.encoding} at ${format.sampleRateHz} Hz`,
  format,
}));

/** A stretch of a line: a level of noise, and a tone over it. */
type Stretch = { readonly ms: number; readonly noiseDbfs?: number; readonly toneDbfs?: number };

function amplitude(dbfs: number): number {
  return 32_768 * 10 ** (dbfs / 20);
}

/** Noise that is nearly Gaussian, the same in each run. */
function noise(length: number, dbfs: number): Int16Array {
  let state = 7;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  // Four uniform values in -1..1 have a variance of 4/3.
  const scale = amplitude(dbfs) / Math.sqrt(4 / 3);
  return Int16Array.from({ length }, () => Math.round(scale * (uniform() + uniform() + uniform() + uniform())));
}

/** The line's samples, stretch after stretch. */
function line(sampleRateHz: number, stretches: readonly Stretch[]): Int16Array {
  const parts = stretches.map(({ ms, noiseDbfs, toneDbfs }) => {
    const peak = toneDbfs === undefined ? 0 : Math.SQRT2 * amplitude(toneDbfs);
    const pcm = sine({ hz: 440, ms, sampleRateHz, amplitude: peak });
    if (noiseDbfs !== undefined) noise(pcm.length, noiseDbfs).forEach((sample, i) => (pcm[i]! += sample));
    return pcm;
  });
  return Int16Array.from(parts.flatMap((part) => Array.from(part)));
}

function encoded({ encoding }: AudioFormat, pcm: Int16Array): Buffer {
  if (encoding === 'pcm16') {
    const bytes = Buffer.alloc(2 * pcm.length);
    pcm.forEach((sample, i) => bytes.writeInt16LE(sample, 2 * i));
    return bytes;
  }
  const bytes = Buffer.alloc(pcm.length);
  encodeG711(encoding, { pcm, offset: 0, count: pcm.length }, { bytes, offset: 0 });
  return bytes;
}

function frames(format: AudioFormat, audio: Buffer, frameMs = FRAME_MS): Buffer[] {
  const frameBytes = (format.sampleRateHz / 1000) * frameMs * (format.encoding === 'pcm16' ? 2 : 1);
  return Array.from({ length: audio.length / frameBytes }, (_, i) =>
    audio.subarray(i * frameBytes, (i + 1) * frameBytes),
  );
}

/** For each frame of the line, whether it is voiced. */
function judged(format: AudioFormat, stretches: readonly Stretch[]): boolean[] {
  const meter = new VoiceMeter(format);
  return frames(format, encoded(format, line(format.sampleRateHz, stretches))).map((frame) => meter.push(frame));
}

/** The verdicts of the stretch that begins at `fromMs`. */
function within(verdicts: readonly boolean[], fromMs: number, ms: number): boolean[] {
  return verdicts.slice(fromMs / FRAME_MS, (fromMs + ms) / FRAME_MS);
}

function voicedMs(verdicts: readonly boolean[]): number {
  return verdicts.filter(Boolean).length * FRAME_MS;
}

describe.each(FORMATS)('$name', ({ format }) => {
  it('takes the comfort noise of a line for no voice, from the first frame on', () => {
    expect(voicedMs(judged(format, [{ ms: 5_000, noiseDbfs: -35 }]))).toBe(0);
  });

  it('finds every frame of a voice over comfort noise, and nothing after it', () => {
    const verdicts = judged(format, [
      { ms: 1_000, noiseDbfs: -35 },
      { ms: 600, noiseDbfs: -35, toneDbfs: -20 },
      { ms: 1_000, noiseDbfs: -35 },
    ]);

    expect(voicedMs(verdicts)).toBe(600);
    expect(voicedMs(within(verdicts, 1_000, 600))).toBe(600);
  });

  it('takes silence for no voice', () => {
    const meter = new VoiceMeter(format);
    const silence = Buffer.alloc(20 * 48, silenceByte(format));

    expect(Array.from({ length: 100 }, () => meter.push(silence))).not.toContain(true);
  });

  it('finds a soft voice on a line without noise', () => {
    const verdicts = judged(format, [{ ms: 1_000 }, { ms: 400, toneDbfs: -45 }]);

    expect(voicedMs(verdicts)).toBe(400);
  });
});

test('the noise of the tests has the level it is said to have', () => {
  expect(rmsDbfs(line(8_000, [{ ms: 2_000, noiseDbfs: -35 }]))).toBeCloseTo(-35, 0);
  expect(rmsDbfs(line(8_000, [{ ms: 2_000, toneDbfs: -20 }]))).toBeCloseTo(-20, 1);
});

test('finds a voice that is there from the first frame on', () => {
  expect(voicedMs(judged(PCMU_8K, [{ ms: 400, noiseDbfs: -50, toneDbfs: -25 }]))).toBe(400);
});

test('takes sounds below -50 dBFS for no voice, however silent the line is', () => {
  expect(voicedMs(judged(PCM16_16K, [{ ms: 2_000 }, { ms: 2_000, toneDbfs: -51 }]))).toBe(0);
  expect(voicedMs(judged(PCM16_16K, [{ ms: 2_000 }, { ms: 300, toneDbfs: -49 }]))).toBe(300);
});

test('takes what stands out by less than 9 dB for no voice', () => {
  const settle = { ms: 2_000, toneDbfs: -45 };

  expect(voicedMs(judged(PCM16_8K, [settle, { ms: 40, toneDbfs: -36.5 }]))).toBe(0);
  expect(voicedMs(judged(PCM16_8K, [settle, { ms: 40, toneDbfs: -35.5 }]))).toBe(40);
});

test('does not get used to somebody who speaks with pauses between the words', () => {
  const noiseDbfs = -45;
  const words = Array.from({ length: 50 }, () => [
    { ms: 300, noiseDbfs, toneDbfs: -28 },
    { ms: 100, noiseDbfs },
  ]);

  expect(voicedMs(judged(PCMA_8K, words.flat()))).toBe(50 * 300);
});

test('takes noise that begins for a voice for some seconds and no longer', () => {
  const verdicts = judged(PCM16_8K, [
    { ms: 1_000, noiseDbfs: -60 },
    { ms: 10_000, noiseDbfs: -38 },
  ]);

  // From the lowest floor of -59 dBFS to 9 dB below the noise at 3 dB a second.
  const neededMs = ((-38 - 9 - -59) / 3) * 1_000;
  expect(voicedMs(verdicts)).toBeGreaterThan(neededMs - 500);
  expect(voicedMs(verdicts)).toBeLessThan(neededMs + 500);
  expect(verdicts.lastIndexOf(true) * FRAME_MS).toBeLessThan(1_000 + neededMs + 500);
});

test('follows noise that ends within half a second', () => {
  const verdicts = judged(PCM16_8K, [
    { ms: 3_000, noiseDbfs: -35 },
    { ms: 500, noiseDbfs: -60 },
    { ms: 300, noiseDbfs: -60, toneDbfs: -42 },
  ]);

  expect(voicedMs(verdicts)).toBe(300);
});

test('takes the noise around a few lost frames for no voice', () => {
  const verdicts = judged(PCMU_8K, [{ ms: 2_000, noiseDbfs: -35 }, { ms: 100 }, { ms: 2_000, noiseDbfs: -35 }]);

  expect(voicedMs(verdicts)).toBe(0);
});

test('hears a loud voice however long a louder tone has lasted', () => {
  const verdicts = judged(PCM16_8K, [
    { ms: 60_000, toneDbfs: -10 },
    { ms: 300, toneDbfs: -15 },
  ]);

  expect(voicedMs(within(verdicts, 60_000, 300))).toBe(300);
});

test('comes to the same verdict whatever the length of the frames', () => {
  const stretches = [
    { ms: 3_000, noiseDbfs: -60 },
    { ms: 1_200, noiseDbfs: -60, toneDbfs: -30 },
    { ms: 6_000, noiseDbfs: -42 },
  ];
  const audio = encoded(PCM16_8K, line(8_000, stretches));
  const voicedOf = (frameMs: number): number => {
    const meter = new VoiceMeter(PCM16_8K);
    return frames(PCM16_8K, audio, frameMs).filter((frame) => meter.push(frame)).length * frameMs;
  };

  expect(Math.abs(voicedOf(60) - voicedOf(20))).toBeLessThanOrEqual(120);
});

test('reads 16-bit samples wherever they lie in memory', () => {
  const audio = encoded(PCM16_8K, line(8_000, [{ ms: 400, noiseDbfs: -55, toneDbfs: -48 }]));
  const moved = Buffer.concat([Buffer.from([0x7f]), audio]).subarray(1);
  const [atHome, away] = [new VoiceMeter(PCM16_8K), new VoiceMeter(PCM16_8K)];

  const verdicts = frames(PCM16_8K, audio).map((frame) => atHome.push(frame));
  expect(frames(PCM16_8K, moved).map((frame) => away.push(frame))).toEqual(verdicts);
});

test.each(['pcmu', 'pcma'] as const)('judges %s as it judges the samples that it stands for', (encoding) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 160, maxLength: 160 }), { maxLength: 40 }), (codes) => {
      const companded = new VoiceMeter(encoding === 'pcmu' ? PCMU_8K : PCMA_8K);
      const linear = new VoiceMeter(PCM16_8K);
      for (const bytes of codes) {
        const pcm = new Int16Array(160);
        decodeG711(encoding, bytes, { pcm, offset: 0 });
        expect(companded.push(Buffer.from(bytes))).toBe(linear.push(encoded(PCM16_8K, pcm)));
      }
    }),
  );
});

test.each(FORMATS)('is not put off by frames of odd lengths: $name', ({ format }) => {
  const loud = Buffer.from(encoded(format, line(format.sampleRateHz, [{ ms: FRAME_MS, toneDbfs: -10 }])));
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 20 }), (odd) => {
      const meter = new VoiceMeter(format);
      for (const bytes of odd) meter.push(Buffer.from(bytes));

      expect(meter.push(Buffer.alloc(0))).toBe(false);
      expect(meter.push(loud)).toBe(true);
    }),
  );
});
