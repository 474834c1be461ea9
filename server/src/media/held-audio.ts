// Callee audio that the realtime session cannot take just now: not ready yet, or congested. Nothing of the first words
// is lost, and what a stalled connection costs is bounded.

/** A bounded first-in, first-out store of audio frames. */
export class HeldAudio {
  readonly #maxBytes: number;
  #frames: Buffer[] = [];
  #bytes = 0;
  #droppedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** What did not fit, so far. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Keeps a copy of the frame; when there is too much, the oldest goes. */
  add(frame: Buffer): void {
    this.#frames.push(Buffer.from(frame));
    this.#bytes += frame.length;
    while (this.#bytes > this.#maxBytes) this.#droppedBytes += this.takeOldest()?.length ?? 0;
  }

  /** Removes and returns the oldest frame; undefined when nothing is held. */
  takeOldest(): Buffer | undefined {
    const oldest = this.#frames.shift();
    this.#bytes -= oldest?.length ?? 0;
    return oldest;
  }
}
