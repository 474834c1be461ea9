// The end of personal data: once an hour, the words and the audio of calls that are old enough are deleted, and whom
// anybody has dialled more than a day ago.

import type { Clock, Logger, Timer } from '../ports';
import type { DialLedger, RecordingFiles, Retention } from '../record-ports';

const DAY_MS = 24 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 60 * 60 * 1000;

// So many calls a step: a database that is busy with deleting is slow for everybody else.
const CALLS_PER_STEP = 50;

// The first one when a start with all its work is over.
const FIRST_AFTER_MS = 10_000;

/** What a sweep works with. */
export type RetentionSweepDeps = {
  readonly retention: Retention;
  readonly recordings: Pick<RecordingFiles, 'remove' | 'removeOlderThan'>;
  readonly dials: Pick<DialLedger, 'forget'>;
  /** Undefined: no words and no audio are deleted. */
  readonly days: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
};

/** Deletes what is too old. Idempotent `close()`. */
export class RetentionSweep {
  readonly #deps: RetentionSweepDeps;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(deps: RetentionSweepDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#sweepAfter(FIRST_AFTER_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Deletes all that is due now; what fails is tried again by the next sweep. */
  async sweep(): Promise<void> {
    await this.#forgetDials();
    const { days, recordings, clock, log } = this.#deps;
    if (days === undefined) return;
    const endedBeforeMs = clock.nowMs() - days * DAY_MS;
    try {
      const calls = await this.#purge(endedBeforeMs);
      await recordings.removeOlderThan(endedBeforeMs);
      if (calls > 0) log.info('Words and audio of old calls were deleted', { calls });
    } catch (error) {
      log.warn('Old calls could not be deleted', { error });
    }
  }

  /** No limit looks back any further. */
  async #forgetDials(): Promise<void> {
    const { dials, clock, log } = this.#deps;
    try {
      await dials.forget(clock.nowMs() - DAY_MS);
    } catch (error) {
      log.warn('Whom was dialled a day ago could not be forgotten', { error });
    }
  }

  async #purge(endedBeforeMs: number): Promise<number> {
    const { retention } = this.#deps;
    // As long as the words of such a call are there, it is found again; until then others have their turn.
    const stuck = new Set<string>();
    let count = 0;
    while (!this.#isClosed) {
      const limit = CALLS_PER_STEP + stuck.size;
      const found = await retention.expired(endedBeforeMs, limit);
      const silenced = await this.#removeAudio(found, stuck);
      await retention.purge(silenced);
      count += silenced.length;
      if (found.length < limit) break;
    }
    return count;
  }

  /** Returns the calls of which no audio is left; the others are `stuck`. */
  async #removeAudio(callIds: readonly string[], stuck: Set<string>): Promise<readonly string[]> {
    const { recordings, log } = this.#deps;
    const silenced: string[] = [];
    for (const callId of callIds) {
      if (stuck.has(callId)) continue;
      try {
        await recordings.remove(callId);
        silenced.push(callId);
      } catch (error) {
        stuck.add(callId);
        log.warn('An old recording could not be deleted', { callId, error });
      }
    }
    return silenced;
  }

  #sweepAfter(delayMs: number): void {
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.after(delayMs, () => {
      void this.sweep().then(() => this.#sweepAfter(SWEEP_EVERY_MS));
    });
  }
}
