// Legs of a call that nobody wants, or wants any more: one that lives on would ring and be billed for nothing.

import { CarrierLeg, type CarrierLegDeps } from './carrier-leg';
import type { CarrierEvent } from './ports';

/** Takes the unwanted legs of one call down. */
export class StrayLegs {
  readonly #callId: string;
  readonly #deps: CarrierLegDeps;
  /** By the id that the carrier gave them. */
  readonly #legs = new Map<string, CarrierLeg>();

  constructor(callId: string, deps: CarrierLegDeps) {
    this.#callId = callId;
    this.#deps = deps;
  }

  /** True while the carrier has not agreed that all of them are gone. */
  get areUp(): boolean {
    return [...this.#legs.values()].some((leg) => leg.isUp);
  }

  /** An event of a leg that is not the one that belongs to the call. */
  onEvent({ type, carrierCallId }: CarrierEvent): void {
    if (type === 'leg.ended') this.#legs.get(carrierCallId)?.markDown();
    else this.takeDown(carrierCallId);
  }

  /** Hangs up a leg of which only the id is known. */
  takeDown(carrierCallId: string): void {
    if (this.#legs.has(carrierCallId)) return;
    this.#deps.log.error('The carrier reports a second leg for this call, hanging it up', { callId: this.#callId });
    const leg = new CarrierLeg(this.#callId, this.#deps);
    leg.learn(carrierCallId);
    this.letGo(leg);
  }

  /** Hangs up a leg that is not needed any more. One whose id is not known yet is a stray as soon as it shows up. */
  letGo(leg: CarrierLeg): void {
    const { carrierCallId } = leg;
    if (carrierCallId === undefined) return;
    this.#legs.set(carrierCallId, leg);
    void leg.takeDown();
  }

  /** Resolves when none of them is left, or the carrier would not take them down for minutes. */
  async whenTakenDown(): Promise<void> {
    // Those that show up meanwhile have their turn as well.
    for (const leg of this.#legs.values()) await leg.takeDown();
  }

  /** Resolves when none of them is up for certain, however long that takes. */
  async whenDown(): Promise<void> {
    for (const leg of this.#legs.values()) await leg.whenDown();
  }
}
