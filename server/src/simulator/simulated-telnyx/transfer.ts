/** A blind transfer: joins an answered leg with the one that was dialled for it, and parts them when either ends. */
import type { Hangup } from './hangup';
import { hangups } from './hangup';

/** What a transfer does with each of its legs. */
export type TransferParty = {
  readonly carrierCallId: string;
  readonly script: { readonly losesBridgedWebhook?: true };
  /** The parties hear each other from now on. */
  bridge(other: TransferParty, options: { readonly isReported: boolean }): void;
  /** Plays a frame of the other party's. */
  hearBridged(frame: Int16Array): void;
  /** The other party is gone, but the leg stays. */
  unbridge(): void;
  end(hangup: Hangup): void;
};

/** The legs of a transfer, and what becomes of the original one when the bridge ends. */
export type TransferLegs = {
  readonly original: TransferParty;
  readonly target: TransferParty;
  /** Keeps the original leg up when the target hangs up. */
  readonly isParkedAfter: boolean;
};

/** A transfer from its command to the end of either leg. */
export class Transfer {
  readonly #legs: TransferLegs;
  #state: 'ringing' | 'bridged' | 'over' = 'ringing';

  constructor(legs: TransferLegs) {
    this.#legs = legs;
  }

  /** Where the transfer is; `over` lets the original leg be transferred again. */
  get state(): 'ringing' | 'bridged' | 'over' {
    return this.#state;
  }

  /** The target has answered. */
  answered(): void {
    if (this.#state !== 'ringing') return;
    this.#state = 'bridged';
    const { original, target } = this.#legs;
    const options = { isReported: target.script.losesBridgedWebhook !== true };
    original.bridge(target, options);
    target.bridge(original, options);
  }

  /** A leg has ended; the carrier ends the other one, unless that can do without. */
  ended(leg: TransferParty): void {
    if (this.#state === 'over') return;
    const wasBridged = this.#state === 'bridged';
    this.#state = 'over';
    const { original, target, isParkedAfter } = this.#legs;
    if (leg === original) target.end(wasBridged ? hangups.byBridge : hangups.cancelled);
    else if (wasBridged && !isParkedAfter) original.end(hangups.byBridge);
    else original.unbridge();
  }
}
