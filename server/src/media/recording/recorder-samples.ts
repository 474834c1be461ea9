// The samples of one direction for a recording: decoded, and at the rate of the file. Works beside the audio path and
// must not disturb it: what it reads may lie in the memory of the process's kernel, and others still need it there.

import type { AudioFormat, SampleRateHz } from '../../audio/audio-format';
import { AudioConverter } from '../../audio/converter';
import { decodeG711 } from '../../audio/g711';
import { Kernel } from '../../audio/kernel';

const BYTES_PER_SAMPLE = 2;

/** Room for 200 ms at 24 kHz: no message of either side is longer in ordinary times. */
const ORDINARY_SAMPLES = 4_800;

/** Shared by all recordings: nothing in it outlives a read. */
let scratch = new Int16Array(ORDINARY_SAMPLES);
let scratchBytes = Buffer.from(scratch.buffer);

/** Apart from the one that all calls convert with; made when the first call needs it, as few ever do. */
let kernel: Kernel | undefined;

/** Reads audio of one format. */
export class RecorderSamples {
  readonly #format: AudioFormat;
  /** Only where the rates differ. */
  readonly #converter: AudioConverter | undefined;
  /** First byte of a sample whose second byte has not come yet. */
  #carriedByte: number | undefined;

  constructor(format: AudioFormat, sampleRateHz: SampleRateHz) {
    this.#format = format;
    if (format.sampleRateHz === sampleRateHz) return;
    kernel ??= Kernel.simd() ?? Kernel.plain();
    this.#converter = new AudioConverter(format, { encoding: 'pcm16', sampleRateHz }, kernel);
  }

  /** The samples that `audio` completes; borrowed until the next read of any recording. */
  read(audio: Buffer): Int16Array {
    if (this.#converter) return this.#readPcm16(this.#converter.convert(audio));
    if (this.#format.encoding === 'pcm16') return this.#readPcm16(audio);
    makeRoom(audio.length);
    decodeG711(this.#format.encoding, audio, { pcm: scratch, offset: 0 });
    return scratch.subarray(0, audio.length);
  }

  #readPcm16(audio: Buffer): Int16Array {
    makeRoom(audio.length / BYTES_PER_SAMPLE + 1);
    const carriedBytes = this.#carriedByte === undefined ? 0 : 1;
    if (this.#carriedByte !== undefined) scratchBytes[0] = this.#carriedByte;
    scratchBytes.set(audio, carriedBytes);
    const length = carriedBytes + audio.length;
    const isWhole = length % BYTES_PER_SAMPLE === 0;
    this.#carriedByte = isWhole ? undefined : scratchBytes[length - 1];
    return scratch.subarray(0, Math.floor(length / BYTES_PER_SAMPLE));
  }
}

function makeRoom(samples: number): void {
  if (samples <= scratch.length) return;
  scratch = new Int16Array(Math.ceil(samples));
  scratchBytes = Buffer.from(scratch.buffer);
}
