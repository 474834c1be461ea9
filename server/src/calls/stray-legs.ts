// Legs of a call that nobody wants: a second leg for the same call must never live, it would ring and be billed twice.

import { CarrierLeg, type CarrierLegDeps } from './carrier-leg';

/** Takes the unwanted legs of one call down. */
export class StrayLegs {
  readonly #callId: string;
  readonly #deps: CarrierLegDeps;
  readonly #takeDowns: Promise<void>[] = [];

  constructor(callId: string, deps: CarrierLegDeps) {
    this.#callId = callId;
    this.#deps = deps;
  }

  /** Hangs up a leg of which only the id is known. */
  takeDown(carrierCallId: string): void {
    this.#deps.log.error('The carrier reports a second leg for this call, hanging it up', { callId: this.#callId });
    const stray = new CarrierLeg(this.#callId, this.#deps);
    stray.learn(carrierCallId);
    this.#takeDowns.push(stray.takeDown());
  }

  /** Resolves when none of them is left. */
  async whenDown(): Promise<void> {
    await Promise.all(this.#takeDowns);
  }
}
