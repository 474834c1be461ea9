/** The codecs of a simulated telephone line: 8 kHz PCM on the phone's side, codec bytes on the media socket. */
import { decodeAlaw, decodeL16, decodeMulaw, encodeAlaw, encodeL16, encodeMulaw } from '../pcm';
import { assertNever } from '../../lib/assert-never';
import type { ByteOrder, LineEncoding } from './phone-script';

const LINE_RATE_HZ = 8000;

/** One direction of one stream; instances keep state between frames and are not shared. */
export type LineCodec = {
  readonly encoding: LineEncoding;
  /** What `media_format.sample_rate` says. */
  readonly sampleRateHz: number;
  readonly bytesPerMs: number;
  readonly bytesPerSample: number;
  encode(pcm: Int16Array): Buffer;
  decode(bytes: Buffer): Int16Array;
};

/** What a codec is made from; only L16 takes note of rate (any multiple of 8 kHz) and byte order. */
export type LineFormat = {
  readonly encoding: LineEncoding;
  readonly sampleRateHz: number;
  readonly l16ByteOrder?: ByteOrder | undefined;
};

/** Makes a codec. */
export function lineCodec({ encoding, sampleRateHz, l16ByteOrder = 'little' }: LineFormat): LineCodec {
  switch (encoding) {
    case 'PCMU':
      return g711(encoding, encodeMulaw, decodeMulaw);
    case 'PCMA':
      return g711(encoding, encodeAlaw, decodeAlaw);
    case 'L16':
      return l16(sampleRateHz, l16ByteOrder);
    case 'G722':
      // Only ever a surprise that a server without G.722 has to notice, so its bytes need not mean anything.
      return g711(
        encoding,
        (pcm) => Buffer.alloc(pcm.length, 0x5a),
        (bytes) => new Int16Array(bytes.length),
      );
    default:
      return assertNever(encoding);
  }
}

function g711(
  encoding: LineEncoding,
  encode: (pcm: Int16Array) => Buffer,
  decode: (bytes: Buffer) => Int16Array,
): LineCodec {
  return { encoding, sampleRateHz: LINE_RATE_HZ, bytesPerMs: 8, bytesPerSample: 1, encode, decode };
}

function l16(sampleRateHz: number, byteOrder: ByteOrder): LineCodec {
  const toOrFromLittle = (bytes: Buffer): Buffer => (byteOrder === 'big' ? Buffer.from(bytes).swap16() : bytes);
  const factor = sampleRateHz / LINE_RATE_HZ;
  let previous = 0;
  return {
    encoding: 'L16',
    sampleRateHz,
    bytesPerMs: 16 * factor,
    bytesPerSample: 2,
    encode: (pcm) => {
      const raised = interpolate(pcm, factor, previous);
      previous = pcm.at(-1) ?? previous;
      return toOrFromLittle(encodeL16(raised));
    },
    decode: (bytes) => average(decodeL16(toOrFromLittle(bytes)), factor),
  };
}

function interpolate(pcm: Int16Array, factor: number, before: number): Int16Array {
  return Int16Array.from({ length: pcm.length * factor }, (_, index) => {
    const at = Math.floor(index / factor);
    const from = at === 0 ? before : (pcm[at - 1] ?? 0);
    return Math.round(from + ((pcm[at] ?? 0) - from) * (((index % factor) + 1) / factor));
  });
}

function average(pcm: Int16Array, factor: number): Int16Array {
  return Int16Array.from({ length: Math.floor(pcm.length / factor) }, (_, index) => {
    let sum = 0;
    for (let at = 0; at < factor; at += 1) sum += pcm[index * factor + at] ?? 0;
    return Math.round(sum / factor);
  });
}
