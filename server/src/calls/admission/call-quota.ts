// How many calls one number gets within an hour, and how many one API key places within a day: what bounds the damage of
// a stolen key, and the annoyance of a loop that calls somebody again and again. The ledger counts, for all nodes.

import { randomUUID } from 'node:crypto';
import { type DialKind, DestinationLimitError, KeyLimitError } from '../errors';
import type { Clock, Logger } from '../ports';
import { patiently } from '../record-patience';
import type { DialDecision, DialLedger, DialLimits } from '../record-ports';

/** The limits. */
export type CallQuotaLimits = {
  readonly callsPerDestinationPerHour: number;
  /** Whoever takes transfers has them from many calls. */
  readonly transfersPerDestinationPerHour: number;
  readonly callsPerKeyPerDay: number;
};

/** What the quota works with. */
export type CallQuotaDeps = {
  readonly limits: CallQuotaLimits;
  readonly dials: DialLedger;
  readonly clock: Clock;
  readonly log: Logger;
};

/** What of a request the quota looks at; `to` is E.164 or a SIP URI. */
export type CountedRequest = {
  readonly to: string;
  readonly placedBy?: string | undefined;
  /** A call unless given. */
  readonly kind?: DialKind | undefined;
};

/** A dial that counts; one that never takes place is withdrawn. */
export type EnteredDial = { readonly withdraw: () => void };

/** Both limits; a database that cannot say how many calls there were lets nobody through. */
export class CallQuota {
  readonly #deps: CallQuotaDeps;
  readonly #withdrawing = new Set<Promise<void>>();

  constructor(deps: CallQuotaDeps) {
    this.#deps = deps;
  }

  /**
   * Has a dial count.
   * @throws DestinationLimitError, KeyLimitError, RecordsUnavailableError
   */
  async enter({ to, placedBy, kind = 'call' }: CountedRequest): Promise<EnteredDial> {
    const { dials, clock } = this.#deps;
    const dialId = randomUUID();
    const limits = this.#limitsFor(to, kind);
    const entered = { withdraw: () => this.#withdraw(dialId) };
    const decision = await patiently(clock, () =>
      dials.enter({ dialId, to, placedBy, nowMs: clock.nowMs(), limits }),
    ).catch((error: unknown) => {
      // It may be there although nobody could say so.
      entered.withdraw();
      throw error;
    });
    if (decision.kind === 'refused') throw this.#refusal(decision, kind);
    return entered;
  }

  /** Resolves when nothing is left to be withdrawn. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#withdrawing);
  }

  /** A SIP address is no number that somebody is called on: it leads to hosts that the operator has set. */
  #limitsFor(to: string, kind: DialKind): DialLimits {
    const { callsPerKeyPerDay } = this.#deps.limits;
    return to.startsWith('+')
      ? { dialsPerDestinationPerHour: this.#perHour(kind), callsPerKeyPerDay }
      : { callsPerKeyPerDay };
  }

  #perHour(kind: DialKind): number {
    const { callsPerDestinationPerHour, transfersPerDestinationPerHour } = this.#deps.limits;
    return kind === 'call' ? callsPerDestinationPerHour : transfersPerDestinationPerHour;
  }

  #refusal(
    { rule, retryAtMs }: Extract<DialDecision, { kind: 'refused' }>,
    kind: DialKind,
  ): DestinationLimitError | KeyLimitError {
    const { limits, clock } = this.#deps;
    // The clocks of two nodes may differ by a little.
    const retryAfterSeconds = Math.max(1, Math.ceil((retryAtMs - clock.nowMs()) / 1000));
    if (rule === 'key') return new KeyLimitError(limits.callsPerKeyPerDay, retryAfterSeconds);
    return new DestinationLimitError(this.#perHour(kind), retryAfterSeconds, kind);
  }

  /** Nobody waits for it: one that cannot be withdrawn counts, which is the safe side. */
  #withdraw(dialId: string): void {
    const { dials, clock, log } = this.#deps;
    const withdrawing = patiently(clock, () => dials.withdraw(dialId)).catch((error: unknown) => {
      log.warn('A call that was not placed counts as one, as the database does not answer', { error });
    });
    this.#withdrawing.add(withdrawing);
    void withdrawing.then(() => this.#withdrawing.delete(withdrawing));
  }
}
