// Conversion of a stream of audio bytes from one format to another: decode, change the rate, encode, in one pass over
// the memory of the kernel. One instance per stream and direction; no buffer is allocated for a frame of ordinary size.

import { type AudioFormat, bytesPerSample, isSameFormat } from './audio-format';
import { conversionsBetween } from './conversions';
import { decodeG711, encodeG711, transcodeG711 } from './g711';
import { KERNEL, type Kernel, MAX_BLOCK_SAMPLES } from './kernel';
import { Resampler } from './resampler';

const BYTES_PER_SAMPLE = Int16Array.BYTES_PER_ELEMENT;
const NOTHING = Buffer.alloc(0);

/** Turns audio of one format, cut anywhere, into audio of another. */
export class AudioConverter {
  readonly #from: AudioFormat;
  readonly #to: AudioFormat;
  readonly #kernel: Kernel;
  readonly #stages: readonly Resampler[];
  readonly #maxBlockBytes: number;
  /** Silence of this length pushes out what the filters still hold. */
  readonly #tailSamples: number;
  /** Where new samples go: into the kernel's line or, where the rate stays, straight to its output. */
  readonly #input: Int16Array;
  readonly #inputOffset: number;
  /** Where results lie in the kernel's memory. */
  readonly #resultOffsetBytes: number;
  /** First byte of a 16-bit sample whose second byte has not come yet. */
  #carriedByte: number | undefined;
  /** The last result: frames are of one size, so that the same view serves again and again. */
  #lent: Buffer = NOTHING;

  constructor(from: AudioFormat, to: AudioFormat, kernel: Kernel = KERNEL) {
    this.#from = from;
    this.#to = to;
    this.#kernel = kernel;
    const conversions = conversionsBetween(from.sampleRateHz, to.sampleRateHz);
    this.#stages = conversions.map((conversion) => new Resampler(conversion, kernel));
    this.#input = this.#stages.length === 0 ? kernel.out : kernel.line;
    this.#inputOffset = this.#stages[0]?.inputOffset ?? 0;
    this.#resultOffsetBytes = to.encoding === 'pcm16' ? kernel.out.byteOffset : kernel.encodedOffsetBytes;
    const highestHz = Math.max(from.sampleRateHz, ...conversions.map(({ toHz }) => toHz));
    this.#maxBlockBytes = Math.floor((MAX_BLOCK_SAMPLES * from.sampleRateHz) / highestHz) * bytesPerSample(from);
    const spanMs = conversions.reduce((sum, conversion) => sum + conversion.spanMs, 0);
    this.#tailSamples = Math.ceil((spanMs * from.sampleRateHz) / 1000);
  }

  /**
   * Returns the audio that `audio` completes. The result is borrowed: it lies in memory that the next conversion in
   * this process, or the owner of `audio`, writes to again. Use it or copy it before anything else happens.
   */
  convert(audio: Buffer): Buffer {
    if (isSameFormat(this.#from, this.#to)) return audio;
    if (audio.length <= this.#maxBlockBytes) return this.#convertBlock(audio);
    const parts: Buffer[] = [];
    for (let at = 0; at < audio.length; at += this.#maxBlockBytes) {
      parts.push(Buffer.from(this.#convertBlock(audio.subarray(at, at + this.#maxBlockBytes))));
    }

    return Buffer.concat(parts);
  }

  /** The end of a stretch: returns, borrowed, what the filters still hold, and forgets the past. */
  finish(): Buffer {
    this.#input.fill(0, this.#inputOffset, this.#inputOffset + this.#tailSamples);
    const tail = this.#tailSamples === 0 ? NOTHING : this.#resampleAndEncode(this.#tailSamples);
    this.reset();

    return tail;
  }

  /** Forgets the past: what follows is not a continuation. */
  reset(): void {
    this.#carriedByte = undefined;
    for (const stage of this.#stages) stage.reset();
  }

  #convertBlock(audio: Buffer): Buffer {
    const { encoding } = this.#from;
    if (encoding === 'pcm16') return this.#resampleAndEncode(this.#loadPcm16(audio));
    if (this.#to.encoding !== 'pcm16' && this.#stages.length === 0) {
      transcodeG711(encoding, audio, { bytes: this.#kernel.bytes, offset: this.#resultOffsetBytes });

      return this.#lend(audio.length);
    }
    decodeG711(encoding, audio, { pcm: this.#input, offset: this.#inputOffset });

    return this.#resampleAndEncode(audio.length);
  }

  /** Copies bytes to where the samples belong; returns how many samples are whole. */
  #loadPcm16(audio: Uint8Array): number {
    const { bytes } = this.#kernel;
    const lastByte = audio[audio.length - 1] ?? this.#carriedByte; // Before anything is written, wherever `audio` lies.
    const at = this.#input.byteOffset + this.#inputOffset * BYTES_PER_SAMPLE;
    const carriedBytes = this.#carriedByte === undefined ? 0 : 1;
    bytes.set(audio, at + carriedBytes);
    if (this.#carriedByte !== undefined) bytes[at] = this.#carriedByte;
    const length = carriedBytes + audio.length;
    this.#carriedByte = length % BYTES_PER_SAMPLE === 1 ? lastByte : undefined;

    return Math.floor(length / BYTES_PER_SAMPLE);
  }

  /** Takes `count` samples of input through all filters and into the bytes of the target format. */
  #resampleAndEncode(count: number): Buffer {
    const { out, bytes } = this.#kernel;
    const samples = this.#resample(count);
    if (this.#to.encoding === 'pcm16') return this.#lend(samples * BYTES_PER_SAMPLE);
    const range = { pcm: out, offset: 0, count: samples };
    encodeG711(this.#to.encoding, range, { bytes, offset: this.#resultOffsetBytes });

    return this.#lend(samples);
  }

  /** From the input to the kernel's output; returns how many samples have come out. */
  #resample(count: number): number {
    const { line, out, bytes } = this.#kernel;
    let samples = count;
    for (const stage of this.#stages) {
      if (stage !== this.#stages[0]) {
        const to = line.byteOffset + stage.inputOffset * BYTES_PER_SAMPLE;
        bytes.copyWithin(to, out.byteOffset, out.byteOffset + samples * BYTES_PER_SAMPLE);
      }
      samples = stage.run(samples);
    }

    return samples;
  }

  #lend(length: number): Buffer {
    const from = this.#resultOffsetBytes;
    if (this.#lent.length !== length) this.#lent = this.#kernel.bytes.subarray(from, from + length);

    return this.#lent;
  }
}
