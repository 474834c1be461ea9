import { decodeG711, encodeG711 } from '../../../src/audio/g711';
import { pcm16ToBytes } from '../../../src/audio/pcm16';
import { createInboundAudio, createOutboundAudio } from '../../../src/media/audio-paths';
import { sine, toneAmplitude } from '../../support/audio-fixtures';

const PCMU = { encoding: 'PCMU', sampleRateHz: 8000 };
const TONE = { hz: 1_000, ms: 200, amplitude: 8_000 };

function tone(sampleRateHz: number): Int16Array {
  return sine({ ...TONE, sampleRateHz });
}

function samplesOf(bytes: Uint8Array): Int16Array {
  const copy = Uint8Array.from(bytes);
  return new Int16Array(copy.buffer);
}

/** Cuts bytes into parts of the given sizes, over and over. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  for (let offset = 0, part = 0; offset < bytes.length; part += 1) {
    const size = sizes[part % sizes.length]!;
    parts.push(Buffer.from(bytes.subarray(offset, offset + size)));
    offset += size;
  }
  return parts;
}

test.each(['mulaw', 'alaw'] as const)('a tone in %s reaches the AI at 24 kHz as loud as it was', (law) => {
  const encoding = law === 'mulaw' ? 'PCMU' : 'PCMA';
  const inbound = createInboundAudio({ encoding, sampleRateHz: 8000 }, 'pcm16')!;

  const parts = cut(encodeG711(law, tone(8_000)), [160]).map((frame) => inbound(frame));

  const pcm = samplesOf(Buffer.concat(parts));
  expect(pcm).toHaveLength((24_000 * TONE.ms) / 1000);
  expect(toneAmplitude(pcm, { hz: TONE.hz, sampleRateHz: 24_000 })).toBeCloseTo(TONE.amplitude, -3);
});

test('encodings are recognised in small letters too', () => {
  expect(createInboundAudio({ encoding: 'pcmu', sampleRateHz: 8000 }, 'pcm16')).toBeDefined();
});

test.each([
  ['L16', 16_000],
  ['G722', 8_000],
  ['OPUS', 48_000],
  ['PCMU', 16_000],
  ['', 8_000],
  ['constructor', 8_000],
  ['__proto__', 8_000],
])('there is no path from %s at %i Hz', (encoding, sampleRateHz) => {
  expect(createInboundAudio({ encoding, sampleRateHz }, 'pcm16')).toBeUndefined();
  expect(createInboundAudio({ encoding, sampleRateHz }, 'pcmu')).toBeUndefined();
});

test('mu-law passes through untouched when the AI speaks it too', () => {
  const frame = Buffer.from([1, 2, 3]);

  expect(createInboundAudio(PCMU, 'pcmu')!(frame)).toEqual(frame);
  expect(createOutboundAudio('pcmu').convert(frame)).toEqual(frame);
});

test('A-law becomes mu-law for an AI that speaks mu-law', () => {
  const inbound = createInboundAudio({ encoding: 'PCMA', sampleRateHz: 8000 }, 'pcmu')!;

  const heard = decodeG711('mulaw', inbound(encodeG711('alaw', tone(8_000))));

  expect(toneAmplitude(heard, { hz: TONE.hz, sampleRateHz: 8_000 })).toBeCloseTo(TONE.amplitude, -3);
});

test.each([[[960]], [[1, 961, 3]], [[4_801]], [[7, 11, 1_999]]])(
  'the voice of the AI is the same on the phone, cut into parts of %j bytes',
  (sizes) => {
    const whole = createOutboundAudio('pcm16').convert(pcm16ToBytes(tone(24_000)));
    const outbound = createOutboundAudio('pcm16');

    const parts = cut(pcm16ToBytes(tone(24_000)), sizes).map((delta) => outbound.convert(delta));

    expect(Buffer.concat(parts).equals(Buffer.from(whole))).toBe(true);
    expect(whole.length).toBe((8_000 * TONE.ms) / 1000);
  },
);

test('after a reset nothing of the past is heard, half a sample included', () => {
  const outbound = createOutboundAudio('pcm16');
  outbound.convert(pcm16ToBytes(tone(24_000)).subarray(0, 4_001));

  outbound.reset();
  const after = outbound.convert(pcm16ToBytes(tone(24_000)));

  expect(Buffer.from(after).equals(Buffer.from(createOutboundAudio('pcm16').convert(pcm16ToBytes(tone(24_000)))))).toBe(
    true,
  );
});

test('two streams do not share their state', () => {
  const first = createInboundAudio(PCMU, 'pcm16')!;
  const second = createInboundAudio(PCMU, 'pcm16')!;
  const frame = encodeG711('mulaw', tone(8_000).subarray(0, 160));
  first(encodeG711('mulaw', sine({ hz: 333, ms: 20, sampleRateHz: 8_000, amplitude: 20_000 })));

  expect(second(frame)).toEqual(createInboundAudio(PCMU, 'pcm16')!(frame));
});
