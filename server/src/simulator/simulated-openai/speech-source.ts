/** Turns script entries into the audio of a wire format, cut into deltas as uneven as the real server's. */
import { encodeAlaw, encodeL16, encodeMulaw, tone } from '../pcm';
import { decimateBy3 } from '../voices/resample';
import { voices } from '../voices/voices';
import type { AiSpeech } from './ai-script';
import type { AudioFormat } from './session-schemas';

const RATE_HZ = 24_000;
const DEFAULT_AMPLITUDE = 0.3;
/**
 * Samples at 24 kHz per delta, 20 to 400 ms, used in turn. Only the first and third are whole 20 ms frames: a bridge
 * that re-chunks wrongly at the borders must be caught.
 */
const DELTA_SAMPLES = [480, 2401, 9600, 1013, 4799, 7207, 491] as const;

/** One delta. */
export type AudioChunk = { readonly base64: string; readonly ms: number };

/** One script entry, spoken. */
export type SpokenAudio = { readonly text: string; readonly totalMs: number; readonly chunks: readonly AudioChunk[] };

/** Gives the 24 kHz samples of a recorded line. */
export type ClipLoader = (name: string) => Int16Array;

/** Speaks script entries; keeps what it has encoded, so that many sessions can say the same at little cost. */
export class SpeechSource {
  readonly #loadClip: ClipLoader;
  readonly #spoken = new Map<string, SpokenAudio>();

  constructor(loadClip: ClipLoader) {
    this.#loadClip = loadClip;
  }

  /** Returns the audio of one entry in a format. */
  speak(speech: AiSpeech, format: AudioFormat): SpokenAudio {
    const key = `${format.type} ${JSON.stringify(speech)}`;
    const known = this.#spoken.get(key);
    if (known !== undefined) return known;
    const samples = this.#samplesOf(speech);
    const chunks = format.type === 'audio/pcm' ? cutPcm(samples) : cutG711(samples, format.type);
    const spoken = { text: textOf(speech), totalMs: chunks.reduce((sum, chunk) => sum + chunk.ms, 0), chunks };
    this.#spoken.set(key, spoken);
    return spoken;
  }

  #samplesOf(speech: AiSpeech): Int16Array {
    if ('clip' in speech) return this.#loadClip(speech.clip);
    const { toneHz, ms, amplitude = DEFAULT_AMPLITUDE } = speech;
    return tone({ hz: toneHz, ms, sampleRateHz: RATE_HZ, amplitude });
  }
}

function textOf(speech: AiSpeech): string {
  if (speech.text !== undefined) return speech.text;
  return 'clip' in speech ? (voices.get(speech.clip)?.text ?? speech.clip) : '';
}

function cutPcm(samples: Int16Array): readonly AudioChunk[] {
  return cut(encodeL16(samples), { bytesPerSample: 2, rateHz: RATE_HZ });
}

function cutG711(samples: Int16Array, type: 'audio/pcmu' | 'audio/pcma'): readonly AudioChunk[] {
  const narrow = decimateBy3(samples);
  const bytes = type === 'audio/pcmu' ? encodeMulaw(narrow) : encodeAlaw(narrow);
  return cut(bytes, { bytesPerSample: 1, rateHz: RATE_HZ / 3 });
}

function cut(
  bytes: Buffer,
  layout: { readonly bytesPerSample: number; readonly rateHz: number },
): readonly AudioChunk[] {
  const chunks: AudioChunk[] = [];
  let at = 0;
  while (at < bytes.length) {
    const samples = Math.round(
      ((DELTA_SAMPLES[chunks.length % DELTA_SAMPLES.length] ?? 480) * layout.rateHz) / RATE_HZ,
    );
    const part = bytes.subarray(at, at + samples * layout.bytesPerSample);
    chunks.push({
      base64: part.toString('base64'),
      ms: (part.length * 1000) / (layout.bytesPerSample * layout.rateHz),
    });
    at += part.length;
  }
  return chunks;
}
