// A second, slow implementation of the conversions, straight from their definition, and helpers to cut streams: what
// the fast engine is held against. It shares only the taps and the G.711 tables, which have tests of their own.
import * as fc from 'fast-check';
import {
  type AudioFormat,
  PCM16_16K,
  PCM16_24K,
  PCM16_8K,
  PCMA_8K,
  PCMU_8K,
  type SampleRateHz,
} from '../../../src/audio/audio-format';
import { type Conversion, conversionsBetween } from '../../../src/audio/conversions';
import { AudioConverter } from '../../../src/audio/converter';
import { decodeG711, encodeG711 } from '../../../src/audio/g711';
import type { Kernel } from '../../../src/audio/kernel';

export const FORMATS: readonly AudioFormat[] = [PCMU_8K, PCMA_8K, PCM16_8K, PCM16_16K, PCM16_24K];

export type FormatPair = { readonly from: AudioFormat; readonly to: AudioFormat; readonly pair: string };

/** Every format to every format, itself included. */
export const FORMAT_PAIRS: readonly FormatPair[] = FORMATS.flatMap((from) =>
  FORMATS.map((to) => ({ from, to, pair: `${nameOf(from)} -> ${nameOf(to)}` })),
);

function nameOf({ encoding, sampleRateHz }: AudioFormat): string {
  return `${encoding} ${sampleRateHz / 1000} kHz`;
}

/** Returns the samples of whole bytes; an odd last byte is left out. */
export function samplesOf({ encoding }: AudioFormat, audio: Uint8Array): Int16Array {
  if (encoding === 'pcm16') return new Int16Array(new Uint8Array(audio.subarray(0, audio.length & ~1)).buffer);
  const pcm = new Int16Array(audio.length);
  decodeG711(encoding, audio, { pcm, offset: 0 });

  return pcm;
}

export function bytesOf({ encoding }: AudioFormat, pcm: Int16Array): Buffer {
  if (encoding === 'pcm16') return Buffer.from(pcm.slice().buffer);
  const bytes = Buffer.alloc(pcm.length);
  encodeG711(encoding, { pcm, offset: 0, count: pcm.length }, { bytes, offset: 0 });

  return bytes;
}

/** Output k is a sum over the samples up to the one at floor(time), rounded and saturated: no state, no blocks. */
export function referenceFilter(conversion: Conversion, input: Int16Array): Int16Array {
  const { phases, step, rows, rowSamples, shift } = conversion;

  return Int16Array.from({ length: Math.floor((input.length * phases) / step) }, (_, k) => {
    const position = step - 1 + k * step;
    const oldest = Math.floor(position / phases) - (rowSamples - 1);
    const sum = rows[position % phases]!.reduce((total, tap, i) => total + tap * (input[oldest + i] ?? 0), 0);

    return Math.max(-32_768, Math.min(32_767, Math.floor(sum / 2 ** shift + 0.5)));
  });
}

export function referenceResample(fromHz: SampleRateHz, toHz: SampleRateHz, input: Int16Array): Int16Array {
  return conversionsBetween(fromHz, toHz).reduce((samples, conversion) => referenceFilter(conversion, samples), input);
}

/** What a converter has to return for `audio`, and then for `silentSamples` of exact zeros. */
export function referenceConvert({ from, to }: FormatPair, audio: Uint8Array, silentSamples = 0): Buffer {
  const heard = samplesOf(from, audio);
  const samples = new Int16Array(heard.length + silentSamples);
  samples.set(heard);

  return bytesOf(to, referenceResample(from.sampleRateHz, to.sampleRateHz, samples));
}

/** Cuts a stream into pieces of the given lengths, over and over. */
export function* pieces<T extends Buffer | Int16Array>(stream: T, lengths: readonly number[]): Generator<T> {
  for (let at = 0, i = 0; at < stream.length; i++) {
    const length = lengths[i % lengths.length]!;
    yield stream.subarray(at, at + length) as T;
    at += length;
  }
}

/** Feeds audio in pieces and joins copies of what comes out. */
export function convertInPieces(converter: AudioConverter, audio: Buffer, lengths: readonly number[]): Buffer {
  const results: Buffer[] = [];
  for (const piece of pieces(audio, lengths)) results.push(Buffer.from(converter.convert(piece)));

  return Buffer.concat(results);
}

/** Takes samples in one piece, or in bytes cut at `lengths`, through one AudioConverter. */
export function convertSamples(
  fromHz: SampleRateHz,
  toHz: SampleRateHz,
  input: Int16Array,
  { kernel, lengths }: { readonly kernel?: Kernel; readonly lengths?: readonly number[] } = {},
): Int16Array {
  const from: AudioFormat = { encoding: 'pcm16', sampleRateHz: fromHz };
  const to: AudioFormat = { encoding: 'pcm16', sampleRateHz: toHz };
  const converter = new AudioConverter(from, to, kernel);

  return samplesOf(to, convertInPieces(converter, bytesOf(from, input), lengths ?? [input.byteLength]));
}

/** Lengths of pieces: nothing, odd, ordinary, and not only nothing. */
export const arbitraryLengths: fc.Arbitrary<number[]> = fc
  .array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 8 })
  .filter((lengths) => lengths.some(Boolean));

/** Bytes as they come from a socket. */
export function arbitraryAudio(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
}
