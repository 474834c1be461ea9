// The two converters by what comes out: exact counts, no trace of how the input was cut, the audio budgets on tones.
import * as fc from 'fast-check';
import { decodeG711, encodeG711 } from '../../../src/audio/g711';
import { Downsampler24to8, Upsampler8to24 } from '../../../src/audio/resampler';
import { rmsDbfs, sinad, sine, toneAmplitude } from '../../support/audio-fixtures';

const AMPLITUDE = 20_000;
const PASSBAND_HZ = [200, 300, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_200, 3_400];
const STOPBAND_HZ = [4_600, 4_700, 4_900, 5_300, 6_000, 6_700, 7_300, 8_100, 9_000, 10_000, 11_000, 11_900];

type Converter = Upsampler8to24 | Downsampler24to8;

const converters: readonly {
  name: string;
  fromHz: number;
  toHz: number;
  delaySeconds: number;
  make: () => Converter;
}[] = [
  { name: 'Upsampler8to24', fromHz: 8_000, toHz: 24_000, delaySeconds: 35 / 24_000, make: () => new Upsampler8to24() },
  {
    name: 'Downsampler24to8',
    fromHz: 24_000,
    toHz: 8_000,
    delaySeconds: 33 / 24_000,
    make: () => new Downsampler24to8(),
  },
];

/** Feeds the input in pieces of the given lengths, over and over, and joins what comes out. */
function convertInPieces(converter: Converter, input: Int16Array, lengths: readonly number[]): Int16Array {
  const output: number[] = [];
  for (let at = 0, i = 0; at < input.length; i++) {
    const length = lengths[i % lengths.length]!;
    output.push(...converter.process(input.subarray(at, at + length)));
    at += length;
  }
  return Int16Array.from(output);
}

/** Drops the first 20 ms at the given rate, in which the filter fills. */
function settled(pcm: Int16Array, sampleRateHz: number): Int16Array {
  return pcm.subarray(sampleRateHz / 50);
}

function tone(hz: number, sampleRateHz: number, amplitude = AMPLITUDE): Int16Array {
  return sine({ hz, ms: 220, sampleRateHz, amplitude });
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

function throughMulaw(pcm: Int16Array): Int16Array {
  return decodeG711('mulaw', encodeG711('mulaw', pcm));
}

describe.each(converters)('$name', ({ fromHz, toHz, delaySeconds, make }) => {
  it('gives the same output however the input is cut, and an exact count', () => {
    const lengths = fc
      .array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 10 })
      .filter((l) => l.some(Boolean));
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 700 }), lengths, (input, pieceLengths) => {
        const whole = make().process(input);
        const pieced = convertInPieces(make(), input, pieceLengths);

        expect(whole).toHaveLength(Math.floor((input.length * toHz) / fromHz));
        expect(pieced).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same output for one long input as for 20 ms frames', () => {
    const input = tone(1_000, fromHz);

    expect(convertInPieces(make(), input, [fromHz / 50])).toEqual(make().process(input));
    expect(convertInPieces(make(), input, [601, 1, 1_000])).toEqual(make().process(input));
  });

  it('starts afresh after reset', () => {
    const input = tone(700, fromHz);
    const converter = make();
    converter.process(input.subarray(0, 101));

    converter.reset();

    expect(converter.process(input)).toEqual(make().process(input));
  });

  it.each(PASSBAND_HZ)('is flat at %i Hz', (hz) => {
    const output = settled(make().process(tone(hz, fromHz)), toHz);

    expect(Math.abs(decibels(toneAmplitude(output, { hz, sampleRateHz: toHz }) / AMPLITUDE))).toBeLessThan(0.02);
  });

  it.each([300, 1_000, 3_000])('delays %i Hz by a constant time below 1.5 ms', (hz) => {
    const output = make().process(tone(hz, fromHz));

    const ideal = output.map((_, i) => Math.round(AMPLITUDE * Math.sin(2 * Math.PI * hz * (i / toHz - delaySeconds))));
    const errors = settled(
      output.map((value, i) => value - ideal[i]!),
      toHz,
    );
    expect(delaySeconds).toBeLessThanOrEqual(0.0015);
    expect(rmsDbfs(errors) - rmsDbfs(ideal)).toBeLessThan(-60);
  });

  it.each([0, 1, -1, 1_000, -20_001, 32_767, -32_768])('hands on a constant %i exactly', (level) => {
    const output = settled(make().process(new Int16Array(fromHz / 10).fill(level)), toHz);

    expect(output.every((value) => value === level)).toBe(true);
  });

  it('saturates instead of wrapping around on a full-scale square wave', () => {
    const square = Int16Array.from({ length: fromHz / 10 }, (_, i) =>
      i % (fromHz / 250) < fromHz / 500 ? 32_766 : -32_766,
    );

    const output = make().process(square);

    const halved = make().process(square.map((value) => value / 2));
    const expected = [...halved].map((value) => Math.max(-32_768, Math.min(32_767, 2 * value)));
    expect(Math.max(...output)).toBe(32_767);
    expect(Math.min(...output)).toBe(-32_768);
    expect(Math.max(...expected.map((value, i) => Math.abs(value - output[i]!)))).toBeLessThanOrEqual(2);
  });

  it('leaves no click where frames meet', () => {
    const hz = 440;
    const output = settled(convertInPieces(make(), tone(hz, fromHz), [fromHz / 50, 7, 1]), toHz);

    const steepest = AMPLITUDE * 2 * Math.sin((Math.PI * hz) / toHz);
    const steps = [...output.subarray(1)].map((value, i) => Math.abs(value - output[i]!));
    expect(Math.max(...steps)).toBeLessThan(steepest * 1.002 + 1);
    expect(sinad(output, { hz, sampleRateHz: toHz })).toBeGreaterThan(60);
  });

  it.each([30_000, 8_000, 800])('costs less than 0.5 dB of what mu-law allows at 1 kHz, amplitude %i', (amplitude) => {
    const hz = 1_004; // Not a divisor of the rate, so that the quantisation error is spread out.
    const direct = throughMulaw(tone(hz, 8_000, amplitude));
    const viaConverter =
      toHz === 24_000 ? make().process(direct) : throughMulaw(make().process(tone(hz, 24_000, amplitude)));

    const lossDb =
      sinad(settled(direct, 8_000), { hz, sampleRateHz: 8_000 }) -
      sinad(settled(viaConverter, toHz), { hz, sampleRateHz: toHz });
    expect(lossDb).toBeLessThan(0.5);
  });
});

