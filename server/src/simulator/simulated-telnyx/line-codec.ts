/** The codecs of a simulated telephone line: 8 kHz PCM on the phone's side, codec bytes on the media socket. */
import { decodeAlaw, decodeL16, decodeMulaw, encodeAlaw, encodeL16, encodeMulaw } from '../pcm';
import { assertNever } from '../../lib/assert-never';
import type { LineEncoding } from './phone-script';

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

/** Makes a codec; L16 takes any multiple of 8 kHz, the others are 8 kHz whatever the rate asked for. */
export function lineCodec(encoding: LineEncoding, sampleRateHz: number): LineCodec {
  switch (encoding) {
    case 'PCMU':
      return g711(encoding, encodeMulaw, decodeMulaw);
    case 'PCMA':
      return g711(encoding, encodeAlaw, decodeAlaw);
    case 'L16':
      return l16(sampleRateHz);
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

function l16(sampleRateHz: number): LineCodec {
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
      return encodeL16(raised);
    },
    decode: (bytes) => average(decodeL16(bytes), factor),
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
