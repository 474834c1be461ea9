// Outbound audio that waits for room at the carrier, in whole frames. Audio is lent to the queue for the moment in which
// it comes: most of it goes out at once and is never copied; what has to wait is copied once, into blocks.

import { type AudioFormat, bytesPerMs, silenceByte } from '../../audio/audio-format';
import { FRAME_MS } from '../stream/stream-format';

/** How audio of one format is cut into messages for the carrier. */
export type Framing = {
  readonly bytesPerMs: number;
  readonly frameBytes: number;
  /** The longest message, in whole frames. */
  readonly chunkBytes: number;
  readonly silenceByte: number;
};

/** The framing of a format in messages of up to `chunkMs`, one frame at least. */
export function framingOf(format: AudioFormat, chunkMs: number): Framing {
  const frameBytes = FRAME_MS * bytesPerMs(format);
  const chunkBytes = Math.max(Math.floor(chunkMs / FRAME_MS), 1) * frameBytes;
  return { bytesPerMs: bytesPerMs(format), frameBytes, chunkBytes, silenceByte: silenceByte(format) };
}

/** The audio of one item that has not gone out. */
export class PlayoutQueue {
  readonly #framing: Framing;
  #waitingBytes = 0;
  /** Lent audio, as far as it has not been taken; then there is nothing in the blocks. */
  #lent: Buffer | undefined;
  /** Of one chunk each, so that frames never lie across two of them. */
  readonly #blocks: Buffer[] = [];
  #readAt = 0;
  #writeAt = 0;

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Adds audio that is the lender's until `keep` is called. */
  lend(audio: Buffer): void {
    const hasWaiting = this.#waitingBytes > 0;
    this.#waitingBytes += audio.length;
    if (hasWaiting) this.#copy(audio);
    else this.#lent = audio;
  }

  /** The lender takes its memory back: what still waits of it is copied. */
  keep(): void {
    const rest = this.#lent;
    this.#lent = undefined;
    if (rest) this.#copy(rest);
  }

  /** Whole frames, one chunk at most, of memory that is valid until the next call; undefined for less than a frame. */
  take(): Buffer | undefined {
    const audio = this.#lent ? this.#takeLent(this.#lent) : this.#takeBlock();
    if (audio) this.#waitingBytes -= audio.length;
    return audio;
  }

  /** The end, when it is shorter than a frame: padded with silence to one. */
  takeTail(): Buffer | undefined {
    this.keep();
    const block = this.#blocks[0];
    if (!block || this.#waitingBytes === 0 || this.#waitingBytes >= this.#framing.frameBytes) return undefined;
    block.fill(this.#framing.silenceByte, this.#writeAt, this.#readAt + this.#framing.frameBytes);
    const tail = block.subarray(this.#readAt, this.#readAt + this.#framing.frameBytes);
    this.#waitingBytes = 0;
    this.#rewind();
    return tail;
  }

  #takeLent(lent: Buffer): Buffer | undefined {
    const bytes = this.#wholeFrames(lent.length);
    if (bytes === 0) return undefined;
    if (bytes === lent.length) {
      this.#lent = undefined;
      return lent;
    }
    this.#lent = lent.subarray(bytes);
    return lent.subarray(0, bytes);
  }

  #takeBlock(): Buffer | undefined {
    const block = this.#blocks[0];
    if (!block) return undefined;
    const isLast = this.#blocks.length === 1;
    const bytes = this.#wholeFrames((isLast ? this.#writeAt : block.length) - this.#readAt);
    if (bytes === 0) return undefined;
    const audio = block.subarray(this.#readAt, this.#readAt + bytes);
    this.#readAt += bytes;
    if (isLast && this.#readAt === this.#writeAt) this.#rewind();
    if (!isLast && this.#readAt === block.length) {
      this.#blocks.shift();
      this.#readAt = 0;
    }
    return audio;
  }

  /** The one block that is left is empty and used again. */
  #rewind(): void {
    this.#readAt = 0;
    this.#writeAt = 0;
  }

  #wholeFrames(bytes: number): number {
    const { frameBytes, chunkBytes } = this.#framing;
    return bytes >= chunkBytes ? chunkBytes : bytes - (bytes % frameBytes);
  }

  #copy(audio: Buffer): void {
    for (let rest = audio; rest.length > 0;) {
      const block = this.#openBlock();
      const part = rest.subarray(0, block.length - this.#writeAt);
      block.set(part, this.#writeAt);
      this.#writeAt += part.length;
      rest = rest.subarray(part.length);
    }
  }

  /** The block to write to, with room. */
  #openBlock(): Buffer {
    const last = this.#blocks.at(-1);
    if (last && this.#writeAt < last.length) return last;
    const block = Buffer.allocUnsafe(this.#framing.chunkBytes);
    this.#blocks.push(block);
    this.#writeAt = 0;
    return block;
  }
}
