// An ear on both directions of a call. The bridge tells it what the callee said and what they heard, and when.

import type { AudioFormat } from '../audio/audio-format';

/**
 * Listens in on one call. All times are milliseconds of the media clock, as heard at the carrier: audio of the AI comes
 * before it is played, and `onAiCleared` takes back what then was not. Must not throw and must not block.
 */
export interface AudioTap {
  /** A stream is there: the callee's audio has this format from now on. */
  onStream(format: AudioFormat): void;
  /** A frame of the callee came in at `atMs`. Borrowed: copy what is to be kept. */
  onCallee(audio: Buffer, atMs: number): void;
  /** Found out at `atMs`: frames of this length will never come, and what comes next follows on them. */
  onCalleeMissing(durationMs: number, atMs: number): void;
  /** Audio in the outbound format that the callee hears from `startsAtMs` on. Borrowed. */
  onAi(audio: Buffer, startsAtMs: number): void;
  /** What was to be heard from `fromMs` on was not. */
  onAiCleared(fromMs: number): void;
  /** The call is over; nothing more comes. */
  close(): void;
}
