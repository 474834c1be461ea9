// Whether the other party of a transfer may be dialled: below the limits that new calls are held against, not too often in
// one call, and only where calls may go to at that moment. Seen to when the transfer is ordered, or else when it is dialled.

import type { TransferOutcome } from '../agent-ports';
import type { EnteredDial } from './call-quota';
import type { AnnouncedTransfer, OrderRefusal } from '../conversation-ports';
import { AppError, CallRateError, CallStateError, DestinationLimitError, KeyLimitError } from '../errors';
import type { Logger } from '../ports';

// Whoever was connected to nobody so often will not be, and each attempt rings at somebody.
const MAX_ATTEMPTS = 5;

/** What places are given by. */
export type TransferPlacesDeps = {
  /** Lets the other party be dialled; rejects when a limit is reached. `orderedBy`: if not by the key of the call. */
  readonly admit: (to: string, orderedBy?: string) => Promise<EnteredDial>;
  /** Why nobody may be called there at this moment. */
  readonly whyNotTo: (to: string) => string | undefined;
  /** Gives an order to the agent, unless the call is in no state for it; returns why not. */
  readonly hand: (request: AnnouncedTransfer) => OrderRefusal | undefined;
  readonly log: Logger;
};

/** A transfer, and the API key that it was asked for with. */
export type TransferOrder = AnnouncedTransfer & { readonly placedBy?: string | undefined };

/** A place below the limits, for a dial of this party. */
export type TransferPlace = EnteredDial & { readonly to: string };

/** The places of the transfers of one call. */
export class TransferPlaces {
  readonly #deps: TransferPlacesDeps;
  /** Of an order whose announcement is still to be heard. */
  #kept: TransferPlace | undefined;
  #attempts = 0;

  constructor(deps: TransferPlacesDeps) {
    this.#deps = deps;
  }

  /** Takes a place for an order, and gives it to the agent; returns why not. @throws CallStateError, what admission throws */
  async order({ placedBy, ...request }: TransferOrder): Promise<OrderRefusal | undefined> {
    const place = await this.#take(request.to, placedBy);
    const refusal = this.#deps.hand(request);
    if (refusal === undefined) this.#kept = place;
    else place.withdraw();
    return refusal;
  }

  async #take(to: string, orderedBy?: string): Promise<TransferPlace> {
    if (this.#attempts >= MAX_ATTEMPTS)
      throw new CallStateError('in-progress', `In one call, ${MAX_ATTEMPTS} transfers may be tried.`);
    const { withdraw } = await this.#deps.admit(to, orderedBy);
    return { to, withdraw };
  }

  /** What was ordered will not be dialled. */
  drop(): void {
    this.#kept?.withdraw();
    this.#kept = undefined;
  }

  /** The place for a dial, the one that is kept or another one; or why there is none, for the model and for the record. */
  async forDial(to: string): Promise<TransferPlace | Extract<TransferOutcome, { status: 'failed' }>> {
    const kept = this.#kept?.to === to ? this.#kept : undefined;
    if (kept) this.#kept = undefined;
    // Since the call was placed, or the transfer ordered, the list may have changed.
    const refusal = this.#deps.whyNotTo(to);
    if (refusal !== undefined) {
      kept?.withdraw();
      return { status: 'failed', reason: 'nobody may be called there', details: { refusal } };
    }
    try {
      const place = kept ?? (await this.#take(to));
      this.#attempts += 1;
      return place;
    } catch (error) {
      this.#deps.log.warn('A transfer was not dialled', { error });
      return { status: 'failed', reason: reasonOf(error), details: { refusal: codeOf(error) } };
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof AppError ? error.code : 'INTERNAL_ERROR';
}

function reasonOf(error: unknown): string {
  if (error instanceof CallStateError) return 'too many transfers were tried in this call';
  if (error instanceof DestinationLimitError) return 'this number was called too often in the last hour';
  if (error instanceof KeyLimitError) return 'no more calls may be placed today';
  return error instanceof CallRateError
    ? 'too many calls are being placed at the moment'
    : 'it cannot be done right now';
}
