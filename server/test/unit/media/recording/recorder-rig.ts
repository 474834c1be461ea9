// A recorder with a clock that a test moves, and what it has written. The audio is a ramp: each sample tells the
// millisecond to which it belongs, so that a recording shows what stands where.

import { type AudioFormat, PCM16_8K } from '../../../../src/audio/audio-format';
import { CallRecorder } from '../../../../src/media/recording/call-recorder';

/** Samples of a millisecond at 8 kHz. */
export const PER_MS = 8;

/** Loud, all of it: nothing here passes for a pause. */
const RAMP_FLOOR = 1_000;
const RAMP_LENGTH = 30_000;

/** The whole ramp and what follows on it, for each side. */
const RAMPS = [1, -1].map((sign) =>
  Int16Array.from({ length: 2 * RAMP_LENGTH * PER_MS }, (_, i) => {
    return sign * (RAMP_FLOOR + (Math.floor(i / PER_MS) % RAMP_LENGTH));
  }),
);

/** 16-bit audio at 8 kHz of which each millisecond has the value of its number; negative for the AI. */
export function ramp(fromMs: number, ms: number, sign: 1 | -1 = 1): Buffer {
  const first = Math.round((fromMs % RAMP_LENGTH) * PER_MS);
  const pcm = RAMPS[sign === 1 ? 0 : 1]!.subarray(first, first + Math.round(ms * PER_MS));
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

/** By how many milliseconds a sample of the ramp stands too late; undefined for silence. */
export function latenessMs(sample: number, atSample: number): number | undefined {
  if (sample === 0) return undefined;
  const spokenMs = Math.abs(sample) - RAMP_FLOOR;
  const offMs = (Math.floor(atSample / PER_MS) - spokenMs) % RAMP_LENGTH;
  if (offMs > RAMP_LENGTH / 2) return offMs - RAMP_LENGTH;
  return offMs < -RAMP_LENGTH / 2 ? offMs + RAMP_LENGTH : offMs;
}

/** The same numbers in each run. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** One recorder. The clock begins far from zero. */
export class RecorderRig {
  static readonly START_MS = 5_000;

  readonly clock = { nowMs: RecorderRig.START_MS };
  readonly recorder: CallRecorder;
  readonly opened: number[] = [];
  readonly writes: Buffer[] = [];

  constructor(outboundFormat: AudioFormat = PCM16_8K) {
    this.recorder = new CallRecorder({
      clock: this.clock,
      outboundFormat,
      open: ({ sampleRateHz }) => {
        this.opened.push(sampleRateHz);
        return { write: (stereoPcm) => void this.writes.push(Buffer.from(stereoPcm)) };
      },
    });
  }

  static streaming(calleeFormat: AudioFormat = PCM16_8K, outboundFormat?: AudioFormat): RecorderRig {
    const rig = new RecorderRig(outboundFormat);
    rig.recorder.onStream(calleeFormat);
    return rig;
  }

  /** Milliseconds since the first stream. */
  at(ms: number): this {
    this.clock.nowMs = RecorderRig.START_MS + ms;
    return this;
  }

  /** A piece of the callee's ramp that comes in now. */
  callee(fromMs: number, ms = 20): void {
    this.recorder.onCallee(ramp(fromMs, ms), this.clock.nowMs);
  }

  /** So much of the callee's audio is found to be lost now. */
  missing(ms: number): void {
    this.recorder.onCalleeMissing(ms, this.clock.nowMs);
  }

  /** A piece of the AI's ramp, to be heard from a moment on. */
  ai(fromMs: number, ms: number, startsAtMs = fromMs): void {
    this.recorder.onAi(ramp(fromMs, ms, -1), RecorderRig.START_MS + startsAtMs);
  }

  clearAi(fromMs: number): void {
    this.recorder.onAiCleared(RecorderRig.START_MS + fromMs);
  }

  get writtenSamples(): number {
    return this.writes.reduce((bytes, { length }) => bytes + length, 0) / 4;
  }

  /** Closes and returns what was written, channel by channel. */
  finish(): { left: Int16Array; right: Int16Array } {
    this.recorder.close();
    const bytes = new Uint8Array(Buffer.concat(this.writes));
    const stereo = new Int16Array(bytes.buffer);
    const side = (channel: 0 | 1): Int16Array => {
      const pcm = new Int16Array(stereo.length / 2);
      for (let i = 0; i < pcm.length; i++) pcm[i] = stereo[2 * i + channel]!;
      return pcm;
    };
    return { left: side(0), right: side(1) };
  }
}
