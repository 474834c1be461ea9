// The ledger of dials in memory; held to the same contract as the SQL one.

import type { Dial, DialDecision, DialLedger } from '../../src/calls/record-ports';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** DialLedger whose answers a test can delay and fail. */
export class MemoryDialLedger implements DialLedger {
  readonly #dials = new Map<string, Dial>();
  /** Runs before each answer. */
  before: (operation: 'enter' | 'withdraw' | 'forget') => Promise<void> = () => Promise.resolve();

  /** Whom the dials that count went to, in order. */
  get destinations(): string[] {
    return [...this.#dials.values()].map(({ to }) => to);
  }

  async enter(dial: Dial): Promise<DialDecision> {
    await this.before('enter');
    const { dialsPerDestinationPerHour, callsPerKeyPerDay } = dial.limits;
    const others = [...this.#dials.values()].filter(({ dialId }) => dialId !== dial.dialId);
    const refusals = [
      dialsPerDestinationPerHour === undefined
        ? undefined
        : refusal('destination', HOUR_MS, { dial, limit: dialsPerDestinationPerHour, same: of(others, 'to', dial) }),
      dial.placedBy === undefined
        ? undefined
        : refusal('key', DAY_MS, { dial, limit: callsPerKeyPerDay, same: of(others, 'placedBy', dial) }),
    ];
    const first = refusals.find((each) => each !== undefined);
    if (first) return first;
    if (!this.#dials.has(dial.dialId)) this.#dials.set(dial.dialId, dial);
    return { kind: 'entered' };
  }

  async withdraw(dialId: string): Promise<void> {
    await this.before('withdraw');
    this.#dials.delete(dialId);
  }

  async forget(beforeMs: number): Promise<void> {
    await this.before('forget');
    for (const { dialId, nowMs } of this.#dials.values()) if (nowMs < beforeMs) this.#dials.delete(dialId);
  }
}

function of(dials: readonly Dial[], field: 'to' | 'placedBy', dial: Dial): readonly Dial[] {
  return dials.filter((each) => each[field] === dial[field]);
}

function refusal(
  rule: 'destination' | 'key',
  windowMs: number,
  { dial, limit, same }: { readonly dial: Dial; readonly limit: number; readonly same: readonly Dial[] },
): DialDecision | undefined {
  const atMs = same.map(({ nowMs }) => nowMs).filter((each) => each > dial.nowMs - windowMs);
  const last = atMs.sort((a, b) => b - a)[limit - 1];
  return last === undefined ? undefined : { kind: 'refused', rule, retryAtMs: last + windowMs };
}
