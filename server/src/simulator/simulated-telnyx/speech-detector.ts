/** Tells speech from silence in what a simulated callee hears, frame by frame. */
import { rms } from '../pcm';
import { FRAME_MS } from './timing';

// About -47 dBFS: above the coding noise of silence in every codec, below any voice worth the name.
const SPEECH_RMS = 150;
// Pauses between words are shorter than this; a longer one ends an utterance.
const SPEECH_HOLD_MS = 300;

/** Follows one direction of audio. */
export class SpeechDetector {
  #silentMs = Number.POSITIVE_INFINITY;

  /** How long it has been silent, 0 while there is sound, infinite before the first sound. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Whether somebody is speaking, short pauses included. */
  get isSpeaking(): boolean {
    return this.#silentMs < SPEECH_HOLD_MS;
  }

  /** Takes one frame, undefined for silence; returns true if an utterance begins with it. */
  push(frame: Int16Array | undefined): boolean {
    const wasSpeaking = this.isSpeaking;
    if (frame !== undefined && rms(frame) > SPEECH_RMS) this.#silentMs = 0;
    else this.#silentMs += FRAME_MS;
    return !wasSpeaking && this.#silentMs === 0;
  }
}
