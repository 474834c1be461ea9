// WebSocket frames by hand (RFC 6455), for peers that must cost next to nothing: whole text frames, no extensions.

/** The opcodes that occur. */
export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const FINAL_FRAGMENT = 0x80;
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_IN_16_BITS = 126;
const LENGTH_IN_64_BITS = 127;
const MASK_BYTES = 4;
const EMPTY = Buffer.alloc(0);

// Any key is legal; zeros would let the receiver skip the unmasking that a real peer makes it do.
const CLIENT_MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** One frame inside a received buffer; valid only during the call that hands it over. */
export type ReceivedFrame = {
  readonly bytes: Buffer;
  readonly opcode: number;
  readonly start: number;
  readonly end: number;
  /** Where the masking key is; -1 when the payload is plain. */
  readonly maskAt: number;
};

/** A frame as a server sends it: plain. `text` is ASCII. */
export function serverFrame(opcode: number, text: string): Buffer {
  const start = headerBytes(text.length);
  const frame = Buffer.allocUnsafe(start + text.length);
  writeHeader(frame, opcode, text.length);
  frame.write(text, start, 'latin1');
  return frame;
}

/** A frame as a client sends it: masked. `text` is ASCII. */
export function clientFrame(opcode: number, text: string): Buffer {
  const start = headerBytes(text.length) + MASK_BYTES;
  const frame = Buffer.allocUnsafe(start + text.length);
  writeHeader(frame, opcode, text.length);
  frame[1] = (frame[1] as number) | MASKED;
  frame.set(CLIENT_MASK, start - MASK_BYTES);
  frame.write(text, start, 'latin1');
  for (let i = 0; i < text.length; i++) {
    frame[start + i] = (frame[start + i] as number) ^ (CLIENT_MASK[i & 3] as number);
  }
  return frame;
}

/** The text of a frame, or of the part from `from` to `to` of it. */
export function frameText(frame: ReceivedFrame, from = 0, to = frame.end - frame.start): string {
  const { bytes, start, maskAt } = frame;
  if (maskAt < 0) return bytes.toString('latin1', start + from, start + to);
  const plain = Buffer.allocUnsafe(to - from);
  for (let i = from; i < to; i++) {
    plain[i - from] = (bytes[start + i] as number) ^ (bytes[maskAt + (i & 3)] as number);
  }
  return plain.toString('latin1');
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  readonly #onFrame: (frame: ReceivedFrame) => void;
  #rest: Buffer = EMPTY;

  constructor(onFrame: (frame: ReceivedFrame) => void) {
    this.#onFrame = onFrame;
  }

  /** Hands over every frame that the chunk completes. @throws Error for fragments, which nobody here sends */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let end = this.#next(bytes, at); end > 0; end = this.#next(bytes, at)) at = end;
    this.#rest = at === bytes.length ? EMPTY : bytes.subarray(at);
  }

  /** Reads the frame at `at`; returns where it ends, or 0 when it is not complete. */
  #next(bytes: Buffer, at: number): number {
    if (bytes.length < at + 2) return 0;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    if ((first & FINAL_FRAGMENT) === 0) throw new Error('A fragmented WebSocket message came in');
    const short = second & LENGTH_BITS;
    const lengthEnd = at + 2 + (short === LENGTH_IN_16_BITS ? 2 : short === LENGTH_IN_64_BITS ? 8 : 0);
    const isMasked = (second & MASKED) !== 0;
    const start = isMasked ? lengthEnd + MASK_BYTES : lengthEnd;
    if (bytes.length < start) return 0;
    const length = short < LENGTH_IN_16_BITS ? short : bytes.readUIntBE(...lengthField(lengthEnd, short));
    const end = start + length;
    if (bytes.length < end) return 0;
    this.#onFrame({ bytes, opcode: first & 0x0f, start, end, maskAt: isMasked ? lengthEnd : -1 });
    return end;
  }
}

/** Of 64 bits, the lower 48 are read: more does not fit into memory. */
function lengthField(lengthEnd: number, short: number): [offset: number, bytes: number] {
  return short === LENGTH_IN_16_BITS ? [lengthEnd - 2, 2] : [lengthEnd - 6, 6];
}

function headerBytes(length: number): number {
  if (length < LENGTH_IN_16_BITS) return 2;
  return length < 0x1_0000 ? 4 : 10;
}

function writeHeader(frame: Buffer, opcode: number, length: number): void {
  frame[0] = FINAL_FRAGMENT | opcode;
  if (length < LENGTH_IN_16_BITS) {
    frame[1] = length;
  } else if (length < 0x1_0000) {
    frame[1] = LENGTH_IN_16_BITS;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_IN_64_BITS;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
}
