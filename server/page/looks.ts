// What nobody pushes is looked at now and then: readiness, earlier calls, what today has cost. Each look is for itself:
// one that fails or hangs says nothing about the others.

import { type ApiError, isRefusal } from './api.ts';
import type { Change } from './state.ts';
import type { PastPage, Readiness } from './wire.ts';

/** What can be looked at. */
export type LookSources = {
  readonly readiness: () => Promise<Readiness | undefined>;
  readonly past: () => Promise<PastPage>;
  readonly todayUsd: (serverNowMs: number) => Promise<number>;
};

/** What looking works with. */
export type LooksOptions = {
  readonly sources: LookSources;
  /** After it, nothing is told any more. */
  readonly signal: AbortSignal;
  readonly serverNowMs: () => number;
  readonly onTold: (change: Change) => void;
  /** The key, or this machine, is not let in. */
  readonly onRefused: (error: ApiError) => void;
};

/** All looks of one session. */
export class Looks {
  readonly #options: LooksOptions;
  readonly #looks: readonly Look[];

  constructor(options: LooksOptions) {
    const { sources, serverNowMs } = options;
    this.#options = options;
    // Readiness first: it matters most, and needs no database.
    this.#looks = [
      this.#look(
        async () => ({ type: 'readiness.told', readiness: await sources.readiness() }),
        () => ({ type: 'readiness.told', readiness: undefined }),
      ),
      this.#look(
        async () => ({ type: 'past.told', page: await sources.past(), isOlder: false }),
        (words) => ({ type: 'list.troubled', words }),
      ),
      this.#look(
        async () => ({ type: 'today.told', usd: await sources.todayUsd(serverNowMs()) }),
        () => ({ type: 'today.told', usd: null }),
      ),
    ];
  }

  /** Brings everything up to date; resolves when that is done. */
  async now(): Promise<void> {
    await Promise.all(this.#looks.map((look) => look.run()));
  }

  #look(ask: () => Promise<Change>, failed: (words: string) => Change): Look {
    const { signal, onTold, onRefused } = this.#options;
    return new Look(async () => {
      try {
        const change = await ask();
        if (!signal.aborted) onTold(change);
      } catch (error) {
        if (signal.aborted) return;
        if (isRefusal(error)) onRefused(error);
        else onTold(failed(error instanceof Error ? error.message : ''));
      }
    });
  }
}

/** One look: never twice at the same time, and once more when it was asked for meanwhile. */
class Look {
  readonly #task: () => Promise<void>;
  #isRunning = false;
  #isWanted = false;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  async run(): Promise<void> {
    this.#isWanted = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#task();
    }
    this.#isRunning = false;
  }
}
