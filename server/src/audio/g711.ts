// G.711 mu-law and A-law to and from 16-bit PCM, by tables built once at load from `alawmulaw`, always into memory that
// the caller provides. Stateless: one byte is one sample at 8 kHz.
import { alaw, mulaw } from 'alawmulaw';

/** The two companding laws of G.711: mu-law (PCMU) and A-law (PCMA). */
export type G711Encoding = 'pcmu' | 'pcma';

/** A stretch of 16-bit samples within a larger array: `count` of them from `offset` on. */
export type SampleRange = { readonly pcm: Int16Array; readonly offset: number; readonly count: number };

/** Where bytes are written: from `offset` on. */
export type ByteTarget = { readonly bytes: Uint8Array; readonly offset: number };

const CODE_COUNT = 256;
const SAMPLE_COUNT = 65_536;

const DECODE: Readonly<Record<G711Encoding, Int16Array>> = {
  pcmu: buildDecodeTable(mulaw.decodeSample),
  pcma: buildDecodeTable(alaw.decodeSample),
};

const ENCODE: Readonly<Record<G711Encoding, Uint8Array>> = {
  pcmu: buildEncodeTable(mulaw.encodeSample),
  pcma: buildEncodeTable(alaw.encodeSample),
};

/** From the key's law to the other one. */
const TRANSCODE: Readonly<Record<G711Encoding, Uint8Array>> = {
  pcmu: Uint8Array.from(DECODE.pcmu, (sample) => ENCODE.pcma[sample & 0xffff] as number),
  pcma: Uint8Array.from(DECODE.pcma, (sample) => ENCODE.pcmu[sample & 0xffff] as number),
};

/** Decodes all of `bytes` to as many samples, written to `pcm` from `offset` on; a RangeError when they do not fit. */
export function decodeG711(
  encoding: G711Encoding,
  bytes: Uint8Array,
  { pcm, offset }: Omit<SampleRange, 'count'>,
): void {
  assertFits(bytes.length, offset, pcm.length);
  const table = DECODE[encoding];
  for (let i = 0; i < bytes.length; i++) pcm[offset + i] = table[bytes[i] as number] as number;
}

/** Encodes samples to as many bytes; a RangeError when they do not fit. */
export function encodeG711(encoding: G711Encoding, samples: SampleRange, target: ByteTarget): void {
  const { pcm, offset, count } = samples;
  assertFits(count, offset, pcm.length);
  assertFits(count, target.offset, target.bytes.length);
  const table = ENCODE[encoding];
  for (let i = 0; i < count; i++) {
    target.bytes[target.offset + i] = table[(pcm[offset + i] as number) & 0xffff] as number;
  }
}

/** Writes, for each byte of one law, the byte of the other law that its decoded value encodes to. */
export function transcodeG711(from: G711Encoding, bytes: Uint8Array, target: ByteTarget): void {
  assertFits(bytes.length, target.offset, target.bytes.length);
  const table = TRANSCODE[from];
  for (let i = 0; i < bytes.length; i++) target.bytes[target.offset + i] = table[bytes[i] as number] as number;
}

/** A write past the end of a typed array is silently dropped, so that a wrong offset would be a gap in the audio. */
function assertFits(count: number, offset: number, capacity: number): void {
  if (offset < 0 || offset + count > capacity) {
    throw new RangeError(`${count} samples at offset ${offset} do not fit into ${capacity}.`);
  }
}

function buildDecodeTable(decodeSample: (code: number) => number): Int16Array {
  return Int16Array.from({ length: CODE_COUNT }, (_, code) => decodeSample(code));
}

/** Indexed by the sample's 16 bits read as unsigned, so that a lookup needs a mask and no addition. */
function buildEncodeTable(encodeSample: (sample: number) => number): Uint8Array {
  const table = new Uint8Array(SAMPLE_COUNT);
  for (let sample = -32_768; sample <= 32_767; sample++) {
    table[sample & 0xffff] = encodeSample(sample) & 0xff; // mu-law codes come as unmasked negatives.
  }

  return table;
}
