// The audio budgets (docs/adr/0005) by what comes out of the converters for tones, constants and square waves. All input
// goes in as 20 ms frames with odd pieces in between, as a call brings it.
import { type AudioFormat, PCM16_16K, PCM16_24K, PCM16_8K, PCMA_8K, PCMU_8K } from '../../../src/audio/audio-format';
import { AudioConverter } from '../../../src/audio/converter';
import { rmsDbfs, sinad, sine, toneAmplitude } from '../../support/audio-fixtures';
import { bytesOf, convertInPieces, samplesOf } from './reference-conversion';

const AMPLITUDE = 20_000;
/** For 8 <-> 24 kHz; for 16 <-> 24 kHz all of them count twice. */
const PASSBAND_HZ = [200, 300, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_200, 3_400];
const STOPBAND_HZ = [4_600, 4_700, 4_900, 5_300, 6_000, 6_700, 7_300, 8_100, 9_000, 10_000, 11_000, 11_900];

const conversions = [
  { name: '8 -> 24 kHz', from: PCM16_8K, to: PCM16_24K, scale: 1 },
  { name: '24 -> 8 kHz', from: PCM16_24K, to: PCM16_8K, scale: 1 },
  { name: '16 -> 24 kHz', from: PCM16_16K, to: PCM16_24K, scale: 2 },
  { name: '24 -> 16 kHz', from: PCM16_24K, to: PCM16_16K, scale: 2 },
] as const;
const downward = conversions.filter(({ from, to }) => from.sampleRateHz > to.sampleRateHz);

// 35 samples on each side of the centre, at 24 or 48 kHz. But the first output comes only when a whole step of input is
// there, which takes away up to two.
const delays = [
  { from: PCM16_8K, to: PCM16_24K, delayMs: 35 / 24 },
  { from: PCM16_24K, to: PCM16_8K, delayMs: 33 / 24 },
  { from: PCM16_16K, to: PCM16_24K, delayMs: 34 / 48 },
  { from: PCM16_24K, to: PCM16_16K, delayMs: 33 / 48 },
  { from: PCM16_8K, to: PCM16_16K, delayMs: 35 / 24 + 33 / 48 },
  { from: PCM16_16K, to: PCM16_8K, delayMs: 34 / 48 + 33 / 24 },
] as const;

function convert(from: AudioFormat, to: AudioFormat, input: Int16Array): Int16Array {
  const audio = bytesOf(from, input);
  const frameBytes = audio.length / (input.length / (from.sampleRateHz / 50));

  return samplesOf(to, convertInPieces(new AudioConverter(from, to), audio, [frameBytes, 7, frameBytes, 1, 32]));
}

/** Drops the first 20 ms, in which the filter fills. */
function settled(pcm: Int16Array, sampleRateHz: number): Int16Array {
  return pcm.subarray(sampleRateHz / 50);
}

