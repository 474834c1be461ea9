// The response that the server is making: cancelled once, given up when it stays silent, and let go when it is done or
// when its end is overdue. There is one at a time.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { Clock, Timer } from '../calls/ports';

// A response that has begun speaks within a second or two, thinking included.
const SOUND_TIMEOUT_MS = 8_000;

// A cancelled response is done within a fraction of a second. Without this, one that is not would block all others.
const CANCEL_TIMEOUT_MS = 5_000;

/** What it works with. */
export type ActiveResponseDeps = {
  readonly clock: Clock;
  readonly send: (event: RealtimeClientEvent) => void;
  /** It was given up for its silence; whatever still comes of it is too late. */
  readonly onGivenUp: (responseId: string) => void;
  /** Its end did not come: the place is free all the same. */
  readonly onOverdue: () => void;
};

/** How a response stood when it ended. */
export type EndedResponse = {
  /** By us; the server's own reasons do not count. */
  readonly wasCancelled: boolean;
};

/** The place for one response. */
export class ActiveResponse {
  readonly #deps: ActiveResponseDeps;
  readonly #cancelledIds = new Set<string>();
  /** Given up for their silence: what they say after all is too late. */
  readonly #abandonedIds = new Set<string>();
  #id: string | undefined;
  #timer: Timer | undefined;

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
    this.#timer?.cancel();
    if (isUnwanted) this.cancel();
    else this.#awaitSound(responseId);
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
    if (responseId === this.#id && !this.#cancelledIds.has(responseId)) this.#timer?.cancel();
    return !this.#abandonedIds.has(responseId);
  }

  /** It is at work on something that is not heard; returns false when it was given up before. */
  onProgress(responseId: string): boolean {
    if (responseId === this.#id && !this.#cancelledIds.has(responseId)) this.#awaitSound(responseId);
    return !this.#abandonedIds.has(responseId);
  }

  onDone(responseId: string): EndedResponse {
    this.#release(responseId);
    this.#abandonedIds.delete(responseId);
    return { wasCancelled: this.#cancelledIds.delete(responseId) };
  }

  /** Stops its timer. */
  close(): void {
    this.#timer?.cancel();
  }

  #awaitSound(responseId: string): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(SOUND_TIMEOUT_MS, () => this.#giveUp(responseId));
  }

  #giveUp(responseId: string): void {
    this.cancel();
    this.#abandonedIds.add(responseId);
    this.#release(responseId);
    this.#deps.onGivenUp(responseId);
  }

  #release(responseId: string): void {
    if (this.#id !== responseId) return;
    this.#id = undefined;
    this.#timer?.cancel();
  }
}
