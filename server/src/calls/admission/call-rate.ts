// How fast new calls are begun: a token bucket that holds one second's worth. What comes in a burst waits for its turn for
// a moment; what would wait longer is refused at once.

import { CallRateError, DrainingError } from '../errors';
import type { Clock, Timer } from '../ports';
import { wait } from '../wait';

// A request waits for an answer, and many clients give up after a few seconds: then nobody would know of the call.
const MAX_WAIT_MS = 2_000;

const SECOND_MS = 1000;

/** What the rate works with. */
export type CallRateDeps = {
  readonly callsPerSecond: number;
  readonly clock: Clock;
};

/**
 * Gives out turns, first come, first served. Idempotent `close()`.
 *
 * The bucket is kept as one moment, at which it will be full again: each turn moves that moment by its share of a second,
 * and a turn is there as soon as the moment is no more than a second away.
 */
export class CallRate {
  readonly #deps: CallRateDeps;
  readonly #intervalMs: number;
  readonly #waiting = new Map<Timer, (error: DrainingError) => void>();
  #isClosed = false;
  #fullAtMs = -Infinity;

  constructor(deps: CallRateDeps) {
    this.#deps = deps;
    this.#intervalMs = SECOND_MS / deps.callsPerSecond;
  }

  /**
   * Resolves at this request's turn; a transfer, which belongs to a call that goes on, has one after `close` as well.
   * @throws CallRateError at once when that is too far away, DrainingError
   */
  async turn(of: 'new-call' | 'transfer' = 'new-call'): Promise<void> {
    if (this.#isClosed && of === 'new-call') throw new DrainingError();
    const { callsPerSecond, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const fullAtMs = Math.max(nowMs, this.#fullAtMs) + this.#intervalMs;
    // Thirds of a second do not add up exactly: a fraction of a millisecond is none.
    const waitMs = Math.floor(fullAtMs - SECOND_MS - nowMs);
    if (waitMs > MAX_WAIT_MS) throw new CallRateError(callsPerSecond, secondsUp(waitMs - MAX_WAIT_MS));
    this.#fullAtMs = fullAtMs;
    if (waitMs <= 0) return;
    await (of === 'transfer' ? wait(clock, waitMs) : this.#wait(waitMs));
  }

  /** The calls that wait are turned away, and so is every one after them. */
  close(): void {
    this.#isClosed = true;
    for (const [timer, reject] of this.#waiting) {
      timer.cancel();
      reject(new DrainingError());
    }
    this.#waiting.clear();
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#deps.clock.after(waitMs, () => {
        this.#waiting.delete(timer);
        resolve();
      });
      this.#waiting.set(timer, reject);
    });
  }
}

function secondsUp(ms: number): number {
  return Math.ceil(ms / SECOND_MS);
}
