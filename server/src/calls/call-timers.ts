// The deadlines of one call. Every state that waits for somebody else has one, so that no call waits for ever.

import type { Clock, Timer } from './ports';

/** How long each kind of waiting may last. */
export type Deadlines = {
  /** How long the carrier may take to answer the dial command. */
  readonly dialAnswerMs: number;
  /** How long a phone may ring: carrier-side, seconds. */
  readonly ringTimeoutSeconds: number;
  /** Wait for the carrier's own ring timeout to be reported before we act ourselves. */
  readonly ringGraceMs: number;
  /** After a dial without an answer from the carrier: how long its webhooks may still bring the call to life. */
  readonly dialOutcomeMs: number;
  /** From the answer to the first request to start the stream anew. */
  readonly streamRetryMs: number;
  /** From the answer until a call without a stream is given up. */
  readonly streamStartMs: number;
  /** After the stream ended: how long the hang-up's webhook, with the true cause, may take. */
  readonly hangupReportMs: number;
  /** How long the party to whom a call is transferred may let it ring: carrier-side, seconds. */
  readonly transferRingSeconds: number;
  /** How long the carrier's voice may need for the last sentence. */
  readonly lastWordsMs: number;
};

/** Values for real life. */
export const DEFAULT_DEADLINES: Deadlines = {
  // The carrier forgets a command id after 60 s: a dial and its one retry must both be over long before that, or the
  // retry could place a second call.
  dialAnswerMs: 8_000,
  ringTimeoutSeconds: 45,
  // Telnyx reports its own timeout within a second or two; its webhooks are retried for about a minute at most.
  ringGraceMs: 15_000,
  // A dial that was carried out reports call.initiated within a second; redelivery after a 2 s timeout needs a few.
  dialOutcomeMs: 15_000,
  // The stream normally connects within 500 ms of the answer; earlier retries would race with it.
  streamRetryMs: 3_000,
  // Nobody listens to a silent line for longer.
  streamStartMs: 10_000,
  hangupReportMs: 3_000,
  // The callee hears it ring, and a person who is called for somebody waiting answers soon or not at all.
  transferRingSeconds: 30,
  lastWordsMs: 8_000,
};

/** What a call can be waiting for. */
export type DeadlineName =
  | 'dial-outcome'
  | 'ring'
  | 'stream-retry'
  | 'stream-start'
  | 'max-duration'
  | 'hangup-report'
  | 'last-words'
  | 'transfer'
  | 'leave';

/** The running deadlines of one call, by name; setting one again replaces it. */
export class CallTimers {
  readonly #clock: Clock;
  readonly #timers = new Map<DeadlineName, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `task` after `delayMs` unless the deadline is cleared before. */
  set(name: DeadlineName, delayMs: number, task: () => void): void {
    this.clear(name);
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(name);
      task();
    });
    this.#timers.set(name, timer);
  }

  /** Forgets the deadline, if it runs. */
  clear(name: DeadlineName): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  /** Forgets all deadlines. */
  clearAll(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
