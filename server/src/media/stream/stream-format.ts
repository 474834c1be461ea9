// What the two networks call their audio, as formats that can be converted into each other. Decoding goes by what a
// stream announces, never by what was asked for: a wrong guess is static.

import { type AudioFormat, PCM16_16K, PCM16_24K, PCM16_8K, PCMA_8K, PCMU_8K } from '../../audio/audio-format';

/** What a carrier sends and plays at a time. */
export const FRAME_MS = 20;

/** Audio format of the AI leg: PCM s16le 24 kHz, or mu-law 8 kHz passed through. */
export type AiAudioFormat = 'pcm16' | 'pcmu';

/** How a carrier names the audio of a stream. */
export type NamedFormat = {
  readonly encoding: string;
  readonly sampleRateHz: number;
  readonly channels: number;
};

// `PCMU 8000`: encoding and rate as in RFC 3551.
const CARRIER_FORMATS: ReadonlyMap<string, AudioFormat> = new Map([
  ['PCMU 8000', PCMU_8K],
  ['PCMA 8000', PCMA_8K],
  ['L16 8000', PCM16_8K],
  ['L16 16000', PCM16_16K],
  ['L16 24000', PCM16_24K],
]);

/** The format that a carrier means; undefined when it cannot be decoded. */
export function carrierFormat({ encoding, sampleRateHz, channels }: NamedFormat): AudioFormat | undefined {
  return channels === 1 ? CARRIER_FORMATS.get(`${encoding.toUpperCase()} ${sampleRateHz}`) : undefined;
}

/** The format of the encoding that a carrier is asked for. L16 is asked for at 16 kHz: all that a wideband line has. */
export function requestedFormat(codec: 'PCMU' | 'PCMA' | 'L16'): AudioFormat {
  return { PCMU: PCMU_8K, PCMA: PCMA_8K, L16: PCM16_16K }[codec];
}

/** The format of the AI leg. */
export function aiFormat(format: AiAudioFormat): AudioFormat {
  return format === 'pcm16' ? PCM16_24K : PCMU_8K;
}
