// Sees to it that a call which nears its maximum duration ends with a goodbye rather than in the middle of a word. The
// hard end itself is the call's business.

import type { Clock, Timer } from '../calls/ports';

// Time to finish a thought; more would make the AI hurry through a long call.
const WARNING_MAX_MS = 30_000;
const WARNING_SHARE = 0.25;

// A goodbye of two sentences and the callee's answer to it.
const GOODBYE_MAX_MS = 10_000;
const GOODBYE_SHARE = 0.1;

// A plain "I have to go, goodbye", with the second that the model takes to begin.
const GOODBYE_MIN_MS = 4_000;

// Of a call of a few seconds, more than this would leave nothing to take leave of.
const GOODBYE_MAX_SHARE = 0.4;

/** What a time limit works with. */
export type TimeLimitOptions = {
  readonly clock: Clock;
  /** Milliseconds until the call is ended. */
  readonly remainingMs: () => number;
  /** Maximum duration of the call. */
  readonly maxMs: number;
};

/** Who is told that time runs out, each once and the warning first. */
export type TimeLimitListener = {
  readonly onWarning: (remainingMs: number) => void;
  readonly onGoodbye: (remainingMs: number) => void;
};

type Step = 'warning' | 'goodbye';

/** Tells when it is time to come to an end, and when to say goodbye. */
export class TimeLimit {
  readonly #options: TimeLimitOptions;
  readonly #listener: TimeLimitListener;
  readonly #leadsMs: Readonly<Record<Step, number>>;
  #timer: Timer | undefined;
  #isStarted = false;
  #isClosed = false;

  constructor(options: TimeLimitOptions, listener: TimeLimitListener) {
    this.#options = options;
    this.#listener = listener;
    this.#leadsMs = leadsMs(options.maxMs);
  }

  /** The call was answered. */
  start(): void {
    if (this.#isStarted || this.#isClosed) return;
    this.#isStarted = true;
    this.#await('warning');
  }

  /** Idempotent; nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #await(step: Step): void {
    const delayMs = Math.max(0, this.#remainingMs() - this.#leadsMs[step]);
    this.#timer = this.#options.clock.after(delayMs, () => this.#onDue(step));
  }

  #onDue(step: Step): void {
    const remainingMs = this.#remainingMs();
    // Timers may run a moment early, and the end of the call is kept by another clock.
    if (remainingMs > this.#leadsMs[step]) {
      this.#await(step);
      return;
    }
    if (step === 'goodbye') {
      this.#listener.onGoodbye(Math.round(remainingMs));
      return;
    }
    this.#await('goodbye');
    // Started so late that the goodbye is due as well: a warning would only delay it.
    if (remainingMs > this.#leadsMs.goodbye) this.#listener.onWarning(Math.round(remainingMs));
  }

  #remainingMs(): number {
    const { remainingMs, maxMs } = this.#options;
    return Math.min(maxMs, Math.max(0, remainingMs()));
  }
}

/**
 * How long before the end each step is due. In a short call the goodbye takes a larger share, and the warning leaves as
 * much time again before it:
 *
 * | maximum | warning at | goodbye at |
 * |---|---|---|
 * | 10 s | 8 s | 4 s |
 * | 30 s | 8 s | 4 s |
 * | 60 s | 15 s | 6 s |
 * | 120 s and more | 30 s | 10 s |
 */
function leadsMs(maxMs: number): Record<Step, number> {
  const wantedMs = Math.max(GOODBYE_MIN_MS, maxMs * GOODBYE_SHARE);
  const goodbyeMs = Math.min(GOODBYE_MAX_MS, wantedMs, maxMs * GOODBYE_MAX_SHARE);
  const warningMs = Math.min(WARNING_MAX_MS, Math.max(2 * goodbyeMs, maxMs * WARNING_SHARE));
  return { warning: warningMs, goodbye: goodbyeMs };
}
