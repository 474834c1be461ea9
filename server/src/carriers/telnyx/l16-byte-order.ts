// The byte order of L16. Telnyx does not document it: its own demos read little-endian, RFC 3551 says big-endian. The
// setting decides, and the first second of sound overrules it, as samples read the wrong way round are noise.

/** Which byte of a sample comes first on the wire. */
export type ByteOrder = 'little' | 'big';

const BYTES_PER_SAMPLE = 2;

// A second of frames that are not digital silence: by then speech, or the hum of a line, has told.
const CHECKED_FRAMES = 50;

// Read the wrong way round, samples step by a third of full scale on average, whatever the sound. The right way round,
// speech steps by a hundredth to a sixth of that, and a loud tone by less than half. White noise has no right way.
const TELLING_RATIO = 2;

// Fewer steps than a frame's worth could be chance.
const MIN_STEPS = 160;

/** The byte order of one stream. */
export class L16ByteOrder {
  #order: ByteOrder;
  #isDecided = false;
  #frames = 0;
  #steps = 0;
  #littleSum = 0;
  #bigSum = 0;

  constructor(preset: ByteOrder) {
    this.#order = preset;
  }

  get order(): ByteOrder {
    return this.#order;
  }

  /** Looks at a frame as it came from the wire; returns true when it shows that the order is the other one. */
  observe(frame: Buffer): boolean {
    if (this.#isDecided) return false;
    this.#measure(frame);
    const { smaller, larger, evident } = this.#evidence();
    if (this.#steps < MIN_STEPS || larger < TELLING_RATIO * smaller) {
      this.#isDecided = this.#frames >= CHECKED_FRAMES;
      return false;
    }
    this.#isDecided = true;
    const isWrong = evident !== this.#order;
    this.#order = evident;
    return isWrong;
  }

  #measure(frame: Buffer): void {
    const before = this.#littleSum;
    for (let at = BYTES_PER_SAMPLE; at + 1 < frame.length; at += BYTES_PER_SAMPLE) {
      const little = Math.abs(frame.readInt16LE(at) - frame.readInt16LE(at - BYTES_PER_SAMPLE));
      if (little === 0) continue;
      this.#steps += 1;
      this.#littleSum += little;
      this.#bigSum += Math.abs(frame.readInt16BE(at) - frame.readInt16BE(at - BYTES_PER_SAMPLE));
    }
    if (this.#littleSum > before) this.#frames += 1;
  }

  #evidence(): { readonly smaller: number; readonly larger: number; readonly evident: ByteOrder } {
    const isLittle = this.#littleSum <= this.#bigSum;
    const [smaller, larger] = isLittle ? [this.#littleSum, this.#bigSum] : [this.#bigSum, this.#littleSum];
    return { smaller, larger, evident: isLittle ? 'little' : 'big' };
  }
}
