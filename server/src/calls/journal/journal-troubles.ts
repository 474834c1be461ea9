// What is known and said of records that cannot be written: once when it begins, then at most once a minute, and when it
// is over. Never what is in the records.

import type { Clock, Logger } from '../ports';

const LOG_GAP_MS = 60_000;

/** How the writing of records goes. */
export class JournalTroubles {
  readonly #clock: Clock;
  readonly #log: Logger;
  #failingSinceMs: number | undefined;
  #failures = 0;
  #lost = 0;
  #warnedAtMs = -Infinity;
  #lossToldAtMs = -Infinity;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Since when no write has succeeded, epoch milliseconds; undefined when all is well. */
  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs;
  }

  /** A write failed and will be tried again. */
  onFailure(error: unknown, waiting: number): void {
    this.#failures += 1;
    const isFirst = this.#failingSinceMs === undefined;
    this.#failingSinceMs ??= this.#clock.nowMs();
    if (!isFirst && this.#clock.monotonicMs() - this.#warnedAtMs < LOG_GAP_MS) return;
    this.#warnedAtMs = this.#clock.monotonicMs();
    this.#log.warn('Records cannot be written and wait', { waiting, attempt: this.#failures, error });
  }

  /** The database has answered. */
  onAnswered(): void {
    if (this.#failingSinceMs === undefined) return;
    const failedForMs = this.#clock.nowMs() - this.#failingSinceMs;
    this.#log.info('Records are written again', { failedForMs, attempts: this.#failures });
    this.#failingSinceMs = undefined;
    this.#failures = 0;
  }

  /** Entries had to go, as too many waited. */
  onShed(entries: number): void {
    this.#lost += entries;
    if (this.#lost === 0 || this.#clock.monotonicMs() - this.#lossToldAtMs < LOG_GAP_MS) return;
    this.#lossToldAtMs = this.#clock.monotonicMs();
    this.#log.error('Entries of timelines are lost, as too many records wait', { entries: this.#lost });
    this.#lost = 0;
  }

  /** Writing ends, and some wait for ever. */
  onClosed(waiting: number): void {
    if (waiting > 0) this.#log.error('Records are lost, as they could not be written in time', { waiting });
  }
}
