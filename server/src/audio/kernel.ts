// The arithmetic core of the rate conversions: one block of memory, and one inner loop over it in two versions that
// agree bit for bit, WebAssembly SIMD and plain JavaScript (docs/adr/0005). Knows nothing of streams and their state.

import { POLYPHASE_WASM } from './polyphase-wasm';
import { CONVERSIONS, type Conversion, type ConversionName } from './conversions';

/** Longest block that fits the memory: 200 ms at 24 kHz. */
export const MAX_BLOCK_SAMPLES = 4_800;

// The layout of the memory, one WebAssembly page. polyphase.wat is told the addresses of the line and of the output.
const CONVERSION_ADDRESS = 64;
const ROWS_ADDRESS = 1_024;
const LINE_ADDRESS = 4_096;
const OUT_ADDRESS = 16_384;
const ENCODED_ADDRESS = 32_768;
const MEMORY_BYTES = 65_536;
const CONVERSION_BYTES = 32;

/**
 * Computes `outputs` samples of one conversion from the kernel's line into its `out`. `position` is the time of the
 * first one in units of 1 / `phases` input samples, counted from the first sample in the line behind the history.
 */
export type Loop = (position: number, outputs: number) => void;

/** Memory and loop. There is one per process: nothing in it outlives a conversion. */
export class Kernel {
  /** Input samples, oldest first: the history of the stream, then what is new. */
  readonly line: Int16Array;
  /** Output samples of the last run. */
  readonly out: Int16Array;
  /** The whole memory as bytes, to read and write samples as `pcm16`. */
  readonly bytes: Buffer;
  /** Room for the output once more, encoded. */
  readonly encodedOffsetBytes = ENCODED_ADDRESS;
  readonly isSimd: boolean;
  /** The inner loop of each conversion. */
  readonly loops: Readonly<Record<ConversionName, Loop>>;

  private constructor(memory: ArrayBuffer, polyphase: Polyphase | undefined) {
    this.line = new Int16Array(memory, LINE_ADDRESS, (OUT_ADDRESS - LINE_ADDRESS) / Int16Array.BYTES_PER_ELEMENT);
    this.out = new Int16Array(memory, OUT_ADDRESS, (ENCODED_ADDRESS - OUT_ADDRESS) / Int16Array.BYTES_PER_ELEMENT);
    this.bytes = Buffer.from(memory);
    this.isSimd = polyphase !== undefined;
    this.loops = polyphase ? simdLoops(memory, polyphase) : plainLoops(this.line, this.out);
  }

  /** The loop in WebAssembly; undefined where the engine has no WebAssembly or no SIMD. */
  static simd(): Kernel | undefined {
    const exports = instantiate();
    return exports && new Kernel(exports.memory.buffer, exports.polyphase);
  }

  /** The loop in plain JavaScript: ten times slower, and the same output. */
  static plain(): Kernel {
    return new Kernel(new ArrayBuffer(MEMORY_BYTES), undefined);
  }
}

/** The fastest kernel that this machine runs. */
export const KERNEL: Kernel = Kernel.simd() ?? Kernel.plain();

type Polyphase = (conversionAddress: number, position: number, outputs: number) => void;

type KernelExports = { readonly memory: { readonly buffer: ArrayBuffer }; readonly polyphase: Polyphase };

// What we use of the global that ES2023's types leave to the browser's.
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: KernelExports };
};

function instantiate(): KernelExports | undefined {
  const layout = { line: LINE_ADDRESS, out: OUT_ADDRESS };
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(POLYPHASE_WASM, 'base64')), { layout }).exports;
  } catch {
    // No WebAssembly (--jitless), or a processor without SIMD: the plain loop does the same.
    return undefined;
  }
}

/** Writes the tables of all conversions into the memory, one after the other. */
function simdLoops(memory: ArrayBuffer, polyphase: Polyphase): Kernel['loops'] {
  let address = CONVERSION_ADDRESS;
  let rowsAddress = ROWS_ADDRESS;

  return loopsBy((conversion) => {
    const conversionAddress = address;
    new Int32Array(memory, address).set(header(conversion, rowsAddress));
    address += CONVERSION_BYTES;
    for (const row of conversion.rows) {
      new Int16Array(memory, rowsAddress).set(row);
      rowsAddress += row.byteLength;
    }

    return (position, outputs) => polyphase(conversionAddress, position, outputs);
  });
}

function loopsBy(loopOf: (conversion: Conversion) => Loop): Kernel['loops'] {
  const loops = Object.values(CONVERSIONS).map((conversion) => [conversion.name, loopOf(conversion)]);

  return Object.fromEntries(loops) as Kernel['loops'];
}

function header({ phases, step, rowSamples, shift }: Conversion, rowsAddress: number): readonly number[] {
  const rowBytes = rowSamples * Int16Array.BYTES_PER_ELEMENT;

  return [phases, Math.floor(step / phases), step % phases, rowBytes, shift, rowsAddress];
}

/** The same as polyphase.wat does. */
function plainLoops(line: Int16Array, out: Int16Array): Kernel['loops'] {
  return loopsBy(({ phases, step, rows, shift }) => (position, outputs) => {
    const half = 1 << (shift - 1);
    for (let k = 0; k < outputs; k++) {
      const time = position + k * step;
      const phase = time % phases;
      const sum = dotProduct(line, (time - phase) / phases, rows[phase] as Int16Array);
      out[k] = saturated((sum + half) >> shift);
    }
  });
}

/** Four products at a time: a quarter faster than one. */
function dotProduct(line: Int16Array, from: number, row: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < row.length; i += 4) {
    const at = from + i;
    const first = Math.imul(line[at] as number, row[i] as number);
    const second = Math.imul(line[at + 1] as number, row[i + 1] as number);
    const third = Math.imul(line[at + 2] as number, row[i + 2] as number);
    const fourth = Math.imul(line[at + 3] as number, row[i + 3] as number);
    sum += first + second + third + fourth; // All within 32 bits, see FRACTION_BITS in conversions.ts.
  }

  return sum;
}

/** A full-scale square wave overshoots, and must not wrap around. */
function saturated(sample: number): number {
  if (sample > 32_767) return 32_767;

  return sample < -32_768 ? -32_768 : sample;
}
