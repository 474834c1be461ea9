// Stateful conversion of 16-bit mono PCM between 8 kHz (the phone) and 24 kHz (the realtime session). One instance per
// stream and direction carries its history across frames: the output does not depend on how the input was cut.
import { thirdBandTaps } from './third-band-filter';

const RATIO = 3;
const TAPS = thirdBandTaps();
const REACH_SAMPLES_24K = TAPS.length - 1;

/** The non-zero taps pair up: `NEAR[q]` lies 3q + 1 samples (at 24 kHz) from the centre, `FAR[q]` 3q + 2. */
const NEAR = everyThirdTap(1);
const FAR = everyThirdTap(2);
const PAIRS = NEAR.length;

/** Past 8 kHz samples that an output of the upsampler reaches back to. */
const UP_HISTORY_SAMPLES = 2 * PAIRS - 1;

/** Past 24 kHz samples that an output of the downsampler reaches back to, before the three that complete it. */
const DOWN_HISTORY_SAMPLES = 2 * REACH_SAMPLES_24K + 1 - RATIO;

/** Longer input is worked off in blocks of this size (one 20 ms frame at 24 kHz), so that state stays at a few KB. */
const BLOCK_SAMPLES = 480;

/** Converts 8 kHz PCM to 24 kHz PCM with a delay of 35 output samples (1.46 ms). */
export class Upsampler8to24 {
  readonly #line = new Float64Array(UP_HISTORY_SAMPLES + BLOCK_SAMPLES);

  /** Returns exactly three 24 kHz samples for each 8 kHz sample given; any length, including 0, will do. */
  process(input: Int16Array): Int16Array {
    const output = new Int16Array(RATIO * input.length);
    for (let from = 0; from < input.length; from += BLOCK_SAMPLES) this.#processBlock(input, from, output);

    return output;
  }

  /** Forgets the history, as if no sample had been seen. */
  reset(): void {
    this.#line.fill(0);
  }

  #processBlock(input: Int16Array, from: number, output: Int16Array): void {
    const line = this.#line;
    const count = Math.min(BLOCK_SAMPLES, input.length - from);
    for (let i = 0; i < count; i++) line[UP_HISTORY_SAMPLES + i] = input[from + i] as number;
    for (let i = 0; i < count; i++) {
      let first = 0;
      let second = 0;
      // The first two outputs lie between line[i + 11] and line[i + 12], a third of the way from the one and the other.
      for (let q = 0, left = i + PAIRS - 1, right = i + PAIRS; q < PAIRS; q++, left--, right++) {
        const before = line[left] as number;
        const after = line[right] as number;
        const near = NEAR[q] as number;
        const far = FAR[q] as number;
        first += near * before + far * after;
        second += far * before + near * after;
      }
      const at = RATIO * (from + i);
      output[at] = toInt16(first);
      output[at + 1] = toInt16(second);
      output[at + 2] = line[i + PAIRS] as number;
    }
    line.copyWithin(0, count, count + UP_HISTORY_SAMPLES);
  }
}

/** Converts 24 kHz PCM to 8 kHz PCM with a delay of 33 input samples (1.38 ms). */
export class Downsampler24to8 {
  readonly #line = new Float64Array(DOWN_HISTORY_SAMPLES + RATIO - 1 + BLOCK_SAMPLES);

  /** Samples received that do not yet complete an output: 0 to 2. */
  #carriedSamples = 0;

  /**
   * Returns the 8 kHz samples that the input completes: after n samples in all, floor(n / 3) have been returned in all,
   * however the input was cut.
   */
  process(input: Int16Array): Int16Array {
    const output = new Int16Array(Math.floor((this.#carriedSamples + input.length) / RATIO));
    for (let from = 0; from < input.length; from += BLOCK_SAMPLES) this.#processBlock(input, from, output);

    return output;
  }

  /** Forgets the history and a carried remainder, as if no sample had been seen. */
  reset(): void {
    this.#line.fill(0);
    this.#carriedSamples = 0;
  }

  #processBlock(input: Int16Array, from: number, output: Int16Array): void {
    const line = this.#line;
    const count = Math.min(BLOCK_SAMPLES, input.length - from);
    const writeAt = DOWN_HISTORY_SAMPLES + this.#carriedSamples;
    for (let i = 0; i < count; i++) line[writeAt + i] = input[from + i] as number;

    const ready = Math.floor((this.#carriedSamples + count) / RATIO);
    const firstOutput = from / RATIO; // A full block is a multiple of 3: it leaves the remainder as it was.
    for (let k = 0; k < ready; k++) {
      const centre = RATIO * k + REACH_SAMPLES_24K;
      let near = 0;
      let far = 0;
      for (let q = 0, left = centre - 1, right = centre + 1; q < PAIRS; q++, left -= RATIO, right += RATIO) {
        near += (NEAR[q] as number) * ((line[left] as number) + (line[right] as number));
        far += (FAR[q] as number) * ((line[left - 1] as number) + (line[right + 1] as number));
      }
      output[firstOutput + k] = toInt16(((line[centre] as number) + near + far) / RATIO);
    }
    line.copyWithin(0, RATIO * ready, writeAt + count);
    this.#carriedSamples += count - RATIO * ready;
  }
}

/** Rounds to the nearest integer and saturates: a full-scale square wave overshoots, and must not wrap around. */
function toInt16(value: number): number {
  if (value > 32_767) return 32_767;
  if (value < -32_768) return -32_768;

  return Math.round(value);
}

function everyThirdTap(first: number): Float64Array {
  return TAPS.filter((_, distance) => distance % RATIO === first);
}
