// An outbox in memory: what it holds outlives the deliveries that a test starts on it, as a database would.

import type { DueCallback, Outbox, QueuedCallback } from '../../../src/calls/record-ports';
import type { ManualClock } from '../../support/manual-clock';

type Row = {
  callback: DueCallback;
  nextAttemptAtMs: number;
  claimedUntilMs: number;
  state: 'waiting' | 'delivered' | 'given-up';
};

/** Keeps callbacks in the order in which they were added. */
export class MemoryOutbox implements Outbox {
  readonly #rows: Row[] = [];
  readonly #clock: ManualClock;
  /** Runs before each operation; a test delays or fails operations with it. */
  before: (operation: keyof Outbox) => Promise<void> = () => Promise.resolve();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  add(callback: QueuedCallback): void {
    this.#rows.push({
      callback: { ...callback, attempts: 0 },
      nextAttemptAtMs: 0,
      claimedUntilMs: 0,
      state: 'waiting',
    });
  }

  async claimDue({ nowMs, claimedUntilMs, limit }: Parameters<Outbox['claimDue']>[0]): Promise<readonly DueCallback[]> {
    await this.before('claimDue');
    const due = this.#heads()
      .filter((row) => row.nextAttemptAtMs <= nowMs && row.claimedUntilMs <= nowMs)
      .slice(0, limit);
    for (const row of due) row.claimedUntilMs = claimedUntilMs;
    return due.map(({ callback }) => callback);
  }

  async nextDueAtMs(): Promise<number | undefined> {
    await this.before('nextDueAtMs');
    const free = this.#heads().filter((row) => row.claimedUntilMs <= this.#clock.nowMs());
    return free.length === 0 ? undefined : Math.min(...free.map((row) => row.nextAttemptAtMs));
  }

  async markDelivered(callbackId: string): Promise<void> {
    await this.before('markDelivered');
    this.#row(callbackId).state = 'delivered';
  }

  async postpone(callbackId: string, failed: { attempts: number; nextAttemptAtMs: number }): Promise<void> {
    await this.before('postpone');
    const row = this.#row(callbackId);
    row.callback = { ...row.callback, attempts: failed.attempts };
    row.nextAttemptAtMs = failed.nextAttemptAtMs;
    row.claimedUntilMs = 0;
  }

  async giveUp(callbackId: string): Promise<void> {
    await this.before('giveUp');
    this.#row(callbackId).state = 'given-up';
  }

  /** What became of each, in the order in which they were added. */
  states(): string[] {
    return this.#rows.map(({ state }) => state);
  }

  /** How long until the next try of a callback that failed. */
  waitMs(callbackId: string): number {
    return this.#row(callbackId).nextAttemptAtMs - this.#clock.nowMs();
  }

  attempts(callbackId: string): number {
    return this.#row(callbackId).callback.attempts;
  }

  /** The first one of each call that is not done. */
  #heads(): Row[] {
    const heads = new Map<string, Row>();
    for (const row of this.#rows) {
      if (row.state === 'waiting' && !heads.has(row.callback.callId)) heads.set(row.callback.callId, row);
    }
    return [...heads.values()];
  }

  #row(callbackId: string): Row {
    const row = this.#rows.find(({ callback }) => callback.callbackId === callbackId);
    if (!row) throw new Error(`There is no callback ${callbackId}.`);
    return row;
  }
}
