// Time from sending a frame to receiving it on the other leg, and whether all of them came.

/** A distribution, milliseconds. */
export type LatencyFigures = {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

// Frames under way in one call and direction: ten seconds' worth, after which nothing is measured but overload.
const RING_FRAMES = 512;

/** The values of the window in which frames are sent that count. */
export class MeasuringWindow {
  #values: Float64Array;
  #count = 0;
  #startMs = Infinity;
  #endMs = Infinity;

  constructor(expectedCount: number) {
    this.#values = new Float64Array(Math.max(expectedCount, 16));
  }

  begin(): void {
    this.#startMs = performance.now();
  }

  end(): void {
    this.#endMs = performance.now();
  }

  /** `atMs` decides whether the value counts: a frame sent in the window counts whenever it arrives. */
  add(valueMs: number, atMs: number): void {
    if (atMs < this.#startMs || atMs >= this.#endMs) return;
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = valueMs;
  }

  figures(): LatencyFigures {
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (share: number): number => sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? 0;
    return { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(1) };
  }
}

/**
 * Matches what arrives to what was sent, in one direction of one call. It counts bytes of audio, not messages, since
 * frames may be merged: frame k has arrived when its last byte has.
 */
export class FrameMatcher {
  readonly #frameBytes: number;
  readonly #window: MeasuringWindow;
  readonly #sentAtMs = new Float64Array(RING_FRAMES);
  #sent = 0;
  #received = 0;
  #receivedBytes = 0;

  constructor(frameBytes: number, window: MeasuringWindow) {
    this.#frameBytes = frameBytes;
    this.#window = window;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Whole frames that arrived; more than were sent when audio was doubled or made up. */
  get received(): number {
    return Math.floor(this.#receivedBytes / this.#frameBytes);
  }

  onSent(nowMs: number): void {
    this.#sentAtMs[this.#sent % RING_FRAMES] = nowMs;
    this.#sent += 1;
  }

  onReceived(bytes: number): void {
    const nowMs = performance.now();
    this.#receivedBytes += bytes;
    const { received } = this;
    for (; this.#received < received && this.#received < this.#sent; this.#received++) {
      const sentAtMs = this.#sentAtMs[this.#received % RING_FRAMES] as number;
      this.#window.add(nowMs - sentAtMs, sentAtMs);
    }
  }
}
