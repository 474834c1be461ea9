/**
 * The input audio buffer of one session: decodes what the client appends, keeps it for tests, and finds turns in it.
 * Time here is the length of the audio appended so far, never the clock.
 */
import { concatPcm, decodeAlaw, decodeMulaw } from '../pcm';
import { ClientMistake } from './client-mistake';
import { EnergyVad, type VadChange, type VadSensitivity } from './energy-vad';
import type { TurnDetection } from './session-config';
import type { AudioFormat } from './session-schemas';

const MAX_APPEND_BYTES = 15 * 1024 * 1024;
const MIN_COMMIT_MS = 100;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** The level that a semantic detector would not need; the same as server_vad's default. */
const SEMANTIC_THRESHOLD = 0.5;
/**
 * A stand-in for understanding: how long a pause each eagerness grants. The real detector waits for at most 8, 4 and
 * 2 s, but seldom that long; these keep the order and a test short.
 */
const SEMANTIC_SILENCE_MS = { low: 1200, medium: 800, auto: 800, high: 400 } as const;

/** A stretch of the input timeline. */
export type AudioSpan = { readonly startMs: number; readonly endMs: number };

/** How appended audio is to be understood. */
export type InputSettings = { readonly format: AudioFormat; readonly turnDetection: TurnDetection };

type KeptAudio = { readonly samples: Int16Array; readonly sampleRateHz: number };

/** Everything a client appends in one session. */
export class InputAudio {
  readonly #kept: KeptAudio[] = [];
  readonly #keep: (audio: KeptAudio) => void;
  #settings: InputSettings;
  #vad: EnergyVad | undefined;
  #totalMs = 0;
  #uncommittedFromMs = 0;

  /** Keeps the audio for `heard` unless told not to. */
  constructor(settings: InputSettings, keeps: 'everything' | 'nothing') {
    this.#settings = settings;
    this.#keep = keeps === 'everything' ? (audio) => this.#kept.push(audio) : () => undefined;
    this.#restartVad();
  }

  /** Length of everything appended so far, in ms. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** Takes over new settings; speech that is under way goes on, unless detection ends or the format changes. */
  configure(settings: InputSettings): void {
    const isSameFormat = settings.format.type === this.#settings.format.type;
    this.#settings = settings;
    if (isSameFormat && this.#vad !== undefined && settings.turnDetection !== null) {
      return this.#vad.adjust(sensitivity(settings.turnDetection));
    }
    this.#restartVad();
  }

  /** Takes one append; returns the turns that begin or end in it. */
  append(base64: string): readonly VadChange[] {
    const samples = decode(decodeBase64(base64), this.#settings.format);
    const sampleRateHz = rateOf(this.#settings.format);
    this.#keep({ samples, sampleRateHz });
    this.#totalMs += (samples.length * 1000) / sampleRateHz;
    return this.#vad?.feed(samples) ?? [];
  }

  /** Where a turn that was detected at `atMs` begins: earlier by the prefix padding, but never in an older turn. */
  paddedStartMs(atMs: number): number {
    const { turnDetection } = this.#settings;
    const paddingMs = turnDetection?.type === 'server_vad' ? turnDetection.prefix_padding_ms : 0;
    return Math.round(Math.max(this.#uncommittedFromMs, atMs - paddingMs));
  }

  /** Commits everything up to `endMs` as one turn, and returns its place from `startMs` on. */
  commitSpan(span: AudioSpan): AudioSpan {
    this.#uncommittedFromMs = span.endMs;
    return span;
  }

  /** Commits the buffer because the client says so. */
  commitAll(): AudioSpan {
    const bufferedMs = this.#totalMs - this.#uncommittedFromMs;
    if (bufferedMs < MIN_COMMIT_MS) {
      const message =
        'Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, ' +
        `but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`;
      throw new ClientMistake('input_audio_buffer_commit_empty', message);
    }
    const span = this.commitSpan({ startMs: this.#uncommittedFromMs, endMs: this.#totalMs });
    this.#restartVad();
    return span;
  }

  /** Forgets what is not committed yet. */
  clear(): void {
    this.#uncommittedFromMs = this.#totalMs;
    this.#restartVad();
  }

  /** All audio appended in the session at 24 kHz; what came at 8 kHz has each sample three times, without a filter. */
  heard(): Int16Array {
    return concatPcm(this.#kept.map(at24kHz));
  }

  #restartVad(): void {
    const { format, turnDetection } = this.#settings;
    this.#vad =
      turnDetection === null
        ? undefined
        : new EnergyVad({ sampleRateHz: rateOf(format), ...sensitivity(turnDetection) }, this.#totalMs);
  }
}

/** Samples per second of a wire format. */
export function rateOf(format: AudioFormat): number {
  return format.type === 'audio/pcm' ? 24_000 : 8000;
}

function sensitivity(turnDetection: NonNullable<TurnDetection>): VadSensitivity {
  if (turnDetection.type === 'server_vad') {
    return { threshold: turnDetection.threshold, silenceMs: turnDetection.silence_duration_ms };
  }
  return { threshold: SEMANTIC_THRESHOLD, silenceMs: SEMANTIC_SILENCE_MS[turnDetection.eagerness] };
}

function decodeBase64(base64: string): Buffer {
  if (base64 === '' || base64.length % 4 !== 0 || !BASE64.test(base64)) {
    throw new ClientMistake('invalid_value', "Invalid 'audio'. Expected base64-encoded audio bytes.", 'audio');
  }
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length > MAX_APPEND_BYTES) {
    throw new ClientMistake('invalid_value', "Invalid 'audio'. At most 15 MiB can be appended at once.", 'audio');
  }
  return bytes;
}

function decode(bytes: Buffer, format: AudioFormat): Int16Array {
  if (format.type === 'audio/pcmu') return decodeMulaw(bytes);
  if (format.type === 'audio/pcma') return decodeAlaw(bytes);
  if (bytes.length % 2 !== 0) {
    const message = "Invalid 'audio'. 16-bit PCM needs an even number of bytes.";
    throw new ClientMistake('invalid_value', message, 'audio');
  }
  return littleEndianSamples(bytes);
}

/** A plain loop, because this runs for every frame of every call of a load test. */
function littleEndianSamples(bytes: Buffer): Int16Array {
  const samples = new Int16Array(bytes.length / 2);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = (bytes[2 * index] ?? 0) | ((bytes[2 * index + 1] ?? 0) << 8);
  }
  return samples;
}

function at24kHz(audio: KeptAudio): Int16Array {
  if (audio.sampleRateHz === 24_000) return audio.samples;
  return Int16Array.from({ length: audio.samples.length * 3 }, (_, index) => audio.samples[Math.floor(index / 3)] ?? 0);
}
