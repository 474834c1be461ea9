// A list of phone numbers out of a file, a million of them if need be: read in pieces, and kept in eight bytes each.

// Sorting so many takes about a millisecond, which nobody hears in a call.
const SLICE = 16_384;

const MIN_DIGITS = 7;
const MAX_DIGITS = 15;

// Enough to find the rest.
const MAX_LINES_NAMED = 10;

const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [HASH, OPEN, PLUS, ZERO, NINE] = [0x23, 0x28, 0x2b, 0x30, 0x39];
const BLANKS = new Set([SPACE, TAB, CARRIAGE_RETURN]);
// What people write between digits: ( ) - . and blanks.
const BETWEEN_DIGITS = new Set([...BLANKS, OPEN, 0x29, 0x2d, 0x2e]);
const BYTE_ORDER_MARK = new Set([0xef, 0xbb, 0xbf]);

/** Numbers in E.164 form, in sorted slices. */
export class NumberList {
  readonly #slices: readonly Float64Array[];
  readonly size: number;

  constructor(slices: readonly Float64Array[]) {
    this.#slices = slices;
    this.size = slices.reduce((sum, { length }) => sum + length, 0);
  }

  /** Whether the number, in E.164 form, is in the list. */
  has(number: string): boolean {
    // Fifteen digits at most: a double holds them exactly.
    const wanted = Number(number.slice(1));
    return this.#slices.some((slice) => hasSorted(slice, wanted));
  }
}

/** Lines that are neither numbers nor comments: the first of them, and how many there are. */
export type WrongLines = { readonly first: readonly number[]; readonly count: number };

/**
 * Reads one number a line, piece by piece. `#` begins a comment; blanks, dashes, dots and parentheses between the digits
 * do not matter, but for a `(0)`, of which nobody can tell whether it is dialled.
 */
export class NumberListReader {
  readonly #slices: Float64Array[] = [];
  readonly #wrongLines: number[] = [];
  #wrongCount = 0;
  #slice = new Float64Array(SLICE);
  #filled = 0;
  #lineNumber = 1;
  #part: 'start' | 'number' | 'comment' | 'wrong' = 'start';
  #value = 0;
  #digits = 0;
  #lastByte = 0;

  /** Takes the next piece of the file. */
  read(piece: Uint8Array): void {
    for (const byte of piece) {
      if (byte === LINE_FEED) this.#endLine();
      else if (this.#part === 'number') this.#inNumber(byte);
      else if (this.#part === 'start') this.#atStart(byte);
      this.#lastByte = byte;
    }
  }

  /** The file is at its end: all its numbers, or the lines that are wrong. */
  finish(): NumberList | WrongLines {
    this.#endLine();
    if (this.#wrongCount > 0) return { first: this.#wrongLines, count: this.#wrongCount };
    this.#slices.push(this.#slice.slice(0, this.#filled).sort());
    return new NumberList(this.#slices);
  }

  #atStart(byte: number): void {
    if (BLANKS.has(byte) || (this.#lineNumber === 1 && BYTE_ORDER_MARK.has(byte))) return;
    this.#part = byte === PLUS ? 'number' : byte === HASH ? 'comment' : 'wrong';
  }

  #inNumber(byte: number): void {
    if (byte >= ZERO && byte <= NINE) {
      const isDoubtful = byte === ZERO && (this.#digits === 0 || this.#lastByte === OPEN);
      if (isDoubtful || this.#digits === MAX_DIGITS) return this.#rejectLine();
      this.#value = this.#value * 10 + byte - ZERO;
      this.#digits += 1;
    } else if (byte === HASH) {
      this.#endNumber();
      if (this.#part === 'number') this.#part = 'comment';
    } else if (!BETWEEN_DIGITS.has(byte)) this.#rejectLine();
  }

  #endLine(): void {
    if (this.#part === 'number') this.#endNumber();
    if (this.#part === 'wrong') this.#noteWrongLine();
    this.#lineNumber += 1;
    this.#part = 'start';
    this.#value = 0;
    this.#digits = 0;
  }

  #endNumber(): void {
    if (this.#digits < MIN_DIGITS) return this.#rejectLine();
    this.#slice[this.#filled] = this.#value;
    this.#filled += 1;
    if (this.#filled < SLICE) return;
    this.#slices.push(this.#slice.sort());
    this.#slice = new Float64Array(SLICE);
    this.#filled = 0;
  }

  #rejectLine(): void {
    this.#part = 'wrong';
  }

  #noteWrongLine(): void {
    this.#wrongCount += 1;
    if (this.#wrongLines.length < MAX_LINES_NAMED) this.#wrongLines.push(this.#lineNumber);
  }
}

function hasSorted(slice: Float64Array, wanted: number): boolean {
  let [low, high] = [0, slice.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slice[middle] ?? Infinity) < wanted) low = middle + 1;
    else high = middle;
  }
  return slice[low] === wanted;
}
