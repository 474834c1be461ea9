// Streams of bytes through AudioConverter: whatever way they are cut, interleaved, ended or forgotten, what comes out is
// what the definition says.
import * as fc from 'fast-check';
import { bytesPerMs, PCM16_16K, PCM16_24K, PCM16_8K, PCMA_8K, PCMU_8K } from '../../../src/audio/audio-format';
import { AudioConverter } from '../../../src/audio/converter';
import { noise } from './noise';
import {
  arbitraryAudio,
  arbitraryLengths,
  convertInPieces,
  FORMAT_PAIRS,
  FORMATS,
  type FormatPair,
  referenceConvert,
  samplesOf,
} from './reference-conversion';

const conversions = FORMAT_PAIRS.filter(({ from, to }) => from !== to);
const rateConversions = FORMAT_PAIRS.filter(({ from, to }) => from.sampleRateHz !== to.sampleRateHz);
const arbitraryBytes = arbitraryAudio(900);
const arbitraryPair = fc.constantFrom(...FORMAT_PAIRS);

/** 1.5 s in one piece, and not a whole number of samples where they have two bytes. */
const LARGE = noise(72_001, 3);

function expectSame(actual: Buffer, expected: Buffer): void {
  // Buffers of this size take jest seconds to compare.
  expect(actual.equals(expected)).toBe(true);
}

describe.each(conversions)('$pair', (formats) => {
  const { from, to } = formats;
  const make = (): AudioConverter => new AudioConverter(from, to);

  it('gives what the definition says however the bytes are cut', () => {
    fc.assert(
      fc.property(arbitraryBytes, arbitraryLengths, (audio, lengths) => {
        expectSame(convertInPieces(make(), audio, lengths), referenceConvert(formats, audio));
      }),
      { numRuns: 20 },
    );
  });

  it('takes one input far larger than its memory as well as 20 ms frames or single bytes', () => {
    const whole = Buffer.from(make().convert(LARGE));
    const frameBytes = 20 * bytesPerMs(from);

    expectSame(convertInPieces(make(), LARGE, [frameBytes]), whole);
    expectSame(convertInPieces(make(), LARGE, [9_601, 1, 0, 3, 60_000]), whole);
    expectSame(convertInPieces(make(), LARGE.subarray(0, 1_000), [1]), whole.subarray(0, lengthFor(formats, 1_000)));
  });

  it('ends with all that is left: what would come after it is silence', () => {
    const loudEnd = LARGE.subarray(0, 997);
    const converter = make();

    const audio = Buffer.from(converter.convert(loudEnd));
    const tail = Buffer.from(converter.finish());

    const expected = referenceConvert(formats, loudEnd, from.sampleRateHz / 20);
    const length = audio.length + tail.length;
    expectSame(Buffer.concat([audio, tail]), expected.subarray(0, length));
    const rest = samplesOf(to, expected.subarray(length));
    expect(rest.filter((sample) => Math.abs(sample) > (to.encoding === 'pcma' ? 8 : 0))).toHaveLength(0);
    expect(tail.length / bytesPerMs(to)).toBeLessThan(5);
  });

  it.each(['finish', 'reset'] as const)('forgets the past after %s, a byte of half a sample too', (forget) => {
    const converter = make();
    converter.convert(LARGE.subarray(0, 641));

    converter[forget]();

    expectSame(Buffer.from(converter.convert(LARGE)), Buffer.from(make().convert(LARGE)));
  });
});

describe('a converter of equal formats', () => {
  it.each(FORMATS)('hands the audio on as it is: $encoding $sampleRateHz Hz', (format) => {
    const converter = new AudioConverter(format, { ...format });

    expect(converter.convert(LARGE)).toBe(LARGE);
    expect(converter.finish()).toHaveLength(0);
  });
});

describe('borrowed results', () => {
  it('are right at once, whatever other streams convert in between', () => {
    const stream = fc.tuple(arbitraryPair, arbitraryAudio(600), arbitraryLengths);
    fc.assert(
      fc.property(fc.array(stream, { minLength: 2, maxLength: 4 }), (streams) => {
        const running = streams.map(([formats, audio, lengths]) => start(formats, audio, lengths));
        while (running.some(({ isOver }) => !isOver())) for (const each of running) each.advance();

        for (const [index, [formats, audio]] of streams.entries()) {
          expectSame(Buffer.concat(running[index]!.results), reference(formats, audio));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('leave the input alone', () => {
    const input = Buffer.from(LARGE.subarray(0, 960));

    for (const { from, to } of conversions) new AudioConverter(from, to).convert(input);

    expectSame(input, LARGE.subarray(0, 960));
  });
});

describe('20 ms frames', () => {
  const FRAMES_PER_HOUR = 180_000;

  it.each([
    { from: PCMU_8K, to: PCM16_24K },
    { from: PCM16_24K, to: PCMA_8K },
  ])(
    'are an hour of audio after an hour: $from.encoding $from.sampleRateHz -> $to.encoding $to.sampleRateHz',
    ({ from, to }) => {
      const converter = new AudioConverter(from, to);
      const frame = LARGE.subarray(0, 20 * bytesPerMs(from));

      let bytes = 0;
      for (let i = 0; i < FRAMES_PER_HOUR; i++) bytes += converter.convert(frame).length;

      expect(bytes).toBe(3_600_000 * bytesPerMs(to));
    },
  );

  it('lose no byte between 8 and 16 kHz, which is two filters', () => {
    const there = new AudioConverter(PCM16_8K, PCM16_16K);
    const back = new AudioConverter(PCM16_16K, PCM16_8K);
    const frame = LARGE.subarray(0, 320);

    for (let i = 0; i < 500; i++) expect(back.convert(Buffer.from(there.convert(frame)))).toHaveLength(320);
  });
});

describe('a minute of odd pieces', () => {
  it.each(rateConversions)('neither gains nor loses a sample: $pair', ({ from, to }) => {
    const converter = new AudioConverter(from, to);
    const lengths = [641, 0, 959, 1, 333, 66]; // 2,000 bytes together, a multiple of all ratios only in the long run.
    const rounds = (60_000 * bytesPerMs(from)) / 2_000;

    let bytes = 0;
    for (let i = 0; i < rounds; i++) {
      for (const length of lengths) bytes += converter.convert(LARGE.subarray(0, length)).length;
    }

    expect(bytes).toBe(60_000 * bytesPerMs(to));
  });
});

type Running = { readonly results: Buffer[]; readonly isOver: () => boolean; readonly advance: () => void };

/** A stream that converts one piece at a time, and ends with `finish`. */
function start({ from, to }: FormatPair, audio: Buffer, lengths: readonly number[]): Running {
  const converter = new AudioConverter(from, to);
  const results: Buffer[] = [];
  let at = 0;
  let turn = 0;
  let isOver = false;
  const advance = (): void => {
    if (isOver) return;
    const length = lengths[turn++ % lengths.length]!;
    const result = at < audio.length ? converter.convert(audio.subarray(at, at + length)) : converter.finish();
    isOver = at >= audio.length;
    at += length;
    results.push(Buffer.from(result));
  };

  return { results, isOver: () => isOver, advance };
}

function reference(formats: FormatPair, audio: Buffer): Buffer {
  if (formats.from === formats.to) return audio;
  const converter = new AudioConverter(formats.from, formats.to);

  return Buffer.concat([Buffer.from(converter.convert(audio)), converter.finish()]);
}

function lengthFor(formats: FormatPair, bytes: number): number {
  return referenceConvert(formats, LARGE.subarray(0, bytes)).length;
}
