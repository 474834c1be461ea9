// G.711 mu-law and A-law to and from 16-bit PCM, by tables built once at load from `alawmulaw`. Stateless: one byte is
// one sample at 8 kHz.
import { alaw, mulaw } from 'alawmulaw';

/** The two companding laws of G.711: mu-law (PCMU on the wire) and A-law (PCMA). */
export type G711Law = 'mulaw' | 'alaw';

/** Where `decodeG711Into` writes: 16-bit samples from `offsetSamples` on. */
export type PcmTarget = { readonly pcm: Int16Array; readonly offsetSamples: number };

/** Where `encodeG711Into` writes: one byte a sample from `offsetBytes` on. */
export type G711Target = { readonly bytes: Uint8Array; readonly offsetBytes: number };

/** The byte that stands for silence in each law (sample value 0 in mu-law, the smallest positive step in A-law). */
export const SILENCE_BYTE: Readonly<Record<G711Law, number>> = { mulaw: 0xff, alaw: 0xd5 };

const CODE_COUNT = 256;
const SAMPLE_COUNT = 65_536;

const DECODE: Readonly<Record<G711Law, Int16Array>> = {
  mulaw: buildDecodeTable(mulaw.decodeSample),
  alaw: buildDecodeTable(alaw.decodeSample),
};

const ENCODE: Readonly<Record<G711Law, Uint8Array>> = {
  mulaw: buildEncodeTable(mulaw.encodeSample),
  alaw: buildEncodeTable(alaw.encodeSample),
};

const ALAW_TO_MULAW = encodeG711('mulaw', DECODE.alaw);
const MULAW_TO_ALAW = encodeG711('alaw', DECODE.mulaw);

/** Decodes G.711 bytes to as many 16-bit samples. */
export function decodeG711(law: G711Law, bytes: Uint8Array): Int16Array {
  const pcm = new Int16Array(bytes.length);
  decodeG711Into(law, bytes, { pcm, offsetSamples: 0 });

  return pcm;
}

/** Decodes G.711 bytes into existing 16-bit samples; throws a RangeError when they do not fit. */
export function decodeG711Into(law: G711Law, bytes: Uint8Array, target: PcmTarget): void {
  const { pcm, offsetSamples } = target;
  assertFits(bytes.length, offsetSamples, pcm.length);
  const table = DECODE[law];
  for (let i = 0; i < bytes.length; i++) pcm[offsetSamples + i] = table[bytes[i] as number] as number;
}

/** Encodes 16-bit samples to as many G.711 bytes. */
export function encodeG711(law: G711Law, pcm: Int16Array): Buffer {
  const bytes = Buffer.allocUnsafe(pcm.length);
  encodeG711Into(law, pcm, { bytes, offsetBytes: 0 });

  return bytes;
}

/** Encodes 16-bit samples into existing bytes, one byte a sample; throws a RangeError when they do not fit. */
export function encodeG711Into(law: G711Law, pcm: Int16Array, target: G711Target): void {
  const { bytes, offsetBytes } = target;
  assertFits(pcm.length, offsetBytes, bytes.length);
  const table = ENCODE[law];
  for (let i = 0; i < pcm.length; i++) bytes[offsetBytes + i] = table[(pcm[i] as number) & 0xffff] as number;
}

/** Returns, for each A-law byte, the mu-law byte that its decoded value encodes to. */
export function transcodeAlawToMulaw(bytes: Uint8Array): Buffer {
  return mapBytes(bytes, ALAW_TO_MULAW);
}

/** Returns, for each mu-law byte, the A-law byte that its decoded value encodes to. */
export function transcodeMulawToAlaw(bytes: Uint8Array): Buffer {
  return mapBytes(bytes, MULAW_TO_ALAW);
}

function mapBytes(bytes: Uint8Array, table: Uint8Array): Buffer {
  const mapped = Buffer.allocUnsafe(bytes.length);
  for (let i = 0; i < bytes.length; i++) mapped[i] = table[bytes[i] as number] as number;

  return mapped;
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
