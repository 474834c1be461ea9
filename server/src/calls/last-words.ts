// What the callee hears from the carrier's own voice when the AI is lost: an answered call that fails under us does not
// just go dead.

import type { CallTimers } from './call-timers';
import type { CarrierLeg } from './carrier-leg';
import type { Logger } from './ports';

const LAST_WORDS = 'We are sorry, we are having technical difficulties. Please try again later. Goodbye.';

/** The last sentence of one call. */
export class LastWords {
  readonly #leg: CarrierLeg;
  readonly #timers: CallTimers;
  readonly #log: Logger;
  #onSpoken: (() => void) | undefined;

  constructor(leg: CarrierLeg, deps: { readonly timers: CallTimers; readonly log: Logger }) {
    this.#leg = leg;
    this.#timers = deps.timers;
    this.#log = deps.log;
  }

  /** The carrier has finished speaking, or nobody listens any more. */
  onSpoken(): void {
    this.#onSpoken?.();
  }

  /** Resolves when the sentence was heard, could not be said, or took longer than `limitMs`. */
  async say(limitMs: number): Promise<void> {
    const spoken = new Promise<void>((resolve) => {
      this.#onSpoken = resolve;
      this.#timers.set('last-words', limitMs, resolve);
    });
    try {
      await Promise.race([spoken, this.#leg.speak(LAST_WORDS).then(() => spoken)]);
    } catch (error) {
      this.#log.warn('The last words could not be spoken', { callId: this.#leg.callId, error });
    }
  }
}
