// The two directions of a call's audio: from the carrier's encoding to the AI's input format, and back. Filter state
// lives here, one per stream and direction, so that frame borders and odd-sized deltas leave no click.

import { decodeG711, encodeG711, type G711Law, transcodeAlawToMulaw } from '../audio/g711';
import { Pcm16Reader, pcm16ToBytes } from '../audio/pcm16';
import { Downsampler24to8, Upsampler8to24 } from '../audio/resampler';

/** Audio format of the AI leg: PCM s16le 24 kHz, or mu-law 8 kHz passed through. */
export type AiAudioFormat = 'pcm16' | 'pcmu';

/** Turns one frame of the callee's audio into the AI's input format. */
export type InboundAudio = (frame: Buffer) => Buffer;

/** Turns the AI's audio, cut anywhere, into mu-law 8 kHz. */
export type OutboundAudio = {
  readonly convert: (audio: Buffer) => Uint8Array;
  /** The end of an item: returns what the filter still holds, and forgets the past. */
  readonly finish: () => Uint8Array;
  /** Forgets the past: what follows is not a continuation. */
  readonly reset: () => void;
};

// The filter's delay at 24 kHz, rounded up to whole samples at 8 kHz: silence that pushes out the end of an item.
const FILTER_TAIL = new Int16Array(36);

const LAW_BY_ENCODING: Readonly<Record<string, G711Law>> = { PCMU: 'mulaw', PCMA: 'alaw' };
const G711_SAMPLE_RATE_HZ = 8000;

/** The path from the announced encoding to the AI; undefined when the encoding cannot be decoded. */
export function createInboundAudio(
  announced: { readonly encoding: string; readonly sampleRateHz: number },
  aiFormat: AiAudioFormat,
): InboundAudio | undefined {
  const law = LAW_BY_ENCODING[announced.encoding.toUpperCase()];
  if (law === undefined || announced.sampleRateHz !== G711_SAMPLE_RATE_HZ) return undefined;
  if (aiFormat === 'pcmu') return law === 'mulaw' ? (frame) => frame : transcodeAlawToMulaw;
  const upsampler = new Upsampler8to24();
  return (frame) => pcm16ToBytes(upsampler.process(decodeG711(law, frame)));
}

/** The path from the AI to the carrier. */
export function createOutboundAudio(aiFormat: AiAudioFormat): OutboundAudio {
  if (aiFormat === 'pcmu') {
    return { convert: (audio) => audio, finish: () => new Uint8Array(0), reset: () => undefined };
  }
  const reader = new Pcm16Reader();
  const downsampler = new Downsampler24to8();
  const reset = (): void => {
    reader.reset();
    downsampler.reset();
  };
  return {
    convert: (audio) => encodeG711('mulaw', downsampler.process(reader.read(audio))),
    finish: () => {
      const tail = encodeG711('mulaw', downsampler.process(FILTER_TAIL));
      reset();
      return tail;
    },
    reset,
  };
}
