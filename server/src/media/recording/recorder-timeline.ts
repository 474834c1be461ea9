// The last seconds of a recording, both sides on one timeline of samples: as long as a moment is in here, what was heard
// in it can still be put right. Then it is written, left and right together.

const CHANNELS = 2;
const BYTES_PER_SAMPLE = 2;

/** Left and right. */
export type Channel = 'callee' | 'ai';

/** A stretch of the timeline, in samples. */
export type Stretch = {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
};

const INDEX: Readonly<Record<Channel, 0 | 1>> = { callee: 0, ai: 1 };

/** A window over two channels that begins where the file ends. */
export class RecorderTimeline {
  /** Interleaved; silence wherever nothing was put. */
  readonly #ring: Int16Array;
  readonly #bytes: Buffer;
  readonly #capacity: number;
  readonly #write: (stereoPcm: Buffer) => void;
  #written = 0;

  /** `write` gets memory that is valid during the call only. */
  constructor(capacitySamples: number, write: (stereoPcm: Buffer) => void) {
    this.#capacity = capacitySamples;
    this.#ring = new Int16Array(capacitySamples * CHANNELS);
    this.#bytes = Buffer.from(this.#ring.buffer);
    this.#write = write;
  }

  /** Everything before is in the file. */
  get written(): number {
    return this.#written;
  }

  /** Puts samples from `at` on; what lies outside of the window is left out. */
  put(channel: Channel, at: number, samples: Int16Array): void {
    const first = Math.max(0, this.#written - at);
    const end = Math.min(samples.length, this.#written + this.#capacity - at);
    let index = this.#indexOf(channel, at + first);
    for (let i = first; i < end; i++) {
      this.#ring[index] = samples[i] as number;
      index = this.#next(index);
    }
  }

  /** Makes a stretch silent. */
  erase(channel: Channel, { from, to }: Stretch): void {
    const start = Math.max(from, this.#written);
    let index = this.#indexOf(channel, start);
    for (let at = start; at < to; at++) {
      this.#ring[index] = 0;
      index = this.#next(index);
    }
  }

  /** Moves a stretch to an earlier place; what it leaves is silent. */
  moveBack(channel: Channel, { from, to }: Stretch, by: number): void {
    let target = this.#indexOf(channel, from - by);
    let source = this.#indexOf(channel, from);
    for (let at = from; at < to; at++) {
      this.#ring[target] = this.#ring[source] as number;
      target = this.#next(target);
      source = this.#next(source);
    }
    this.erase(channel, { from: to - by, to });
  }

  /** Writes everything before `end`. */
  writeTo(end: number): void {
    while (this.#written < end) {
      const start = this.#written % this.#capacity;
      const count = Math.min(end - this.#written, this.#capacity - start);
      const bytesPerFrame = CHANNELS * BYTES_PER_SAMPLE;
      this.#write(this.#bytes.subarray(start * bytesPerFrame, (start + count) * bytesPerFrame));
      this.#ring.fill(0, start * CHANNELS, (start + count) * CHANNELS);
      this.#written += count;
    }
  }

  #indexOf(channel: Channel, at: number): number {
    return (at % this.#capacity) * CHANNELS + INDEX[channel];
  }

  #next(index: number): number {
    const next = index + CHANNELS;
    return next < this.#ring.length ? next : next - this.#ring.length;
  }
}
