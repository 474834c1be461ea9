/**
 * Sample rate conversion of whole recordings between 24 and 8 kHz, for the simulators only. It favours plainness over
 * speed, and shares nothing with the product's streaming resampler, which it helps to judge.
 */

const FACTOR = 3;
const HALF_TAPS = 36;
/** Of the 24 kHz rate: a phone line passes up to 3.4 kHz, and the aliases of what is above 4 kHz must be gone. */
const CUTOFF_OF_RATE = 3600 / 24_000;
const LOWPASS = designLowpass();

/** Reduces 24 kHz samples to 8 kHz behind a low-pass filter without delay. */
export function decimateBy3(samples: Int16Array): Int16Array {
  return Int16Array.from({ length: Math.ceil(samples.length / FACTOR) }, (_, index) =>
    toSample(filterAt(index * FACTOR, (at) => samples[at] ?? 0)),
  );
}

/** Raises 8 kHz samples to 24 kHz by zero stuffing and the same low-pass filter. */
export function interpolateBy3(samples: Int16Array): Int16Array {
  const stuffed = (at: number) => (at % FACTOR === 0 ? FACTOR * (samples[at / FACTOR] ?? 0) : 0);
  return Int16Array.from({ length: samples.length * FACTOR }, (_, index) => toSample(filterAt(index, stuffed)));
}

function filterAt(centre: number, sampleAt: (at: number) => number): number {
  let sum = 0;
  for (let tap = -HALF_TAPS; tap <= HALF_TAPS; tap += 1) {
    sum += (LOWPASS[tap + HALF_TAPS] ?? 0) * sampleAt(centre + tap);
  }
  return sum;
}

function toSample(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}

/** A sinc under a Blackman window, scaled to unity gain at 0 Hz. */
function designLowpass(): readonly number[] {
  const taps = Array.from({ length: 2 * HALF_TAPS + 1 }, (_, index) => {
    const at = index - HALF_TAPS;
    const phase = (Math.PI * at) / (HALF_TAPS + 1);
    const window = 0.42 + 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase);
    return window * sinc(2 * CUTOFF_OF_RATE * at);
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
