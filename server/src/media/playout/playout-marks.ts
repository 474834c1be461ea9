// The marks of one call's playout: which are still to come back, and what those that came say about the carrier.

import type { PlayoutSpan } from './playout-span';

// A carrier this far behind our clock is not late, it has lost its marks.
const MAX_CARRIER_DELAY_MS = 1_000;

// The carrier cannot have played what it has not had for long enough; a frame of tolerance for its own clock.
const EARLY_MARK_MS = 20;

// Of the last few marks, the least delayed tells the carrier's delay: the others waited for something on the way.
const KEPT_DELAYS = 4;

type OpenMark = { readonly span: PlayoutSpan; readonly positionMs: number; readonly dueMs: number };

/** The open marks, and the carrier's delay as the echoed ones tell it. */
export class PlayoutMarks {
  /** Names are never used twice: a mark that is not in here was cleared, or is of another stream. */
  readonly #open = new Map<string, OpenMark>();
  #lastMark = 0;
  #delaysMs: number[] = [];

  /** By how much the carrier plays later than our clock says; undefined before the first mark came back. */
  get delayMs(): number | undefined {
    return this.#delaysMs.length > 0 ? Math.min(...this.#delaysMs) : undefined;
  }

  /** Opens a mark at the end of what was sent of the item, which is played at `dueMs`; returns its name. */
  open(span: PlayoutSpan, dueMs: number): string {
    this.#lastMark += 1;
    const name = `mark-${this.#lastMark}`;
    this.#open.set(name, { span, positionMs: span.sentMs, dueMs });
    span.markedMs = span.sentMs;
    return name;
  }

  /** The carrier echoes a mark: what was sent before it was played. One that cannot be true yet is left to the clock. */
  onMark(name: string, nowMs: number, roundTripMs: number): void {
    const mark = this.#open.get(name);
    if (!mark) return;
    this.#open.delete(name);
    const lateMs = nowMs - mark.dueMs;
    if (lateMs < -EARLY_MARK_MS) return;
    mark.span.confirm(mark.positionMs);
    // The mark's own way back is no delay of the sound.
    const delayMs = Math.min(Math.max(lateMs - roundTripMs / 2, 0), MAX_CARRIER_DELAY_MS);
    this.#delaysMs = [...this.#delaysMs.slice(1 - KEPT_DELAYS), delayMs];
  }

  /** The item is over: its marks tell nothing any more. */
  forget(over: PlayoutSpan): void {
    for (const [name, { span }] of this.#open) if (span === over) this.#open.delete(name);
  }

  /** What was marked will not be played: marks that a clear gives back confirm nothing. */
  clear(): void {
    this.#open.clear();
  }

  /** Another stream, of which nothing is known. */
  reset(): void {
    this.#open.clear();
    this.#delaysMs = [];
  }
}
