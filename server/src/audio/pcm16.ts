// The edge between 16-bit samples and the bytes of `pcm16` on the wire: signed, little-endian, arriving cut anywhere.

const IS_LITTLE_ENDIAN_HOST = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const BYTES_PER_SAMPLE = Int16Array.BYTES_PER_ELEMENT;

/** Returns the samples as little-endian bytes, two a sample, sharing the memory of `pcm`: leave it alone meanwhile. */
export function pcm16ToBytes(pcm: Int16Array): Buffer {
  const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);

  return IS_LITTLE_ENDIAN_HOST ? bytes : Buffer.from(bytes).swap16();
}

/** Turns a stream of little-endian bytes, cut anywhere, into 16-bit samples; one instance per stream. */
export class Pcm16Reader {
  #carriedByte: number | undefined;

  /** Returns the samples that `bytes` completes, in memory of their own; half a sample at the end waits for more. */
  read(bytes: Uint8Array): Int16Array {
    const carried = this.#carriedByte;
    const whole = carried === undefined ? bytes : Buffer.concat([Uint8Array.of(carried), bytes]);
    const usedBytes = whole.length - (whole.length % BYTES_PER_SAMPLE);
    this.#carriedByte = whole[usedBytes]; // Undefined when nothing is left over.

    // A copy, not a view: a Buffer may start at an odd address, and its pool is written to by others.
    const copy = whole.buffer.slice(whole.byteOffset, whole.byteOffset + usedBytes);
    if (!IS_LITTLE_ENDIAN_HOST) Buffer.from(copy).swap16();

    return new Int16Array(copy);
  }

  /** Drops a carried half sample. */
  reset(): void {
    this.#carriedByte = undefined;
  }
}
