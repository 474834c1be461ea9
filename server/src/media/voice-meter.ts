// Tells, frame by frame, whether somebody speaks: by how far the level stands out from the line's own noise. Not a voice
// activity detector, as it does not know speech from other sounds; it measures how much of it there is.

import { type AudioFormat, bytesPerMs, bytesPerSample } from '../audio/audio-format';
import { decodeG711, type G711Encoding } from '../audio/g711';

// Levels are relative to a square wave at full scale, and kept as mean squares: comparing those needs no root and no
// logarithm.
const FULL_SCALE = 32_768;

// Lines differ: some are silent, others carry comfort noise of -35 dBFS, above the level of a soft voice elsewhere.
// Noise itself varies by 1 or 2 dB from frame to frame; a voice that is understood stands out by 10 dB and more.
const VOICE_OVER_FLOOR = ratioOf(9);

// However silent the line, what is softer than -50 dBFS is the room of the callee, or somebody else in it.
const LOWEST_FLOOR = levelOf(-50) / VOICE_OVER_FLOOR;

// However long a tone or a shout lasts, louder speech than -21 dBFS counts.
const HIGHEST_FLOOR = levelOf(-30);

// Comfort noise is not taken for a voice before the floor is known, and a normal voice (-30 to -15 dBFS) is none the less.
const FIRST_FLOOR = levelOf(-40);

// The gaps between words are enough to bring the floor back down; a few lost frames, which sound like perfect silence,
// do not make a voice of the noise around them.
const FALL_DB_PER_SECOND = 40;

// Words must not lift the floor by more than the gaps between them let it fall; a fan that starts is noise in seconds.
const RISE_DB_PER_SECOND = 3;

const FALL_PER_MS = exponentPerMs(-FALL_DB_PER_SECOND);
const RISE_PER_MS = exponentPerMs(RISE_DB_PER_SECOND);

const SQUARES: Readonly<Record<G711Encoding, Int32Array>> = { pcmu: squaresOf('pcmu'), pcma: squaresOf('pcma') };

/** Finds the voice in one direction of one call. */
export class VoiceMeter {
  readonly #bytesPerMs: number;
  readonly #bytesPerSample: number;
  /** By code; samples of 16 bits need none. */
  readonly #squares: Int32Array | undefined;
  #floor = FIRST_FLOOR;

  constructor(format: AudioFormat) {
    this.#bytesPerMs = bytesPerMs(format);
    this.#bytesPerSample = bytesPerSample(format);
    this.#squares = format.encoding === 'pcm16' ? undefined : SQUARES[format.encoding];
  }

  /** Takes the next frame, whose bytes are only read; returns whether it is voiced. Allocates nothing. */
  push(frame: Buffer): boolean {
    const samples = Math.floor(frame.length / this.#bytesPerSample);
    if (samples === 0) return false;
    const energy = this.#squares ? energyOfCodes(frame, this.#squares) : energyOfSamples(frame, samples);
    const level = energy / samples;
    const isVoiced = level > this.#floor * VOICE_OVER_FLOOR;
    this.#follow(level, frame.length / this.#bytesPerMs);
    return isVoiced;
  }

  /** Voiced frames count too: otherwise noise that became louder would be a voice for the rest of the call. */
  #follow(level: number, frameMs: number): void {
    const floor =
      level < this.#floor
        ? Math.max(level, this.#floor * Math.exp(FALL_PER_MS * frameMs))
        : Math.min(level, this.#floor * Math.exp(RISE_PER_MS * frameMs));
    this.#floor = Math.min(Math.max(floor, LOWEST_FLOOR), HIGHEST_FLOOR);
  }
}

function energyOfCodes(frame: Buffer, squares: Int32Array): number {
  let energy = 0;
  for (let i = 0; i < frame.length; i++) energy += squares[frame[i] as number] as number;
  return energy;
}

/** By bytes, as a frame may lie at an odd place in memory, where no Int16Array can. */
function energyOfSamples(frame: Buffer, samples: number): number {
  let energy = 0;
  for (let i = 0; i < 2 * samples; i += 2) {
    const sample = (((frame[i + 1] as number) << 24) >> 16) | (frame[i] as number);
    energy += sample * sample;
  }
  return energy;
}

function squaresOf(encoding: G711Encoding): Int32Array {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
  const pcm = new Int16Array(codes.length);
  decodeG711(encoding, codes, { pcm, offset: 0 });
  return Int32Array.from(pcm, (sample) => sample * sample);
}

/** The mean square at a level in dBFS. */
function levelOf(dbfs: number): number {
  return FULL_SCALE ** 2 * ratioOf(dbfs);
}

function ratioOf(db: number): number {
  return 10 ** (db / 10);
}

/** For `Math.exp`: what a change in dB per second is in a millisecond. */
function exponentPerMs(dbPerSecond: number): number {
  return (Math.LN10 * dbPerSecond) / 10 / 1000;
}
