// Callee audio that the realtime session cannot take just now: not ready yet, or congested. Nothing of the first words
// is lost, and what a stalled connection costs is bounded.

// 5 s of PCM16 24 kHz. A session that takes longer has other problems; then the oldest audio goes first.
const MAX_HELD_BYTES = 5 * 24_000 * 2;

/** A bounded first-in, first-out store of audio frames. */
export class HeldAudio {
  #frames: Buffer[] = [];
  #bytes = 0;

  add(frame: Buffer): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    while (this.#bytes > MAX_HELD_BYTES) this.#bytes -= this.#frames.shift()?.length ?? this.#bytes;
  }

  /** Returns everything held, oldest first, and holds nothing. */
  release(): Buffer[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames;
  }
}
