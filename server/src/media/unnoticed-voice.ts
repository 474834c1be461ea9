// Where in the callee's audio there is voice that the realtime session has not noticed. As a rule there is none for longer
// than a moment; behind a connection that died without a word it is all that the callee has said since.

// A dead connection is noticed sooner than this.
const MAX_AGE_MS = 16_000;

// A voice is recognised by its first loud frame, and begins softly.
const ONSET_MS = 300;

/** Follows one call; places are bytes of the callee's audio. */
export class UnnoticedVoice {
  #bytesPerMs = 1;
  #fromByte = Infinity;
  #lastByte = 0;
  #isNoticed = false;

  /** The audio has another format from here on. */
  reset(bytesPerMs: number): void {
    this.#bytesPerMs = bytesPerMs;
    this.#fromByte = Infinity;
  }

  onFrame(isVoiced: boolean, endByte: number): void {
    const oldestByte = endByte - MAX_AGE_MS * this.#bytesPerMs;
    if (this.#lastByte < oldestByte) this.#fromByte = Infinity;
    if (!isVoiced || this.#isNoticed) return;
    this.#lastByte = endByte;
    this.#fromByte = Math.max(Math.min(this.#fromByte, endByte - ONSET_MS * this.#bytesPerMs), oldestByte);
  }

  /** The session hears the callee speak, or stop: it is alive. */
  onNoticed(isSpeaking: boolean): void {
    this.#isNoticed = isSpeaking;
    this.#fromByte = Infinity;
  }

  /** Where it begins; Infinity when there is none. */
  get fromByte(): number {
    return this.#fromByte;
  }
}
