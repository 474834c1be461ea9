// One stream through one conversion of its rate: what the filter still has to remember between frames, so that the output
// does not depend on how the input was cut. The samples themselves are in the memory of the kernel.

import type { Conversion } from './conversions';
import type { Kernel, Loop } from './kernel';

/** The state of one stream in one filter. */
export class Resampler {
  /** Where in the kernel's line the new samples have to be. */
  readonly inputOffset: number;
  readonly #conversion: Conversion;
  readonly #line: Int16Array;
  readonly #loop: Loop;
  readonly #history: Int16Array;
  /** When the next output is due, in phases after the first sample that has not come yet. */
  #position: number;

  constructor(conversion: Conversion, kernel: Kernel) {
    this.inputOffset = conversion.rowSamples - 1;
    this.#conversion = conversion;
    this.#line = kernel.line;
    this.#loop = kernel.loops[conversion.name];
    this.#history = new Int16Array(this.inputOffset);
    this.#position = firstPosition(conversion);
  }

  /** Takes `count` samples from the kernel's line, puts the outputs into its `out`, and returns how many there are. */
  run(count: number): number {
    const { phases, step } = this.#conversion;
    this.#line.set(this.#history);
    const beyond = count * phases;
    const outputs = Math.max(0, Math.ceil((beyond - this.#position) / step));
    this.#loop(this.#position, outputs);
    this.#position += outputs * step - beyond;
    this.#remember(count);

    return outputs;
  }

  /** Forgets the past, as if no sample had been seen. */
  reset(): void {
    this.#history.fill(0);
    this.#position = firstPosition(this.#conversion);
  }

  /** Keeps the last samples of the line. One by one: a view to copy from would be garbage for each frame. */
  #remember(count: number): void {
    const line = this.#line;
    const history = this.#history;
    for (let i = 0; i < history.length; i++) history[i] = line[count + i] as number;
  }
}

/** The first output is due when a whole step of input is there: after n samples there are floor(n x L / M) outputs. */
function firstPosition({ step }: Conversion): number {
  return step - 1;
}
