// Reads the L16 audio of one stream: little-endian for those who listen, whatever the wire has. While the byte order is
// not sure, the first sound is held back for a few frames, since samples read the wrong way round are a burst of noise.

import { type L16ByteOrder, L16Check } from './l16-byte-order';

const BYTES_PER_SAMPLE = 2;

// Sound that has not told by now, noise for example, is not worth more of a delay: 100 ms.
const MAX_HELD_FRAMES = 5;

/** What becomes of the frames. */
export interface L16Listener {
  /** The next frame, little-endian, whole samples; borrowed. */
  onFrame(frame: Buffer): void;
  /** The order was believed to be the other one. */
  onCorrected(): void;
}

/** The L16 audio of one stream. */
export class L16Reader {
  readonly #known: L16ByteOrder;
  readonly #listener: L16Listener;
  readonly #check: L16Check;
  #held: Buffer[] = [];
  /** Nothing is held back any more, whatever comes. */
  #isFlowing = false;

  constructor(known: L16ByteOrder, listener: L16Listener) {
    this.#known = known;
    this.#listener = listener;
    this.#check = new L16Check(known);
  }

  /** Takes a frame from the wire; its memory may be changed. Half a sample at its end is dropped. */
  take(frame: Buffer): void {
    const whole = frame.length % BYTES_PER_SAMPLE === 0 ? frame : frame.subarray(0, -1);
    if (this.#check.observe(whole)) this.#listener.onCorrected();
    this.#isFlowing ||= this.#known.isCertain || this.#check.isOver || this.#held.length === MAX_HELD_FRAMES;
    if (!this.#isFlowing && this.#check.hasSound) {
      this.#held.push(Buffer.from(whole));
      return;
    }
    this.finish();
    this.#deliver(whole);
  }

  /** Delivers what is held back. */
  finish(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    for (const frame of held) this.#deliver(frame);
  }

  #deliver(frame: Buffer): void {
    this.#listener.onFrame(this.#known.order === 'big' ? frame.swap16() : frame);
  }
}
