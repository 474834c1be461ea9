// Conversion of a stream of 16-bit mono samples from one rate to another. One instance per stream carries its history
// across frames: the output does not depend on how the input was cut.

import type { SampleRateHz } from './audio-format';
import { type Conversion, conversionsBetween } from './conversions';
import { KERNEL, type Kernel, MAX_BLOCK_SAMPLES } from './kernel';

/** One filter with the state of one stream, working in the memory of the kernel. */
export class ResamplerStage {
  readonly conversion: Conversion;
  readonly #kernel: Kernel;
  readonly #history: Int16Array;
  /** When the next output is due, in phases after the first sample that has not come yet. */
  #position: number;

  constructor(conversion: Conversion, kernel: Kernel) {
    this.conversion = conversion;
    this.#kernel = kernel;
    this.#history = new Int16Array(conversion.rowSamples - 1);
    this.#position = firstPosition(conversion);
  }

  /** Where in the kernel's line the new samples have to be. */
  get inputOffset(): number {
    return this.#history.length;
  }

  /** Takes `count` samples from the kernel's line, puts the outputs into its `out`, and returns how many there are. */
  run(count: number): number {
    const { phases, step, name } = this.conversion;
    const { line } = this.#kernel;
    line.set(this.#history);
    const beyond = count * phases;
    const outputs = Math.max(0, Math.ceil((beyond - this.#position) / step));
    this.#kernel.run(name, this.#position, outputs);
    this.#position += outputs * step - beyond;
    this.#history.set(line.subarray(count, count + this.#history.length));

    return outputs;
  }

  /** Forgets the past, as if no sample had been seen. */
  reset(): void {
    this.#history.fill(0);
    this.#position = firstPosition(this.conversion);
  }
}

/** The first output is due when a whole step of input is there: after n samples there are floor(n x L / M) outputs. */
function firstPosition({ step }: Conversion): number {
  return step - 1;
}

/** Converts samples of one rate to another: 8, 16 and 24 kHz in any combination; equal rates come out as they are. */
export class Resampler {
  readonly #stages: readonly ResamplerStage[];
  readonly #kernel: Kernel;

  constructor(fromHz: SampleRateHz, toHz: SampleRateHz, kernel: Kernel = KERNEL) {
    this.#kernel = kernel;
    this.#stages = conversionsBetween(fromHz, toHz).map((conversion) => new ResamplerStage(conversion, kernel));
  }

  /** Delay of the filters, milliseconds. */
  get delayMs(): number {
    return this.#stages.reduce((sum, { conversion }) => sum + conversion.delayMs, 0);
  }

  /**
   * Returns, in memory of its own, the samples that `input` completes: for each filter on the way, after n samples in
   * all, floor(n x ratio) have come out in all, however the input was cut.
   */
  process(input: Int16Array): Int16Array {
    return this.#stages.reduce<Int16Array>((samples, stage) => this.#runStage(stage, samples), input.slice());
  }

  /** Forgets the past, as if no sample had been seen. */
  reset(): void {
    for (const stage of this.#stages) stage.reset();
  }

  #runStage(stage: ResamplerStage, input: Int16Array): Int16Array {
    const { phases, step } = stage.conversion;
    const output = new Int16Array(Math.ceil((input.length * phases) / step) + 1);
    const blockSamples = Math.floor((MAX_BLOCK_SAMPLES * step) / Math.max(phases, step));
    let outputs = 0;
    for (let from = 0; from < input.length; from += blockSamples) {
      const block = input.subarray(from, from + blockSamples);
      this.#kernel.line.set(block, stage.inputOffset);
      const count = stage.run(block.length);
      output.set(this.#kernel.out.subarray(0, count), outputs);
      outputs += count;
    }

    return output.subarray(0, outputs);
  }
}
