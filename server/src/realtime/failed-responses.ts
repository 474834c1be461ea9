// A failed response is silence to the callee: it is asked for again, a few times and ever later, before the call is
// given up with the verdict that fits the error.

import { endCall, type EndCall } from '../calls/end-call';
import type { Clock, Timer } from '../calls/ports';
import { type Backoff, backoffMs } from '../lib/backoff';
import { classifyError, errorFacts } from './realtime-errors';
import type { RealtimeErrorBody } from './realtime-protocol';

// 0.5 + 1 + 2 s: about as long as a person bears silence on the phone.
const RETRY_BACKOFF: Backoff = { firstMs: 500, capMs: 2_000 };
const MAX_RETRIES = 3;

type Effects = { readonly retry: () => void; readonly giveUp: (verdict: EndCall) => void };

/** Counts failures in a row and decides between another try and the end. */
export class FailedResponses {
  readonly #clock: Clock;
  readonly #effects: Effects;
  #failures = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, effects: Effects) {
    this.#clock = clock;
    this.#effects = effects;
  }

  onFailure(error: RealtimeErrorBody): void {
    const errorClass = classifyError(error);
    const facts = errorFacts(error);
    if (errorClass === 'account') return this.#effects.giveUp(endCall('ai-unauthorized', facts));
    this.#failures += 1;
    if (this.#failures > MAX_RETRIES)
      return this.#effects.giveUp(endCall('ai-failed', { ...facts, tries: this.#failures }));
    this.postpone();
    this.#timer = this.#clock.after(backoffMs(RETRY_BACKOFF, this.#failures), () => {
      this.#timer = undefined;
      this.#effects.retry();
    });
  }

  /**
   * Somebody else brings the next response: the callee, or the server. Failures so far still count. Returns whether
   * another try was due.
   */
  postpone(): boolean {
    const wasDue = this.#timer !== undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    return wasDue;
  }

  /** A response came through, or nobody wants one any more; returns whether another try was due. */
  forget(): boolean {
    this.#failures = 0;
    return this.postpone();
  }
}
