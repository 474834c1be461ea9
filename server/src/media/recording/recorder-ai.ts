// Where the AI's audio belongs on the timeline of a recording: at the times that are announced for it. These tremble a
// little while it plays, as the carrier's delay becomes known better; what plays without a pause stays in one piece.

import type { RecorderTimeline } from './recorder-timeline';

/** Audio that follows on other audio and is announced by this much earlier or later has only a better estimate. */
const TOLERANCE_MS = 60;

/** The AI's side. */
export class RecorderAi {
  readonly #timeline: RecorderTimeline;
  readonly #tolerance: number;
  /** The end of what is to be heard. */
  #head = 0;

  constructor(timeline: RecorderTimeline, sampleRateHz: number) {
    this.#timeline = timeline;
    this.#tolerance = (TOLERANCE_MS * sampleRateHz) / 1000;
  }

  /** The end of what there is. */
  get end(): number {
    return this.#head;
  }

  /** Takes samples that are to be heard from `startsAt` on; `now` is where the timeline is. */
  push(samples: Int16Array, { startsAt, now }: { readonly startsAt: number; readonly now: number }): void {
    const hasPaused = this.#head <= now;
    // Never before the end of what there is: two sounds at a time are not heard.
    if (hasPaused || startsAt - this.#head > this.#tolerance) this.#head = Math.max(startsAt, this.#head);
    this.#timeline.put('ai', this.#head, samples);
    this.#head += samples.length;
  }

  /** From here on nothing was heard. */
  clear(from: number): void {
    const start = Math.max(from, this.#timeline.written);
    if (start >= this.#head) return;
    this.#timeline.erase('ai', { from: start, to: this.#head });
    this.#head = start;
  }
}
