// Makes the webhooks of chosen numbers go astray while those of all others arrive as they should.

import type { SimulatedTelnyx } from '../src/simulator/simulated-telnyx/simulated-telnyx';
import type { WebhookTrouble } from './faults';

const LATE_MS = 2_500;

/** Which number has which trouble. */
export class WebhookTroubles {
  readonly #telnyx: SimulatedTelnyx;
  readonly #byNumber = new Map<string, WebhookTrouble>();

  constructor(telnyx: SimulatedTelnyx) {
    this.#telnyx = telnyx;
    const has =
      (trouble: WebhookTrouble) =>
      (_eventType: string, carrierCallId: string): boolean =>
        this.#troubleOf(carrierCallId) === trouble;
    telnyx.webhookFaults = {
      drop: has('lost'),
      duplicate: has('doubled'),
      reorder: has('reordered'),
      delayMs: (_eventType, carrierCallId) => (this.#troubleOf(carrierCallId) === 'late' ? LATE_MS : 0),
    };
  }

  /** Sets the trouble of the next call to a number. */
  set(to: string, trouble: WebhookTrouble | undefined): void {
    if (trouble === undefined) this.#byNumber.delete(to);
    else this.#byNumber.set(to, trouble);
  }

  #troubleOf(carrierCallId: string): WebhookTrouble | undefined {
    const leg = this.#telnyx.legs.findLast((candidate) => candidate.carrierCallId === carrierCallId);
    return leg && this.#byNumber.get(leg.to);
  }
}
