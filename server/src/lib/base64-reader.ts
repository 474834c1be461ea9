// Only as much is kept for reuse; larger texts, which are rare, get memory of their own.
const MAX_KEPT_BYTES = 64 * 1024;

/** Decodes base64 again and again into the same memory. */
export class Base64Reader {
  #memory = Buffer.alloc(0);
  #lent = Buffer.alloc(0);

  /** Returns the bytes, borrowed until the next call; characters that are not base64 are skipped, as in Node. */
  read(text: string): Buffer {
    const mostBytes = Math.ceil((text.length * 3) / 4);
    if (mostBytes > MAX_KEPT_BYTES) return Buffer.from(text, 'base64');
    if (mostBytes > this.#memory.length) this.#memory = Buffer.allocUnsafeSlow(mostBytes);
    const length = this.#memory.write(text, 'base64');
    // Frames are of one size: the same view serves again and again.
    if (this.#lent.length !== length || this.#lent.buffer !== this.#memory.buffer) {
      this.#lent = this.#memory.subarray(0, length);
    }
    return this.#lent;
  }
}
