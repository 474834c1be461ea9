// The byte order of L16. Telnyx does not document it: its own demos read little-endian, RFC 3551 says big-endian. The
// setting decides, until the first second of sound of a stream says otherwise: read the wrong way round, samples are
// noise.

/** Which byte of a sample comes first on the wire. */
export type ByteOrder = 'little' | 'big';

const BYTES_PER_SAMPLE = 2;

// A second of frames that are not digital silence: by then speech, or the hum of a line, has told.
const CHECKED_FRAMES = 50;

// Mean step from sample to sample over mean amplitude: below this for voices and hum, 4/3 for white noise, and more for
// tones in the upper half of the band, which say nothing.
const SMOOTH = 0.75;
const ROUGH = 1.1;

// Sound that fits one byte is as smooth the wrong way round, but 256 times as loud.
const LOUDER = 64;

// The low bytes of sound take nearly all values; those of a wrong reading are the high bytes of a wave that repeats.
const MIN_LOW_BYTES = 40;

// Sound goes both ways from zero. Where the low bytes hardly vary (samples expanded from G.711), the wrong reading is a
// smooth wave too, but an offset one.
const MIN_SIGN_SHARE = 0.05;

// One frame may be anything; so many that agree, and none that does not, are no chance.
const AGREEING_FRAMES = 3;

/** The byte order of a carrier: what one stream has taught is true for the next. */
export class L16ByteOrder {
  #order: ByteOrder;
  #isCertain = false;

  constructor(preset: ByteOrder) {
    this.#order = preset;
  }

  get order(): ByteOrder {
    return this.#order;
  }

  /** True when sound has told; until then it is what was set. */
  get isCertain(): boolean {
    return this.#isCertain;
  }

  /** Takes what the sound of a stream has shown; returns whether it is news. */
  learn(order: ByteOrder): boolean {
    const isNews = order !== this.#order;
    this.#order = order;
    this.#isCertain = true;
    return isNews;
  }
}

/** Watches the first second of sound of one stream. */
export class L16Check {
  readonly #known: L16ByteOrder;
  #soundingFrames = 0;
  #agreeing: { readonly order: ByteOrder; readonly frames: number } | undefined;
  #isOver = false;

  constructor(known: L16ByteOrder) {
    this.#known = known;
  }

  /** True when the stream has told what it had to tell. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** True when there was anything but digital silence. */
  get hasSound(): boolean {
    return this.#soundingFrames > 0;
  }

  /** Looks at a frame as it came from the wire; returns true when it shows, and corrects, a wrong order. */
  observe(frame: Buffer): boolean {
    if (this.#isOver) return false;
    const little = reading(frame, 'little');
    if (little.steps === 0) return false;
    this.#soundingFrames += 1;
    this.#isOver = this.#soundingFrames >= CHECKED_FRAMES;
    const order = evidentOrder(little, reading(frame, 'big'));
    if (order === undefined) return false;
    this.#agreeing = { order, frames: order === this.#agreeing?.order ? this.#agreeing.frames + 1 : 1 };
    if (this.#agreeing.frames < AGREEING_FRAMES) return false;
    this.#isOver = true;
    return this.#known.learn(order);
  }
}

/** One frame read in one order: sums over its samples. */
type Reading = {
  readonly steps: number;
  readonly roughness: number;
  readonly hasBothSigns: boolean;
  readonly lowBytes: number;
};

function reading(frame: Buffer, order: ByteOrder): Reading {
  const count = Math.floor(frame.length / BYTES_PER_SAMPLE);
  let steps = 0;
  let amplitude = 0;
  let negative = 0;
  let positive = 0;
  let previous = 0;
  const lowBytes = new Set<number>();
  for (let i = 0; i < count; i++) {
    const at = i * BYTES_PER_SAMPLE;
    const sample = order === 'little' ? frame.readInt16LE(at) : frame.readInt16BE(at);
    if (i > 0) steps += Math.abs(sample - previous);
    amplitude += Math.abs(sample);
    if (sample < 0) negative += 1;
    if (sample > 0) positive += 1;
    previous = sample;
    lowBytes.add(sample & 0xff);
  }
  return {
    steps,
    roughness: steps / amplitude,
    hasBothSigns: Math.min(negative, positive) >= MIN_SIGN_SHARE * count,
    lowBytes: lowBytes.size,
  };
}

/** The order that this frame alone speaks for; undefined when it says nothing. */
function evidentOrder(little: Reading, big: Reading): ByteOrder | undefined {
  if (isSoundAgainst(little, big)) return 'little';
  return isSoundAgainst(big, little) ? 'big' : undefined;
}

function isSoundAgainst(sound: Reading, noise: Reading): boolean {
  if (!sound.hasBothSigns || sound.roughness > SMOOTH) return false;
  const isNoise = noise.roughness >= ROUGH && sound.lowBytes >= MIN_LOW_BYTES;
  return isNoise || noise.steps >= LOUDER * sound.steps;
}
