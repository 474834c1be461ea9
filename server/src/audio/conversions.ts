// The rate conversions as tables of integer taps, made once at load from the one filter design. A conversion by L / M
// is a polyphase filter: of the filter at L times the input rate, each output sees only every L-th tap (a row).

import type { SampleRateHz } from './audio-format';
import { thirdBandTaps } from './third-band-filter';

/** A conversion that is one filter; any other is two of these through 24 kHz. */
export type ConversionName = '8000>24000' | '24000>8000' | '16000>24000' | '24000>16000';

/** What the inner loop needs to know. */
export type Conversion = {
  readonly name: ConversionName;
  readonly fromHz: SampleRateHz;
  readonly toHz: SampleRateHz;
  /** L: the rate goes up by this. */
  readonly phases: number;
  /** M: and down by this. */
  readonly step: number;
  /** Samples that an output is computed from, a multiple of 8. */
  readonly rowSamples: number;
  /** One row of taps a phase, oldest sample first, scaled by 2^`shift`. */
  readonly rows: readonly Int16Array[];
  readonly shift: number;
  /** How long a single sample keeps sounding, milliseconds. */
  readonly spanMs: number;
};

/** The centre tap and those on one side of it. */
const HALF_TAPS = thirdBandTaps();
const TAPS = [...Array.from(HALF_TAPS).reverse(), ...HALF_TAPS.slice(1)];

// WebAssembly SIMD multiplies eight 16-bit samples at a time.
const LANES = 8;

// Fixed point. A sum of 16-bit samples times taps has to fit 32 bits: the taps of a row, signs aside, must stay below
// 2^16, and each tap below 2^15. Going up by 3 the centre tap is 1.0, which leaves 14 bits for the fraction.
const FRACTION_BITS = 15;
const FRACTION_BITS_WITH_UNITY_TAP = 14;

/** All conversions by name. */
export const CONVERSIONS: Readonly<Record<ConversionName, Conversion>> = {
  '8000>24000': conversion(8000, 24_000, FRACTION_BITS_WITH_UNITY_TAP),
  '24000>8000': conversion(24_000, 8000, FRACTION_BITS),
  '16000>24000': conversion(16_000, 24_000, FRACTION_BITS_WITH_UNITY_TAP),
  '24000>16000': conversion(24_000, 16_000, FRACTION_BITS),
};

/** The conversions that take `fromHz` to `toHz`, in order; none when the rates are the same. */
export function conversionsBetween(fromHz: SampleRateHz, toHz: SampleRateHz): readonly Conversion[] {
  if (fromHz === toHz) return [];
  const direct = Object.values(CONVERSIONS).find((each) => each.fromHz === fromHz && each.toHz === toHz);

  return direct ? [direct] : [...conversionsBetween(fromHz, 24_000), ...conversionsBetween(24_000, toHz)];
}

/**
 * The same 71 taps serve all four: at 24 kHz (8 <-> 24) they cut at 4 kHz, at 48 kHz (16 <-> 24) at 8 kHz, as both
 * times the cut is a sixth of the rate at which the filter runs.
 */
function conversion(fromHz: SampleRateHz, toHz: SampleRateHz, shift: number): Conversion {
  const phases = toHz / greatestCommonDivisor(fromHz, toHz);
  const step = fromHz / greatestCommonDivisor(fromHz, toHz);
  const rowSamples = Math.ceil(TAPS.length / phases / LANES) * LANES;
  const rows = Array.from({ length: phases }, (_, phase) => {
    const row = TAPS.filter((_tap, at) => at % phases === phase);

    return fixedPoint(row, rowSamples, shift);
  });
  const name = `${fromHz}>${toHz}` as ConversionName;
  const tapsPerMs = (phases * fromHz) / 1000;
  const spanMs = (TAPS.length - 1) / tapsPerMs;

  return { name, fromHz, toHz, phases, step, rowSamples, rows, shift, spanMs };
}

/**
 * Newest sample last, padded with zeros in front. Each row has a gain of exactly 1, so that a constant stays constant
 * whatever the phase: what rounding leaves over goes to the largest tap, where it matters least.
 */
function fixedPoint(row: readonly number[], rowSamples: number, shift: number): Int16Array {
  const unity = 2 ** shift;
  const gain = unity / row.reduce((sum, tap) => sum + tap, 0);
  const rounded = row.map((tap) => Math.round(tap * gain));
  const largest = rounded.indexOf(Math.max(...rounded));
  const missing = unity - rounded.reduce((sum, tap) => sum + tap, 0);
  rounded[largest] = (rounded[largest] as number) + missing;
  const padded = new Int16Array(rowSamples);
  padded.set(rounded.reverse(), rowSamples - rounded.length);

  return padded;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
