// Time from the moment when a frame was due at the generator to its arrival on the other leg, and whether all of them
// came. Audio is counted in bytes, so what is made up while as much is lost looks like the real thing: only more audio
// than was due so far can be told apart.

/** A distribution, milliseconds; null when nothing was measured, Infinity for frames that never came. */
export type LatencyFigures = {
  /** All that were sent, whether they came or not. */
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
};

// Frames under way in one call and direction: ten seconds' worth, after which the oldest is lost.
const RING_FRAMES = 512;

/** The values of the window in which frames are due that count. */
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

  /** `atMs` decides whether the value counts: a frame that was due in the window counts whenever it arrives. */
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
    const at = (share: number): number | null => sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? null;
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
  readonly #dueAtMs = new Float64Array(RING_FRAMES);
  #sent = 0;
  /** Frames whose latency is known, be it infinite. */
  #settled = 0;
  #receivedBytes = 0;
  #extra = 0;

  constructor(frameBytes: number, window: MeasuringWindow) {
    this.#frameBytes = frameBytes;
    this.#window = window;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Whole frames that arrived, whatever they were. */
  get received(): number {
    return Math.floor(this.#receivedBytes / this.#frameBytes);
  }

  /** Frames that arrived before anything was sent that they could be: audio that was doubled or made up. */
  get extra(): number {
    return this.#extra;
  }

  /** Frames that were sent and have not arrived; extra ones do not make up for them. */
  get lost(): number {
    return this.#sent + this.#extra - this.received;
  }

  /** A frame leaves that was due at `dueMs`. */
  onSent(dueMs: number): void {
    if (this.#sent - this.#settled === RING_FRAMES) this.#settle(Infinity);
    this.#dueAtMs[this.#sent % RING_FRAMES] = dueMs;
    this.#sent += 1;
  }

  onReceived(bytes: number, nowMs = performance.now()): void {
    this.#receivedBytes += bytes;
    const { received } = this;
    // Extra frames came first: those after them are the frames that were sent.
    this.#extra = Math.max(this.#extra, received - this.#sent);
    while (this.#settled < Math.min(received - this.#extra, this.#sent)) this.#settle(nowMs);
  }

  /** What has not arrived by now counts as infinitely late. */
  giveUp(): void {
    while (this.#settled < this.#sent) this.#settle(Infinity);
  }

  #settle(arrivedMs: number): void {
    const dueMs = this.#dueAtMs[this.#settled % RING_FRAMES] as number;
    this.#settled += 1;
    this.#window.add(arrivedMs - dueMs, dueMs);
  }
}
