// One filter with the state of one stream: exact counts, no trace of how the input was cut or of who else uses the kernel.
import * as fc from 'fast-check';
import { CONVERSIONS } from '../../../src/audio/conversions';
import { KERNEL } from '../../../src/audio/kernel';
import { Resampler } from '../../../src/audio/resampler';
import { arbitraryLengths, pieces, referenceFilter } from './reference-conversion';

const arbitrarySamples = fc.int16Array({ maxLength: 700 });

function run(resampler: Resampler, input: Int16Array): number[] {
  KERNEL.line.set(input, resampler.inputOffset);

  return [...KERNEL.out.subarray(0, resampler.run(input.length))];
}

describe.each(Object.values(CONVERSIONS))('$name', (conversion) => {
  const { fromHz, toHz } = conversion;

  it('gives what the definition says however the input is cut, and an exact count', () => {
    fc.assert(
      fc.property(arbitrarySamples, arbitraryLengths, (input, lengths) => {
        const resampler = new Resampler(conversion, KERNEL);

        const output = [...pieces(input, lengths)].flatMap((piece) => run(resampler, piece));

        expect(output).toEqual([...referenceFilter(conversion, input)]);
        expect(output).toHaveLength(Math.floor((input.length * toHz) / fromHz));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps two streams that take turns apart', () => {
    const inputs = [1_000, -7_000].map((level) => Int16Array.from({ length: 600 }, (_, i) => level + 20 * i));
    const streams = inputs.map((input) => ({ resampler: new Resampler(conversion, KERNEL), input }));
    const outputs = streams.map((): number[] => []);

    for (let at = 0; at < 600; at += 100) {
      streams.forEach(({ resampler, input }, i) => outputs[i]!.push(...run(resampler, input.subarray(at, at + 100))));
    }

    expect(outputs).toEqual(inputs.map((input) => [...referenceFilter(conversion, input)]));
  });

  it('starts afresh after reset', () => {
    const input = Int16Array.from({ length: 500 }, (_, i) => 60 * i);
    const resampler = new Resampler(conversion, KERNEL);
    run(resampler, input.subarray(0, 101));

    resampler.reset();

    expect(run(resampler, input)).toEqual([...referenceFilter(conversion, input)]);
  });
});

describe('Resampler', () => {
  it('returns an output as soon as the last sample that it needs is there', () => {
    const down = new Resampler(CONVERSIONS['24000>8000'], KERNEL);
    const up = new Resampler(CONVERSIONS['16000>24000'], KERNEL);

    expect([1, 1, 1, 4, 2, 0, 480].map((count) => down.run(count))).toEqual([0, 0, 1, 1, 1, 0, 160]);
    expect([1, 1, 1, 0, 1, 320].map((count) => up.run(count))).toEqual([1, 2, 1, 0, 2, 480]);
  });
});
