// Sees to it that a call which nears what it may cost ends with a goodbye. Costs are known when a response is over, so a
// limit is not exact: one response and the goodbye may go beyond it.

import type { Charge } from '../calls/cost';
import type { Clock, Logger, Timer } from '../calls/ports';

const WARNING_SHARE = 0.8;

// Not all of it: the goodbye costs something as well.
const GOODBYE_SHARE = 0.95;

// What is left of the day is spent by other calls, too, and nobody tells this one.
const LOOK_EVERY_MS = 5_000;

// Sums of small amounts; their last digits mean nothing.
const USD_DIGITS = 6;

/** What a cost limit works with. */
export type CostLimitOptions = {
  readonly clock: Clock;
  readonly log: Logger;
  /** What the call may cost, US dollars; undefined when only the day has a limit, or nothing has. */
  readonly maxUsd: number | undefined;
  /** What it may still cost, whoever limits it; Infinity when nothing does. */
  readonly remainingUsd: () => number;
};

/** Who is told that the money runs out, each once and the warning first; `spentUsd` is what this call has cost. */
export type CostLimitListener = {
  readonly onWarning: (spentUsd: number) => void;
  readonly onGoodbye: (spentUsd: number) => void;
};

/** Tells when it is time to come to an end, and when to say goodbye. */
export class CostLimit {
  readonly #options: CostLimitOptions;
  readonly #listener: CostLimitListener;
  /** What comes next. */
  #step: 'warning' | 'goodbye' | 'nothing' = 'warning';
  #spentUsd = 0;
  #hasUnpriced = false;
  #timer: Timer | undefined;
  #isStarted = false;

  constructor(options: CostLimitOptions, listener: CostLimitListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** The call was answered. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#lookIn(0);
  }

  /** The AI has cost something. */
  onCharge(charge: Charge): void {
    for (const { amountUsd } of charge.items) {
      if (amountUsd === null) this.#noteUnpriced(charge);
      else this.#spentUsd += amountUsd;
    }
    // After this turn of the event loop: whoever tells of the charge is in the middle of the response.
    if (this.#isStarted) this.#lookIn(0);
  }

  /** Idempotent; nothing is told any more. */
  close(): void {
    this.#step = 'nothing';
    this.#timer?.cancel();
  }

  #lookIn(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#step === 'nothing' || !this.#isLimited) return;
    this.#timer = this.#options.clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const spentShare = this.#spentShare();
    const spentUsd = Number(this.#spentUsd.toFixed(USD_DIGITS));
    if (spentShare >= GOODBYE_SHARE) {
      this.close();
      this.#listener.onGoodbye(spentUsd);
      return;
    }
    const isWarningDue = this.#step === 'warning' && spentShare >= WARNING_SHARE;
    if (isWarningDue) this.#step = 'goodbye';
    this.#lookIn(LOOK_EVERY_MS);
    if (isWarningDue) this.#listener.onWarning(spentUsd);
  }

  /** Of what this call may cost in all: its own limit, or what it has cost and all that is left of the day. */
  #spentShare(): number {
    const { maxUsd = Infinity, remainingUsd } = this.#options;
    const leftUsd = remainingUsd();
    if (leftUsd <= 0) return 1;
    return this.#spentUsd / Math.min(maxUsd, this.#spentUsd + leftUsd);
  }

  get #isLimited(): boolean {
    return this.#options.maxUsd !== undefined || this.#options.remainingUsd() < Infinity;
  }

  #noteUnpriced({ model, source }: Charge): void {
    if (this.#hasUnpriced || !this.#isLimited) return;
    this.#hasUnpriced = true;
    this.#options.log.warn('The price of a model is not known: what it costs cannot be limited', { model, source });
  }
}
