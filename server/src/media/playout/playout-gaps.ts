// The gaps in the middle of a playout's items: how often, and for how long, the carrier had nothing to play.

// Shorter gaps are the jitter of clocks, not of the AI, and nobody hears them.
const MIN_UNDERRUN_MS = 1;

/** Counts gaps. */
export class PlayoutGaps {
  #underruns = 0;
  #underrunMs = 0;

  /** All of them so far. */
  get stats(): { readonly underruns: number; readonly underrunMs: number } {
    return { underruns: this.#underruns, underrunMs: this.#underrunMs };
  }

  /** What goes on comes so much later than what was before it ended; negative when it comes in time. */
  note(gapMs: number): void {
    if (gapMs < MIN_UNDERRUN_MS) return;
    this.#underruns += 1;
    this.#underrunMs += gapMs;
  }
}
