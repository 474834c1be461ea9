// G.711 against the formulas of the recommendation, written here a second time, without the library behind the tables.
import {
  decodeG711,
  decodeG711Into,
  encodeG711,
  encodeG711Into,
  SILENCE_BYTE,
  transcodeAlawToMulaw,
  transcodeMulawToAlaw,
  type G711Law,
} from '../../../src/audio/g711';

const LAWS: readonly G711Law[] = ['mulaw', 'alaw'];
const MULAW_NEGATIVE_ZERO = 0x7f;
const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);
const ALL_SAMPLES = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);

type Code = { readonly sign: 1 | -1; readonly exponent: number; readonly mantissa: number };

/** Splits a code: mu-law is sent with all bits inverted, A-law with the even ones; in both a set sign bit is plus. */
function split(law: G711Law, byte: number): Code {
  const code = law === 'mulaw' ? ~byte & 0x7f : (byte ^ 0x55) & 0x7f;
  return { sign: (byte & 0x80) === 0 ? -1 : 1, exponent: code >> 4, mantissa: code & 0x0f };
}

/** ITU-T G.711 tables 1 and 2: mu-law is 14 bits, A-law 13, both left-justified to 16. */
function referenceDecode(law: G711Law, byte: number): number {
  const { sign, exponent, mantissa } = split(law, byte);
  if (law === 'mulaw') return (sign * (((2 * mantissa + 33) << exponent) - 33) * 4) | 0;
  const magnitude = exponent === 0 ? 2 * mantissa + 1 : (2 * mantissa + 33) << (exponent - 1);
  return sign * magnitude * 8;
}

/** Half the distance between neighbouring values in the segment of a code, in 16-bit steps. */
function halfStep(law: G711Law, byte: number): number {
  const { exponent } = split(law, byte);
  return law === 'mulaw' ? 4 << exponent : 8 << Math.max(0, exponent - 1);
}

describe.each(LAWS)('G.711 %s', (law) => {
  const largest = law === 'mulaw' ? 32_124 : 32_256;

  it('decodes every code to the value of the standard', () => {
    const decoded = decodeG711(law, ALL_CODES);

    expect([...decoded]).toEqual([...ALL_CODES].map((code) => referenceDecode(law, code)));
  });

  it('encodes every sample to a code whose interval holds it', () => {
    const codes = encodeG711(law, ALL_SAMPLES);
    const decoded = decodeG711(law, codes);

    const outside = ALL_SAMPLES.filter((sample, i) => {
      const clipped = Math.max(-largest, Math.min(largest, sample));
      return Math.abs(decoded[i]! - clipped) > halfStep(law, codes[i]!);
    });
    expect([...outside]).toEqual([]);
  });

  it('never decreases from one sample to the next', () => {
    const decoded = decodeG711(law, encodeG711(law, ALL_SAMPLES));

    expect(decoded.every((value, i) => i === 0 || value >= decoded[i - 1]!)).toBe(true);
  });

  it('gives every code back after decoding and encoding, but for the negative zero of mu-law', () => {
    const codes = encodeG711(law, decodeG711(law, ALL_CODES));

    const expected = [...ALL_CODES];
    if (law === 'mulaw') expected[MULAW_NEGATIVE_ZERO] = SILENCE_BYTE.mulaw;
    expect([...codes]).toEqual(expected);
  });

  it('saturates at both ends', () => {
    const decoded = decodeG711(law, encodeG711(law, Int16Array.of(32_767, -32_767, -32_768)));

    expect([...decoded]).toEqual([largest, -largest, -largest]);
  });

  it('encodes silence as the silence byte', () => {
    expect([...encodeG711(law, new Int16Array(3))]).toEqual([SILENCE_BYTE[law], SILENCE_BYTE[law], SILENCE_BYTE[law]]);
  });

  it('writes into given memory at an offset and nowhere else', () => {
    const pcm = new Int16Array(4).fill(7);
    const bytes = new Uint8Array(4).fill(9);

    decodeG711Into(law, Uint8Array.of(0x80, 0x00), { pcm, offsetSamples: 1 });
    encodeG711Into(law, new Int16Array(2), { bytes, offsetBytes: 2 });

    expect([...pcm]).toEqual([7, referenceDecode(law, 0x80), referenceDecode(law, 0x00), 7]);
    expect([...bytes]).toEqual([9, 9, SILENCE_BYTE[law], SILENCE_BYTE[law]]);
  });

  it('refuses to write past the end of given memory', () => {
    expect(() => decodeG711Into(law, new Uint8Array(3), { pcm: new Int16Array(4), offsetSamples: 2 })).toThrow(
      RangeError,
    );
    expect(() => encodeG711Into(law, new Int16Array(3), { bytes: new Uint8Array(4), offsetBytes: -1 })).toThrow(
      RangeError,
    );
  });

  it('takes and gives nothing for nothing', () => {
    expect(decodeG711(law, new Uint8Array(0))).toHaveLength(0);
    expect(encodeG711(law, new Int16Array(0))).toHaveLength(0);
  });
});

describe('G.711 transcoding', () => {
  it('maps each code to the one that its decoded value encodes to', () => {
    expect(transcodeAlawToMulaw(ALL_CODES)).toEqual(encodeG711('mulaw', decodeG711('alaw', ALL_CODES)));
    expect(transcodeMulawToAlaw(ALL_CODES)).toEqual(encodeG711('alaw', decodeG711('mulaw', ALL_CODES)));
  });

  it('keeps silence quiet', () => {
    expect(transcodeMulawToAlaw(Uint8Array.of(SILENCE_BYTE.mulaw))[0]).toBe(SILENCE_BYTE.alaw);
    expect(decodeG711('mulaw', transcodeAlawToMulaw(Uint8Array.of(SILENCE_BYTE.alaw)))[0]).toBe(8);
  });
});
