// The response that the server is making: cancelled once, given up when it stays silent, and let go when it is done or
// when its end is overdue. There is one at a time.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { Clock, Timer } from '../calls/ports';

// A response that has begun speaks within a second or two, thinking included, and faster than it is heard.
const SOUND_TIMEOUT_MS = 8_000;

// A cancelled response is done within a fraction of a second. Without this, one that is not would block all others.
const CANCEL_TIMEOUT_MS = 5_000;

/** What it works with. */
export type ActiveResponseDeps = {
  readonly clock: Clock;
  readonly send: (event: RealtimeClientEvent) => void;
  /** It was given up for its silence; whatever still comes of it is too late. */
  readonly onGivenUp: (givenUp: GivenUpResponse) => void;
  /** Its end did not come: the place is free all the same. */
  readonly onOverdue: () => void;
};

/** A response that said no more; `hasSound` when it had begun to. */
export type GivenUpResponse = { readonly responseId: string; readonly hasSound: boolean };

/** What is known of a response that begins; `requestId` is undefined for one that the server makes by itself. */
export type CreatedResponse = {
  readonly requestId: string | undefined;
  /** Cancelled before it began, or begun over the callee's words. */
  readonly isUnwanted: boolean;
};

/** How a response stood when it ended. */
export type EndedResponse = {
  /** By us; the server's own reasons do not count. */
  readonly wasCancelled: boolean;
  readonly hasSound: boolean;
};

/** The place for one response. */
export class ActiveResponse {
  readonly #deps: ActiveResponseDeps;
  readonly #cancelledIds = new Set<string>();
  /** Given up for their silence: what they say after all is too late. */
  readonly #abandonedIds = new Set<string>();
  #id: string | undefined;
  #timer: Timer | undefined;
  #lastSignAtMs = 0;
  #hasSound = false;

  constructor(deps: ActiveResponseDeps) {
    this.#deps = deps;
  }

  /** True while a response is made. */
  get isTaken(): boolean {
    return this.#id !== undefined;
  }

  /** A response has begun; one that nobody wants is cancelled at once. */
  begin(responseId: string, isUnwanted: boolean): void {
    this.#id = responseId;
    this.#hasSound = false;
    this.#lastSignAtMs = this.#deps.clock.monotonicMs();
    this.#timer?.cancel();
    if (isUnwanted) this.cancel();
    else this.#watch(responseId, SOUND_TIMEOUT_MS);
  }

  /** Cancels what is being made; returns whether there was anything that was not cancelled before. */
  cancel(): boolean {
    const responseId = this.#id;
    if (responseId === undefined || this.#cancelledIds.has(responseId)) return false;
    this.#cancelledIds.add(responseId);
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(CANCEL_TIMEOUT_MS, () => {
      this.#release(responseId);
      this.#deps.onOverdue();
    });
    this.#deps.send({ type: 'response.cancel', response_id: responseId });
    return true;
  }

  /** It makes itself heard; returns false when it was given up before. */
  onSound(responseId: string): boolean {
    if (responseId === this.#id) this.#hasSound = true;
    this.#noteSign(responseId);
    return !this.#abandonedIds.has(responseId);
  }

  /** It is at work on something that is not heard; returns false when nobody wants that any more. */
  onProgress(responseId: string): boolean {
    this.#noteSign(responseId);
    return !this.#abandonedIds.has(responseId) && !this.#cancelledIds.has(responseId);
  }

  onDone(responseId: string): EndedResponse {
    const hasSound = responseId === this.#id && this.#hasSound;
    this.#release(responseId);
    this.#abandonedIds.delete(responseId);
    return { wasCancelled: this.#cancelledIds.delete(responseId), hasSound };
  }

  /** Stops its timer. */
  close(): void {
    this.#timer?.cancel();
  }

  #noteSign(responseId: string): void {
    if (responseId === this.#id) this.#lastSignAtMs = this.#deps.clock.monotonicMs();
  }

  /** One timer for all signs of life: setting it anew at each would cost more than looking again. */
  #watch(responseId: string, delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(delayMs, () => {
      const restMs = this.#lastSignAtMs + SOUND_TIMEOUT_MS - this.#deps.clock.monotonicMs();
      if (restMs > 0) this.#watch(responseId, restMs);
      else this.#giveUp(responseId);
    });
  }

  #giveUp(responseId: string): void {
    this.cancel();
    this.#abandonedIds.add(responseId);
    this.#release(responseId);
    this.#deps.onGivenUp({ responseId, hasSound: this.#hasSound });
  }

  #release(responseId: string): void {
    if (this.#id !== responseId) return;
    this.#id = undefined;
    this.#timer?.cancel();
  }
}
