// The designed filter itself, by its frequency response: its budgets hold before any rounding.
import { thirdBandTaps } from '../../../src/audio/third-band-filter';

const taps = thirdBandTaps();

/** |H| in dB relative to DC, from the taps by their distance from the centre. */
function responseDb(hz: number): number {
  const sum = taps.reduce((total, tap, distance) => {
    return total + (distance === 0 ? 1 : 2) * tap * Math.cos((2 * Math.PI * hz * distance) / 24_000);
  }, 0);
  return 20 * Math.log10(Math.abs(sum) / 3);
}

function responsesDb(fromHz: number, toHz: number): number[] {
  return Array.from({ length: (toHz - fromHz) / 10 + 1 }, (_, i) => responseDb(fromHz + 10 * i));
}

describe('thirdBandTaps', () => {
  it('rejects everything from 4.6 kHz up by 63 dB', () => {
    expect(Math.max(...responsesDb(4_600, 12_000))).toBeLessThan(-63);
  });

  it('rejects the images of the low speech band by 66 dB', () => {
    expect(Math.max(...responsesDb(7_000, 9_000))).toBeLessThan(-66);
  });

  it('is flat within 0.01 dB up to 3.4 kHz', () => {
    expect(Math.max(...responsesDb(0, 3_400).map(Math.abs))).toBeLessThan(0.01);
  });

  it('falls from the passband to the stopband without a bump', () => {
    const transition = responsesDb(3_400, 4_600);

    expect(Math.max(...transition)).toBeLessThan(0.01);
    expect(responseDb(4_000)).toBeCloseTo(20 * Math.log10(0.5), 2);
  });

  it('has 35 taps a side and a zero at every third', () => {
    expect(taps).toHaveLength(36);
    expect([...taps].filter((tap, distance) => distance % 3 === 0 && tap !== 0)).toEqual([1]);
  });

  it('interpolates a constant with a gain of exactly 1 in each branch', () => {
    const fractional = taps.reduce((sum, tap) => sum + tap, 0) - 1;

    expect(fractional).toBeCloseTo(1, 14);
  });
});
