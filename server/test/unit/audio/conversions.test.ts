// The tables of taps: what makes the integer arithmetic exact, and the response of the filters after rounding.
import { CONVERSIONS, conversionsBetween } from '../../../src/audio/conversions';
import { Kernel } from '../../../src/audio/kernel';
import { convertSamples } from './reference-conversion';

const conversions = Object.values(CONVERSIONS);

/** The taps in order, put together again from the rows. */
function filterOf({ rows, phases, rowSamples }: (typeof conversions)[number]): number[] {
  return Array.from({ length: phases * rowSamples }, (_, i) => {
    return rows[i % phases]![rowSamples - 1 - Math.floor(i / phases)]!;
  });
}

function sumOf(values: Iterable<number>): number {
  return [...values].reduce((sum, value) => sum + value, 0);
}

describe.each(conversions)('$name', (conversion) => {
  const { fromHz, toHz, phases, step, rows, rowSamples, shift } = conversion;
  const filter = filterOf(conversion);
  const filterHz = fromHz * phases;
  /** 8 <-> 24 kHz cut for a telephone line; 16 <-> 24 kHz is the same, twice as high. */
  const scale = filterHz / 24_000;

  function responseDb(hz: number): number {
    const angle = (2 * Math.PI * hz) / filterHz;
    const real = sumOf(filter.map((tap, i) => tap * Math.cos(angle * i)));
    const imaginary = sumOf(filter.map((tap, i) => tap * Math.sin(angle * i)));
    return 20 * Math.log10(Math.hypot(real, imaginary) / (phases * 2 ** shift));
  }

  function responsesDb(lowHz: number, highHz: number): number[] {
    return Array.from({ length: 200 }, (_, i) => responseDb(scale * (lowHz + ((highHz - lowHz) * i) / 199)));
  }

  it('is one filter at the lowest common multiple of the rates, whose rows fill whole SIMD registers', () => {
    expect(fromHz * phases).toBe(toHz * step);
    expect(rows).toHaveLength(phases);
    expect(rows.every((row) => row.length === rowSamples)).toBe(true);
    expect(rowSamples % 8).toBe(0);
  });

  it('has a gain of exactly 1 in every row', () => {
    expect(rows.map(sumOf)).toEqual(rows.map(() => 2 ** shift));
  });

  it('cannot overflow a 32-bit sum, whatever the samples', () => {
    for (const row of rows) {
      const worstSum = sumOf(row.map(Math.abs)) * 32_768 + 2 ** (shift - 1);
      expect(worstSum).toBeLessThan(2 ** 31);
      expect(sumOf(row.map(Math.abs))).toBeLessThan(2 ** 16);
    }
  });

  it('saturates in the worst case of every row, where each sample has the sign of its tap', () => {
    for (const [phase, row] of rows.entries()) {
      const outputs = Array.from({ length: 2 * phases * rowSamples }, (_, k) => step - 1 + k * step);
      const k = outputs.findIndex((at) => at % phases === phase && at >= rowSamples * phases);
      const input = new Int16Array(Math.floor(outputs[k]! / phases) + 1);
      row.forEach((tap, i) => (input[input.length - rowSamples + i] = tap < 0 ? -32_768 : 32_767));

      for (const kernel of [Kernel.simd(), Kernel.plain()]) {
        const inverted = input.map((sample) => ~sample);
        expect(convertSamples(fromHz, toHz, input, { kernel })[k]).toBe(32_767);
        expect(convertSamples(fromHz, toHz, inverted, { kernel })[k]).toBe(-32_768);
      }
    }
  });

  it('is flat within 0.02 dB in the passband and at least 61 dB down in the stopband, rounding included', () => {
    expect(Math.max(...responsesDb(0, 3_400).map(Math.abs))).toBeLessThan(0.02);
    expect(Math.max(...responsesDb(4_600, 12_000))).toBeLessThan(-61);
  });
});

describe('conversionsBetween', () => {
  it('goes through 24 kHz where there is no direct way, and nowhere when there is nothing to do', () => {
    const names = (from: 8000 | 16_000 | 24_000, to: 8000 | 16_000 | 24_000): string[] =>
      conversionsBetween(from, to).map(({ name }) => name);

    expect(names(8000, 24_000)).toEqual(['8000>24000']);
    expect(names(24_000, 16_000)).toEqual(['24000>16000']);
    expect(names(8000, 16_000)).toEqual(['8000>24000', '24000>16000']);
    expect(names(16_000, 8000)).toEqual(['16000>24000', '24000>8000']);
    expect(names(16_000, 16_000)).toEqual([]);
  });
});
