// Whether sound from the callee is enough to interrupt the AI. The server reports speech at the first syllable, which is
// as often a cough, a "mhm" or a door; with a hold, only what goes on for a while cuts the AI off.
//
// The server's end of speech cannot decide this: it comes after all of `silence_duration` (with the semantic detection,
// seconds) without speech. Waiting for it would let the AI talk over everything the callee says; interrupting unless it
// comes within the hold would let every cough through, as it always comes later than that. So the voice is measured here.

/** What decides. */
export type BargeInHoldOptions = {
  /** How much voice it takes, milliseconds; 0 for none beyond the server's word. */
  readonly holdMs: number;
};

/** One frame of the callee, as the voice meter judges it. */
export type MeteredFrame = { readonly isVoiced: boolean; readonly frameMs: number };

/** Holds an interruption back until the callee has spoken long enough. */
export class BargeInHold {
  readonly #holdMs: number;
  #isArmed = false;
  /** Voice less the pauses in it, never below 0: a few coughs far apart do not add up, words do. */
  #voicedMs = 0;
  #peakMs = 0;

  constructor({ holdMs }: BargeInHoldOptions) {
    this.#holdMs = holdMs;
  }

  /** The server reports speech over the AI's voice; returns true when that is enough by itself. Counts from 0 again. */
  onSpeechStarted(): boolean {
    this.#isArmed = this.#holdMs > 0;
    this.#voicedMs = 0;
    this.#peakMs = 0;
    return !this.#isArmed;
  }

  /** The next frame; returns true, once, when it makes the speech long enough to interrupt. */
  onFrame({ isVoiced, frameMs }: MeteredFrame): boolean {
    if (!this.#isArmed) return false;
    this.#voicedMs = Math.max(0, this.#voicedMs + (isVoiced ? frameMs : -frameMs));
    this.#peakMs = Math.max(this.#peakMs, this.#voicedMs);
    if (this.#voicedMs < this.#holdMs) return false;
    this.#isArmed = false;
    return true;
  }

  /**
   * The server reports the end of the speech. Returns, when it was held off, the most that the count reached: with a
   * hold no longer than that, it would have interrupted.
   */
  onSpeechStopped(): { readonly voicedMs: number } | undefined {
    if (!this.#isArmed) return undefined;
    this.#isArmed = false;
    return { voicedMs: this.#peakMs };
  }
}
