// Where the callee's frames belong on the timeline of a recording. They come when the network lets them: the quickest
// ones tell when they were spoken, and the others stand in a row with them. What is missing becomes silence.

import type { RecorderTimeline } from './recorder-timeline';

/** A frame that is later than its place by more than this did not just wait: something is missing before it. */
const JITTER_MS = 100;

/** Being off by this is not heard. Beyond it, the row is moved when nobody speaks. */
const TOLERANCE_MS = 15;

/** The quickest of the frames of this time is not late: one that has nothing to wait for is among them. */
const OBSERVED_MS = 2_000;

/** Below this, samples are the noise of a line: nobody misses them, and silence beside them does not click. */
const QUIET_PEAK = 500;

/** The callee's side. */
export class RecorderCallee {
  readonly #timeline: RecorderTimeline;
  readonly #jitter: number;
  readonly #tolerance: number;
  readonly #observedTime: number;
  /** Where the next frame stands if it follows the last one. */
  #head = 0;
  /** True until the first frame of a stream. */
  #isNewRow = true;
  /** Where the audio after the last silence begins, and how much of that silence may still be taken back. */
  #gapEnd = 0;
  #gapSamples = 0;
  /** By how much the quickest frame was late, and of how many samples that is the quickest. */
  #leastLateness = Infinity;
  #observedSamples = 0;

  constructor(timeline: RecorderTimeline, sampleRateHz: number) {
    this.#timeline = timeline;
    this.#jitter = (JITTER_MS * sampleRateHz) / 1000;
    this.#tolerance = (TOLERANCE_MS * sampleRateHz) / 1000;
    this.#observedTime = (OBSERVED_MS * sampleRateHz) / 1000;
  }

  /** The end of what there is. */
  get end(): number {
    return this.#head;
  }

  /** Another stream: its frames are in no row with those before. */
  startRow(): void {
    this.#isNewRow = true;
  }

  /** Takes samples that came in at the place `arrivedAt`. */
  push(samples: Int16Array, arrivedAt: number): void {
    const lateness = arrivedAt - this.#head;
    if (lateness > (this.#isNewRow ? 0 : this.#jitter)) this.#leaveGap(lateness);
    else if (lateness < 0) this.#closeGap(-lateness);
    this.#isNewRow = false;
    const kept = this.#withoutExcess(samples, this.#head - arrivedAt);
    this.#timeline.put('callee', this.#head, kept);
    this.#observe(arrivedAt - this.#head, samples);
    this.#head += kept.length;
    this.#catchUp(samples);
  }

  /** So many samples will never come; `now` is where the timeline is: nothing that comes was spoken after that. */
  skip(samples: number, now: number): void {
    const missing = Math.min(samples, now - this.#head);
    if (missing > 0 && !this.#isNewRow) this.#leaveGap(missing);
  }

  #leaveGap(samples: number): void {
    this.#head += samples;
    this.#gapEnd = this.#head;
    this.#gapSamples = samples;
    this.#forgetLateness();
  }

  /** A frame came before its place: what counted as missing had only waited, and now stands where it belongs. */
  #closeGap(samples: number): void {
    const by = Math.min(samples, this.#gapSamples, this.#gapEnd - this.#timeline.written);
    if (by <= 0) return;
    this.#timeline.moveBack('callee', { from: this.#gapEnd, to: this.#head }, by);
    this.#gapEnd -= by;
    this.#gapSamples -= by;
    this.#head -= by;
    this.#forgetLateness();
  }

  /** Before its place, and no silence to take back: the other clock is faster, or what came was no real time. */
  #withoutExcess(samples: Int16Array, ahead: number): Int16Array {
    const mayCut = ahead > this.#jitter || (ahead > this.#tolerance && isQuiet(samples));
    return mayCut ? samples.subarray(Math.min(ahead, samples.length)) : samples;
  }

  #observe(lateness: number, samples: Int16Array): void {
    this.#leastLateness = Math.min(this.#leastLateness, lateness);
    this.#observedSamples += samples.length;
  }

  /** When even the quickest frames are late, some are missing, or the other clock is slower. */
  #catchUp(samples: Int16Array): void {
    if (this.#observedSamples < this.#observedTime) return;
    const lateness = this.#leastLateness;
    if (lateness <= this.#tolerance) this.#forgetLateness();
    else if (isQuiet(samples)) this.#leaveGap(lateness);
  }

  #forgetLateness(): void {
    this.#leastLateness = Infinity;
    this.#observedSamples = 0;
  }
}

function isQuiet(samples: Int16Array): boolean {
  for (const sample of samples) if (sample > QUIET_PEAK || sample < -QUIET_PEAK) return false;
  return true;
}
