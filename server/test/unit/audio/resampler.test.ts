// The samples behind the bytes: exact counts, no trace of how the input was cut, memory of one's own.
import * as fc from 'fast-check';
import { Resampler } from '../../../src/audio/resampler';
import { arbitraryLengths, pieces, referenceResample } from './reference-conversion';

const RATES_HZ = [8000, 16_000, 24_000] as const;
const pairs = RATES_HZ.flatMap((fromHz) => RATES_HZ.map((toHz) => ({ fromHz, toHz })));
const arbitrarySamples = fc.int16Array({ maxLength: 700 });

describe.each(pairs)('from $fromHz to $toHz Hz', ({ fromHz, toHz }) => {
  const isDirect = fromHz === 24_000 || toHz === 24_000 || fromHz === toHz;

  it('gives what the definition says however the input is cut, and an exact count', () => {
    fc.assert(
      fc.property(arbitrarySamples, arbitraryLengths, (input, lengths) => {
        const resampler = new Resampler(fromHz, toHz);
        const output = [...pieces(input, lengths)].flatMap((piece) => [...resampler.process(piece)]);

        expect(output).toEqual([...referenceResample(fromHz, toHz, input)]);
        if (isDirect) expect(output).toHaveLength(Math.floor((input.length * toHz) / fromHz));
      }),
      { numRuns: 30 },
    );
  });

  it('takes input far larger than a block', () => {
    const input = Int16Array.from({ length: 30_001 }, (_, i) => Math.imul(i, 7_919) % 20_000);

    const output = new Resampler(fromHz, toHz).process(input);

    expect(Buffer.from(output.buffer, output.byteOffset, output.byteLength)).toEqual(
      Buffer.from(referenceResample(fromHz, toHz, input).buffer),
    );
  });

  it('starts afresh after reset', () => {
    const input = Int16Array.from({ length: 500 }, (_, i) => 60 * i);
    const resampler = new Resampler(fromHz, toHz);
    resampler.process(input.subarray(0, 101));

    resampler.reset();

    expect(resampler.process(input)).toEqual(new Resampler(fromHz, toHz).process(input));
  });

  it('returns samples that stay as they are', () => {
    const input = new Int16Array(300).fill(1_000);
    const resampler = new Resampler(fromHz, toHz);
    const output = resampler.process(input);
    const copy = output.slice();

    resampler.process(new Int16Array(300).fill(-5_000));
    input.fill(3);

    expect(output).toEqual(copy);
  });
});

describe('Resampler', () => {
  it('returns an output as soon as the last sample that it needs is there', () => {
    const down = new Resampler(24_000, 8000);
    const up = new Resampler(16_000, 24_000);

    expect([1, 1, 1, 4, 2, 0, 480].map((length) => down.process(new Int16Array(length)).length)).toEqual([
      0, 0, 1, 1, 1, 0, 160,
    ]);
    expect([1, 1, 1, 0, 1, 320].map((length) => up.process(new Int16Array(length)).length)).toEqual([
      1, 2, 1, 0, 2, 480,
    ]);
  });

  it('tells its delay, that of both filters where there are two', () => {
    expect(new Resampler(8000, 24_000).delayMs).toBeCloseTo(35 / 24, 9);
    expect(new Resampler(24_000, 8000).delayMs).toBeCloseTo(33 / 24, 9);
    expect(new Resampler(16_000, 24_000).delayMs).toBeCloseTo(34 / 48, 9);
    expect(new Resampler(24_000, 16_000).delayMs).toBeCloseTo(33 / 48, 9);
    expect(new Resampler(16_000, 8000).delayMs).toBeCloseTo(34 / 48 + 33 / 24, 9);
    expect(new Resampler(8000, 8000).delayMs).toBe(0);
  });
});
