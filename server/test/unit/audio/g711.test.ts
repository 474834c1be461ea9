// G.711 against the formulas of the recommendation, written here a second time, without the library behind the tables.
import { PCMA_8K, PCMU_8K, silenceByte } from '../../../src/audio/audio-format';
import { decodeG711, encodeG711, type G711Encoding, transcodeG711 } from '../../../src/audio/g711';

const MU_LAW_NEGATIVE_ZERO = 0x7f;
const SILENCE: Readonly<Record<G711Encoding, number>> = { pcmu: silenceByte(PCMU_8K), pcma: silenceByte(PCMA_8K) };
const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);
const ALL_SAMPLES = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);

type Code = { readonly sign: 1 | -1; readonly exponent: number; readonly mantissa: number };

/** Splits a code: mu-law is sent with all bits inverted, A-law with the even ones; in both a set sign bit is plus. */
function split(law: G711Encoding, byte: number): Code {
  const code = law === 'pcmu' ? ~byte & 0x7f : (byte ^ 0x55) & 0x7f;
  return { sign: (byte & 0x80) === 0 ? -1 : 1, exponent: code >> 4, mantissa: code & 0x0f };
}

/** ITU-T G.711 tables 1 and 2: mu-law is 14 bits, A-law 13, both left-justified to 16. */
function referenceDecode(law: G711Encoding, byte: number): number {
  const { sign, exponent, mantissa } = split(law, byte);
  if (law === 'pcmu') return (sign * (((2 * mantissa + 33) << exponent) - 33) * 4) | 0;
  const magnitude = exponent === 0 ? 2 * mantissa + 1 : (2 * mantissa + 33) << (exponent - 1);
  return sign * magnitude * 8;
}

/** Half the distance between neighbouring values in the segment of a code, in 16-bit steps. */
function halfStep(law: G711Encoding, byte: number): number {
  const { exponent } = split(law, byte);
  return law === 'pcmu' ? 4 << exponent : 8 << Math.max(0, exponent - 1);
}

function decode(law: G711Encoding, bytes: Uint8Array): Int16Array {
  const pcm = new Int16Array(bytes.length);
  decodeG711(law, bytes, { pcm, offset: 0 });
  return pcm;
}

function encode(law: G711Encoding, pcm: Int16Array): Uint8Array {
  const bytes = new Uint8Array(pcm.length);
  encodeG711(law, { pcm, offset: 0, count: pcm.length }, { bytes, offset: 0 });
  return bytes;
}

describe.each(['pcmu', 'pcma'] as const)('G.711 %s', (law) => {
  const largest = law === 'pcmu' ? 32_124 : 32_256;

  it('decodes every code to the value of the standard', () => {
    expect([...decode(law, ALL_CODES)]).toEqual([...ALL_CODES].map((code) => referenceDecode(law, code)));
  });

  it('encodes every sample to a code whose interval holds it', () => {
    const codes = encode(law, ALL_SAMPLES);
    const decoded = decode(law, codes);

    const outside = ALL_SAMPLES.filter((sample, i) => {
      const clipped = Math.max(-largest, Math.min(largest, sample));
      return Math.abs(decoded[i]! - clipped) > halfStep(law, codes[i]!);
    });
    expect([...outside]).toEqual([]);
  });

  it('never decreases from one sample to the next', () => {
    const decoded = decode(law, encode(law, ALL_SAMPLES));

    expect(decoded.every((value, i) => i === 0 || value >= decoded[i - 1]!)).toBe(true);
  });

  it('gives every code back after decoding and encoding, but for the negative zero of mu-law', () => {
    const codes = encode(law, decode(law, ALL_CODES));

    const expected = [...ALL_CODES];
    if (law === 'pcmu') expected[MU_LAW_NEGATIVE_ZERO] = SILENCE.pcmu;
    expect([...codes]).toEqual(expected);
  });

  it('saturates at both ends', () => {
    expect([...decode(law, encode(law, Int16Array.of(32_767, -32_767, -32_768)))]).toEqual([
      largest,
      -largest,
      -largest,
    ]);
  });

  it('encodes silence as the silence byte', () => {
    expect([...encode(law, new Int16Array(3))]).toEqual([SILENCE[law], SILENCE[law], SILENCE[law]]);
  });

  it('is transcoded to the code that its decoded value has in the other law', () => {
    const other = law === 'pcmu' ? 'pcma' : 'pcmu';
    const bytes = new Uint8Array(256);

    transcodeG711(law, ALL_CODES, { bytes, offset: 0 });

    expect([...bytes]).toEqual([...encode(other, decode(law, ALL_CODES))]);
  });

  it('reads and writes where it is told and nowhere else', () => {
    const pcm = new Int16Array(4).fill(7);
    const bytes = new Uint8Array(5).fill(9);

    decodeG711(law, Uint8Array.of(0x80, 0x00), { pcm, offset: 1 });
    encodeG711(law, { pcm, offset: 1, count: 2 }, { bytes, offset: 2 });

    expect([...pcm]).toEqual([7, referenceDecode(law, 0x80), referenceDecode(law, 0x00), 7]);
    expect([...bytes]).toEqual([9, 9, 0x80, 0x00, 9]);
  });

  it('refuses ranges that do not fit, instead of dropping samples silently', () => {
    const pcm = new Int16Array(4);
    const bytes = new Uint8Array(4);

    expect(() => decodeG711(law, new Uint8Array(3), { pcm, offset: 2 })).toThrow(RangeError);
    expect(() => decodeG711(law, new Uint8Array(3), { pcm, offset: -1 })).toThrow(RangeError);
    expect(() => encodeG711(law, { pcm, offset: 2, count: 3 }, { bytes, offset: 0 })).toThrow(RangeError);
    expect(() => encodeG711(law, { pcm, offset: 0, count: 3 }, { bytes, offset: 2 })).toThrow(RangeError);
    expect(() => encodeG711(law, { pcm, offset: -1, count: 3 }, { bytes, offset: 0 })).toThrow(RangeError);
    expect(() => transcodeG711(law, new Uint8Array(5), { bytes, offset: 0 })).toThrow(RangeError);
  });

  it('takes and gives nothing for nothing, even at the very end', () => {
    expect(() => decodeG711(law, new Uint8Array(0), { pcm: new Int16Array(4), offset: 4 })).not.toThrow();
    expect(encode(law, new Int16Array(0))).toHaveLength(0);
  });
});
