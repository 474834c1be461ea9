// The last of the callee's audio, as it came from the carrier: what a realtime session has not accounted for when it is
// lost can be given to the next one. In blocks, as a copy of each frame of each call would be thousands a second.

const BLOCK_BYTES = 4_096;

/** A stretch of audio that is kept from its end on; places in it are counted in bytes since the call began. */
export class KeptAudio {
  readonly #maxBytes: number;
  #blocks: Buffer[] = [];
  /** Place of the first byte of the first block. */
  #baseByte: number;
  #endByte: number;
  #startByte: number;
  #spare: Buffer | undefined;

  /** @param fromByte The place of the first byte that comes. */
  constructor(maxBytes: number, fromByte = 0) {
    this.#maxBytes = maxBytes;
    this.#baseByte = fromByte;
    this.#startByte = fromByte;
    this.#endByte = fromByte;
  }

  /** The place behind the newest byte. */
  get endByte(): number {
    return this.#endByte;
  }

  /** The place of the oldest byte that there is. */
  get startByte(): number {
    return this.#startByte;
  }

  /** Keeps a copy of the frame; when there is too much, the oldest goes. */
  add(frame: Uint8Array): void {
    for (let from = 0; from < frame.length;) {
      const inBlocks = this.#endByte - this.#baseByte;
      const offset = inBlocks % BLOCK_BYTES;
      if (inBlocks === this.#blocks.length * BLOCK_BYTES) this.#addBlock();
      const isOnePart = from === 0 && frame.length <= BLOCK_BYTES - offset;
      const part = isOnePart ? frame : frame.subarray(from, from + BLOCK_BYTES - offset);
      this.#blocks.at(-1)?.set(part, offset);
      this.#endByte += part.length;
      from += part.length;
    }
    this.forgetBefore(this.#endByte - this.#maxBytes);
  }

  /** What came before this place is not needed any more. */
  forgetBefore(byte: number): void {
    this.#startByte = Math.max(this.#startByte, Math.min(byte, this.#endByte));
    while (this.#blocks.length > 0 && this.#baseByte + BLOCK_BYTES <= this.#startByte) {
      this.#spare = this.#blocks.shift();
      this.#baseByte += BLOCK_BYTES;
    }
  }

  /** The audio from one place to another, as far as there is any. */
  read(fromByte: number, toByte = this.#endByte): Buffer {
    const from = Math.max(fromByte, this.#startByte) - this.#baseByte;
    const to = Math.min(toByte, this.#endByte) - this.#baseByte;
    const first = Math.floor(from / BLOCK_BYTES);
    const blocks = this.#blocks.slice(first, Math.ceil(Math.max(to, 0) / BLOCK_BYTES));
    const before = first * BLOCK_BYTES;
    return Buffer.concat(blocks).subarray(from - before, Math.max(from, to) - before);
  }

  #addBlock(): void {
    this.#blocks.push(this.#spare ?? Buffer.allocUnsafe(BLOCK_BYTES));
    this.#spare = undefined;
  }
}
