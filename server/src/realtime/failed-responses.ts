// A failed response is silence to the callee: it is asked for again, a few times and ever later, before the call is
// given up with the verdict that fits the error.

import { endCall, type EndCall } from '../calls/end-call';
import type { Clock, Timer } from '../calls/ports';
import { type Backoff, backoffMs } from '../lib/backoff';
import { classifyError, errorFacts, retryHintMs } from './realtime-errors';
import type { RealtimeErrorBody } from './realtime-protocol';

// 0.5 + 1 + 2 s: about as long as a person bears silence on the phone.
const RETRY_BACKOFF: Backoff = { firstMs: 500, capMs: 2_000 };
const MAX_RETRIES = 3;

/** Why there was no response: none began, or one began and made no sound. */
export type UnansweredCause = 'not-created' | 'silent';

type Facts = Readonly<Record<string, string | undefined>>;

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
    const facts = errorFacts(error);
    if (classifyError(error) === 'account') this.#effects.giveUp(endCall('ai-unauthorized', facts));
    else this.#onFailure(facts, retryHintMs(error));
  }

  /** The server did nothing, without a reason. */
  onUnanswered(cause: UnansweredCause): void {
    this.#onFailure(cause === 'silent' ? { cause } : { errorCode: 'response_not_created' }, undefined);
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

  #onFailure(facts: Facts, hintMs: number | undefined): void {
    this.#failures += 1;
    if (this.#failures > MAX_RETRIES)
      return this.#effects.giveUp(endCall('ai-failed', { ...facts, tries: this.#failures }));
    this.postpone();
    this.#timer = this.#clock.after(this.#delayMs(hintMs), () => {
      this.#timer = undefined;
      this.#effects.retry();
    });
  }

  /** The server knows best when to ask again; once it was wrong, the tries shall not be used up in no time either. */
  #delayMs(hintMs: number | undefined): number {
    const ownMs = backoffMs(RETRY_BACKOFF, this.#failures);
    if (hintMs === undefined) return ownMs;
    return this.#failures === 1 ? hintMs : Math.max(hintMs, ownMs);
  }
}