function tone(hz: number, sampleRateHz: number, amplitude = AMPLITUDE): Int16Array {
  return sine({ hz, ms: 220, sampleRateHz, amplitude });
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

describe.each(conversions)('$name', ({ from, to, scale }) => {
  const [fromHz, toHz] = [from.sampleRateHz, to.sampleRateHz];

  it.each(PASSBAND_HZ.map((hz) => scale * hz))('is flat at %i Hz, with images and aliases 60 dB down', (hz) => {
    const output = settled(convert(from, to, tone(hz, fromHz)), toHz);

    const probe = { hz, sampleRateHz: toHz };
    expect(Math.abs(decibels(toneAmplitude(output, probe) / AMPLITUDE))).toBeLessThan(0.02);
    expect(sinad(output, probe)).toBeGreaterThan(60);
  });

  it.each([0, 1, -1, 1_000, -20_001, 32_767, -32_768])('hands on a constant %i exactly', (level) => {
    const output = settled(convert(from, to, new Int16Array(fromHz / 10).fill(level)), toHz);

    expect(output.every((value) => value === level)).toBe(true);
  });

  it('saturates instead of wrapping around on a full-scale square wave', () => {
    const square = Int16Array.from({ length: fromHz / 10 }, (_, i) =>
      i % (fromHz / 250) < fromHz / 500 ? 32_766 : -32_766,
    );

    const output = convert(from, to, square);

    const halved = [
      ...convert(
        from,
        to,
        square.map((value) => value / 2),
      ),
    ];
    const expected = halved.map((value) => Math.max(-32_768, Math.min(32_767, 2 * value)));
    expect(Math.max(...output)).toBe(32_767);
    expect(Math.min(...output)).toBe(-32_768);
    expect(Math.max(...expected.map((value, i) => Math.abs(value - output[i]!)))).toBeLessThanOrEqual(2);
  });

  it('leaves no click where frames and odd pieces meet', () => {
    const hz = 440;
    const output = settled(convert(from, to, tone(hz, fromHz)), toHz);

    // Second differences: those of a sine have a limit, and a click of a few units would stand out.
    const sharpest = AMPLITUDE * (2 * Math.sin((Math.PI * hz) / toHz)) ** 2;
    const bends = [...output.subarray(2)].map((value, i) => Math.abs(value - 2 * output[i + 1]! + output[i]!));
    expect(Math.max(...bends)).toBeLessThan(sharpest + 40);
    expect(sinad(output, { hz, sampleRateHz: toHz })).toBeGreaterThan(62);
  });
});

describe.each(downward)('$name', ({ from, to, scale }) => {
  const [fromHz, toHz] = [from.sampleRateHz, to.sampleRateHz];
  const tooHighHz = STOPBAND_HZ.map((hz) => scale * hz).filter((hz) => hz < fromHz / 2);

  it.each(tooHighHz)('keeps %i Hz, which the lower rate cannot hold, out by 60 dB', (hz) => {
    const input = tone(hz, fromHz, 30_000);

    const output = settled(convert(from, to, input), toHz);

    expect(rmsDbfs(output) - rmsDbfs(input)).toBeLessThan(-60);
  });
});

describe.each(delays)('$from.sampleRateHz -> $to.sampleRateHz Hz', ({ from, to, delayMs }) => {
  const [fromHz, toHz] = [from.sampleRateHz, to.sampleRateHz];

  it.each([300, 1_000, 3_000])(`delays %i Hz by ${delayMs.toFixed(2)} ms`, (hz) => {
    const output = convert(from, to, tone(hz, fromHz));

    const ideal = output.map((_, i) =>
      Math.round(AMPLITUDE * Math.sin(2 * Math.PI * hz * (i / toHz - delayMs / 1000))),
    );
    const errors = settled(
      output.map((value, i) => value - ideal[i]!),
      toHz,
    );
    expect(rmsDbfs(errors) - rmsDbfs(ideal)).toBeLessThan(-57);
  });
});

describe('8 -> 24 kHz', () => {
  it('hands on every input sample untouched, 35 samples later', () => {
    const input = tone(1_234, 8000);

    const output = convert(PCM16_8K, PCM16_24K, input);

    const handedOn = output.filter((_, i) => i >= 35 && (i - 35) % 3 === 0);
    expect(handedOn).toEqual(input.subarray(0, handedOn.length));
  });
});

describe.each([PCMU_8K, PCMA_8K])('the path of $encoding', (g711) => {
  // Not a divisor of the rate, so that the quantisation error is spread out.
  const hz = 1_004;

  /** What the companding alone makes of the tone. */
  function companded(amplitude: number): Int16Array {
    return samplesOf(g711, bytesOf(g711, tone(hz, 8000, amplitude)));
  }

  it.each([30_000, 8_000, 800])(
    'costs less than 0.5 dB of what the law allows, to the AI, amplitude %i',
    (amplitude) => {
      const heard = convert(g711, PCM16_24K, tone(hz, 8000, amplitude));

      const allowed = sinad(settled(companded(amplitude), 8000), { hz, sampleRateHz: 8000 });
      expect(sinad(settled(heard, 24_000), { hz, sampleRateHz: 24_000 })).toBeGreaterThan(allowed - 0.5);
    },
  );

  it.each([30_000, 8_000, 800])(
    'costs less than 0.5 dB of what the law allows, to the callee, amplitude %i',
    (amplitude) => {
      const heard = convert(PCM16_24K, g711, tone(hz, 24_000, amplitude));

      const allowed = sinad(settled(companded(amplitude), 8000), { hz, sampleRateHz: 8000 });
      expect(sinad(settled(heard, 8000), { hz, sampleRateHz: 8000 })).toBeGreaterThan(allowed - 0.5);
    },
  );

  it('gives a speech-band tone back unchanged but for the delay, there and back', () => {
    const there = convert(PCM16_8K, PCM16_24K, tone(1_700, 8000));

    const back = settled(convert(PCM16_24K, PCM16_8K, there), 8000);

    expect(sinad(back, { hz: 1_700, sampleRateHz: 8000 })).toBeGreaterThan(60);
    expect(toneAmplitude(back, { hz: 1_700, sampleRateHz: 8000 })).toBeCloseTo(AMPLITUDE, -2);
  });
});
