// The measuring instruments, on signals whose answer is known: a test that listens must not be deaf.
import {
  correlationPeak,
  dominantToneHz,
  goertzelPower,
  rmsDbfs,
  sinad,
  sine,
  toneAmplitude,
} from '../../support/audio-fixtures';

const sampleRateHz = 8_000;

/** White noise, the same in each run for the same seed. */
function noise(length: number, amplitude: number, seed = 7): Int16Array {
  return Int16Array.from({ length }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.round((seed / 2 ** 31 - 1) * amplitude);
  });
}

function mixed(a: Int16Array, b: Int16Array): Int16Array {
  return a.map((value, i) => value + b[i]!);
}

describe('tones', () => {
  it.each([437, 1_000, 3_391])('are measured by amplitude, whole periods or not: %i Hz', (hz) => {
    const pcm = sine({ hz, ms: 93, sampleRateHz, amplitude: 9_000 });

    expect(toneAmplitude(pcm, { hz, sampleRateHz }) / 9_000).toBeCloseTo(1, 3);
    expect(goertzelPower(pcm, { hz, sampleRateHz })).toBeCloseTo((9_000 / 32_768) ** 2, 3);
    expect(toneAmplitude(pcm, { hz: hz + 300, sampleRateHz })).toBeLessThan(5);
  });

  it('are told apart', () => {
    const pcm = mixed(
      sine({ hz: 500, ms: 60, sampleRateHz, amplitude: 4_000 }),
      sine({ hz: 620, ms: 60, sampleRateHz, amplitude: 5_000 }),
    );

    expect(dominantToneHz(pcm, [440, 500, 620, 1_000], sampleRateHz)).toBe(620);
  });

  it('saturate at 16 bits', () => {
    expect(Math.max(...sine({ hz: 100, ms: 20, sampleRateHz, amplitude: 50_000 }))).toBe(32_767);
  });
});

describe('levels', () => {
  it('are relative to a full-scale square wave', () => {
    expect(rmsDbfs(new Int16Array(100).fill(-32_768))).toBeCloseTo(0, 6);
    expect(rmsDbfs(sine({ hz: 1_000, ms: 100, sampleRateHz, amplitude: 32_767 }))).toBeCloseTo(-3.01, 2);
    expect(rmsDbfs(new Int16Array(100))).toBe(-Infinity);
    expect(rmsDbfs(new Int16Array(0))).toBe(-Infinity);
  });

  it('of noise beside a tone come out as SINAD, offset left aside', () => {
    const hz = 1_013;
    const clean = sine({ hz, ms: 500, sampleRateHz, amplitude: 10_000 });
    const dirt = noise(clean.length, 300);
    const pcm = mixed(clean, dirt).map((value) => value + 1_000);

    expect(sinad(pcm, { hz, sampleRateHz })).toBeCloseTo(rmsDbfs(clean) - rmsDbfs(dirt), 1);
    expect(sinad(clean, { hz, sampleRateHz })).toBeGreaterThan(85);
  });
});

describe('correlationPeak', () => {
  it('finds a quieter clip in a noisy recording', () => {
    const clip = noise(4_000, 20_000);
    const recording = noise(20_011, 500, 99);
    clip.forEach((value, i) => (recording[12_345 + i]! += value / 4));

    const peak = correlationPeak(recording, clip);

    expect(peak.lagSamples).toBe(12_345);
    expect(peak.value).toBeGreaterThan(0.97);
  });

  it('finds where a tone of the length of the clip starts', () => {
    const clip = sine({ hz: 440, ms: 500, sampleRateHz, amplitude: 9_000 });
    const recording = new Int16Array(16_000);
    recording.set(clip, 7_001);

    expect(correlationPeak(recording, clip)).toEqual({ lagSamples: 7_001, value: expect.closeTo(1, 6) });
  });

  it('is low when the clip is not there, and 0 in silence', () => {
    const clip = noise(4_000, 9_000);

    expect(correlationPeak(sine({ hz: 440, ms: 1_000, sampleRateHz, amplitude: 9_000 }), clip).value).toBeLessThan(0.2);
    expect(correlationPeak(new Int16Array(8_000), clip).value).toBe(0);
  });

  it('refuses a clip longer than the recording', () => {
    expect(() => correlationPeak(new Int16Array(10), new Int16Array(11))).toThrow(RangeError);
  });
});