describe('Upsampler8to24', () => {
  it.each(PASSBAND_HZ)('keeps the images of %i Hz 60 dB down', (hz) => {
    const output = settled(new Upsampler8to24().process(tone(hz, 8_000)), 24_000);

    for (const imageHz of [8_000 - hz, 8_000 + hz]) {
      expect(decibels(toneAmplitude(output, { hz: imageHz, sampleRateHz: 24_000 }) / AMPLITUDE)).toBeLessThan(-60);
    }
  });

  it('hands on every input sample untouched, 35 samples later', () => {
    const input = tone(1_234, 8_000);

    const output = new Upsampler8to24().process(input);

    const handedOn = output.filter((_, i) => i >= 35 && (i - 35) % 3 === 0);
    expect(handedOn).toEqual(input.subarray(0, handedOn.length));
  });
});

describe('Downsampler24to8', () => {
  it.each(STOPBAND_HZ)('keeps the alias of %i Hz 60 dB down', (hz) => {
    const input = tone(hz, 24_000, 30_000);

    const output = settled(new Downsampler24to8().process(input), 8_000);

    expect(rmsDbfs(output) - rmsDbfs(input)).toBeLessThan(-60);
  });

  it('returns an output as soon as its third sample is there', () => {
    const downsampler = new Downsampler24to8();

    const counts = [1, 1, 1, 4, 2, 0, 480].map((length) => downsampler.process(new Int16Array(length)).length);

    expect(counts).toEqual([0, 0, 1, 1, 1, 0, 160]);
  });
});

describe('both directions in a row', () => {
  it('give speech-band tones back unchanged but for the delay', () => {
    const hz = 1_700;

    const there = new Upsampler8to24().process(tone(hz, 8_000));
    const back = settled(new Downsampler24to8().process(there), 8_000);

    expect(sinad(back, { hz, sampleRateHz: 8_000 })).toBeGreaterThan(60);
    expect(toneAmplitude(back, { hz, sampleRateHz: 8_000 })).toBeCloseTo(AMPLITUDE, -2);
  });
});
