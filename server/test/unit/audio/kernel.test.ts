// The inner loop in its two versions: the binary is the one of the source, and both give what the definition says.
import * as fc from 'fast-check';
import { CONVERSIONS } from '../../../src/audio/conversions';
import { AudioConverter } from '../../../src/audio/converter';
import { KERNEL, Kernel } from '../../../src/audio/kernel';
import { POLYPHASE_WASM } from '../../../src/audio/polyphase-wasm';
import { assembleKernel } from '../../../tools/build-kernel';
import {
  arbitraryAudio,
  arbitraryLengths,
  convertInPieces,
  convertSamples,
  FORMAT_PAIRS,
  referenceFilter,
  referenceResample,
} from './reference-conversion';

const RATES_HZ = [8000, 16_000, 24_000] as const;
const simd = Kernel.simd()!;
const plain = Kernel.plain();

const arbitraryRate = fc.constantFrom(...RATES_HZ);

/** Loud more often than not, so that saturation is part of it. */
const arbitrarySamples = fc
  .array(fc.oneof(fc.integer({ min: -32_768, max: 32_767 }), fc.constantFrom(-32_768, 32_767)), { maxLength: 600 })
  .map((samples) => Int16Array.from(samples));

describe('the kernel', () => {
  it('runs the binary that polyphase.wat assembles to', async () => {
    expect(POLYPHASE_WASM).toBe(await assembleKernel());
  });

  it('is the SIMD one where the machine has it, as every machine that runs these tests should', () => {
    expect(KERNEL.isSimd).toBe(true);
    expect(simd.isSimd).toBe(true);
    expect(plain.isSimd).toBe(false);
  });

  it.each(Object.values(CONVERSIONS))('computes $name by definition, for samples of any size', (conversion) => {
    const { fromHz, toHz } = conversion;
    fc.assert(
      fc.property(arbitrarySamples, (input) => {
        const expected = referenceFilter(conversion, input);

        expect(convertSamples(fromHz, toHz, input, { kernel: simd })).toEqual(expected);
        expect(convertSamples(fromHz, toHz, input, { kernel: plain })).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same bits with and without SIMD, for all rates and however the input is cut', () => {
    fc.assert(
      fc.property(arbitraryRate, arbitraryRate, arbitrarySamples, arbitraryLengths, (fromHz, toHz, input, lengths) => {
        const expected = referenceResample(fromHz, toHz, input);

        expect(convertSamples(fromHz, toHz, input, { kernel: simd, lengths })).toEqual(expected);
        expect(convertSamples(fromHz, toHz, input, { kernel: plain, lengths })).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it.each(FORMAT_PAIRS)('gives the same bytes with and without SIMD: $pair', ({ from, to }) => {
    fc.assert(
      fc.property(arbitraryAudio(900), arbitraryLengths, (audio, lengths) => {
        const bySimd = convertInPieces(new AudioConverter(from, to, simd), audio, lengths);
        const byPlain = convertInPieces(new AudioConverter(from, to, plain), audio, lengths);

        expect(bySimd.equals(byPlain)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
