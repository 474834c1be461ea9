// What all calls of one day (UTC) may cost together. Nodes that share a database share the budget: each counts what its
// own calls spend at once, and reads now and then what all of them have spent.

import { DailyBudgetError } from '../errors';
import type { Clock, Logger, Timer } from '../ports';
import type { SpendingLimit, UsageReport } from '../record-ports';

const DAY_MS = 86_400_000;

// The spending of other nodes may be this old; a call of a minute costs cents.
const REFRESH_MS = 60_000;

// Whoever is called is not to be hung up on in the first sentence: the last of the budget belongs to calls under way.
const NEW_CALLS_SHARE = 0.95;

/** What a day's budget works with. */
export type DayBudgetDeps = {
  /** US dollars; undefined for no limit. */
  readonly limitUsd: number | undefined;
  readonly report: Pick<UsageReport, 'costSince'>;
  readonly clock: Clock;
  readonly log: Logger;
};

/**
 * The budget of the day. Idempotent `close()`.
 *
 * What is spent counts as the larger of two figures: what was counted here until the record was asked (the record's
 * last answer, and all that our own calls have spent since), and the record's new answer; and then what our calls spend
 * while it answers. Neither holds anything twice, so neither is too high, but for cents that are spent and written while a
 * database with several connections answers. What our calls have spent is in the first from the moment at which it is
 * spent, whenever it is written. What others spent in the moment before an answer may be
 * missing behind what we had not yet written, until the next answer has both.
 */
export class DayBudget implements SpendingLimit {
  readonly #deps: DayBudgetDeps;
  #dayNumber: number;
  #spentUsd = 0;
  #timer: Timer | undefined;
  #stage: 'new' | 'started' | 'closed' = 'new';

  constructor(deps: DayBudgetDeps) {
    this.#deps = deps;
    this.#dayNumber = dayNumberAt(deps.clock.nowMs());
  }

  /** US dollars that calls may still cost today, never below 0; Infinity without a limit. */
  get remainingUsd(): number {
    const { limitUsd = Infinity } = this.#deps;
    this.#turnPage();
    return Math.max(0, limitUsd - this.#spentUsd);
  }

  /** Reads what today has cost so far, and keeps an eye on it from now on; once. Never rejects. */
  async start(): Promise<void> {
    if (this.#deps.limitUsd === undefined || this.#stage !== 'new') return;
    this.#stage = 'started';
    await this.#refresh();
    this.#watch();
  }

  /** A call of ours has spent so much. */
  add(usd: number): void {
    this.#turnPage();
    this.#spentUsd += usd;
  }

  /** Whether there may be a new call. @throws DailyBudgetError */
  check(): void {
    const { limitUsd, clock } = this.#deps;
    if (limitUsd === undefined || this.remainingUsd > limitUsd * (1 - NEW_CALLS_SHARE)) return;
    const nowMs = clock.nowMs();
    throw new DailyBudgetError(Math.ceil(((dayNumberAt(nowMs) + 1) * DAY_MS - nowMs) / 1000));
  }

  close(): void {
    this.#stage = 'closed';
    this.#timer?.cancel();
  }

  #watch(): void {
    if (this.#stage === 'closed') return;
    this.#timer = this.#deps.clock.after(REFRESH_MS, () => void this.#refresh().then(() => this.#watch()));
  }

  async #refresh(): Promise<void> {
    this.#turnPage();
    const dayNumber = this.#dayNumber;
    const countedUsd = this.#spentUsd;
    try {
      const reportedUsd = await this.#deps.report.costSince(dayNumber * DAY_MS);
      // An answer about yesterday is of no use any more.
      this.#turnPage();
      if (dayNumber === this.#dayNumber) this.#spentUsd += Math.max(0, reportedUsd - countedUsd);
    } catch (error) {
      this.#deps.log.warn('What today has cost cannot be read; what is known of it holds', { error });
    }
  }

  /** A new day begins with nothing spent. */
  #turnPage(): void {
    const dayNumber = dayNumberAt(this.#deps.clock.nowMs());
    if (dayNumber === this.#dayNumber) return;
    this.#dayNumber = dayNumber;
    this.#spentUsd = 0;
  }
}

function dayNumberAt(ms: number): number {
  return Math.floor(ms / DAY_MS);
}
