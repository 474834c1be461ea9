// The callbacks that are still to be delivered, in SQL: implements Outbox. A claim is one statement, so that two nodes
// never get the same callback.

import { type RawBuilder, sql } from 'kysely';
import type { DueCallback, Outbox } from '../calls/record-ports';
import type { CallbackRow, Database } from './tables';

// As a literal, by which the engines recognise the indexes of what waits.
const WAITING: RawBuilder<'waiting'> = sql.lit('waiting');

/** Within the call, nothing before it waits. The query names the callback `due`. */
const IS_FIRST = sql<boolean>`not exists (
  select 1 from callbacks as earlier
  where earlier.call_id = due.call_id and earlier.number < due.number and earlier.state = ${WAITING})`;

/** The table `callbacks`. */
export class SqlOutbox implements Outbox {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async claimDue(claim: {
    readonly nowMs: number;
    readonly claimedUntilMs: number;
    readonly limit: number;
  }): Promise<readonly DueCallback[]> {
    const { nowMs, claimedUntilMs, limit } = claim;
    const isFree = sql<boolean>`(claimed_until_ms is null or claimed_until_ms <= ${nowMs})`;
    const due = this.#database
      .selectFrom('callbacks as due')
      .select('callback_id')
      .where('state', '=', WAITING)
      .where('due_at_ms', '<=', nowMs)
      .where(isFree)
      .where(IS_FIRST)
      .orderBy('due_at_ms')
      .orderBy('call_id')
      .limit(limit);
    const rows = await this.#database
      .updateTable('callbacks')
      .set({ claimed_until_ms: claimedUntilMs })
      .where('callback_id', 'in', due)
      // Once more, for the row as it is now: another node may have claimed it since this statement began.
      .where('state', '=', WAITING)
      .where(isFree)
      .returningAll()
      .execute();
    return rows.sort((a, b) => a.due_at_ms - b.due_at_ms).map(dueCallback);
  }

  async nextDueAtMs(): Promise<number | undefined> {
    const row = await this.#database
      .selectFrom('callbacks as due')
      .select((of) => of.fn.min('due_at_ms').as('next'))
      .where('state', '=', WAITING)
      .where('claimed_until_ms', 'is', null)
      .where(IS_FIRST)
      .executeTakeFirst();
    return row?.next ?? undefined;
  }

  /** How many are neither delivered nor given up. */
  async waiting(): Promise<number> {
    const row = await this.#database
      .selectFrom('callbacks')
      .select((of) => of.fn.countAll<number | string>().as('callbacks'))
      .where('state', '=', WAITING)
      .executeTakeFirstOrThrow();
    return Number(row.callbacks);
  }

  async markDelivered(callbackId: string, atMs: number): Promise<void> {
    await this.#change(callbackId, { state: 'delivered', settled_at_ms: atMs });
  }

  async postpone(
    callbackId: string,
    failed: { readonly attempts: number; readonly nextAttemptAtMs: number },
  ): Promise<void> {
    await this.#change(callbackId, { attempts: failed.attempts, due_at_ms: failed.nextAttemptAtMs });
  }

  async giveUp(callbackId: string, atMs: number): Promise<void> {
    await this.#change(callbackId, { state: 'given-up', settled_at_ms: atMs });
  }

  /** What is settled stays settled, whatever a node says whose claim has lapsed. */
  async #change(callbackId: string, changes: Partial<CallbackRow>): Promise<void> {
    await this.#database
      .updateTable('callbacks')
      .set({ ...changes, claimed_until_ms: null })
      .where('callback_id', '=', callbackId)
      .where('state', '=', WAITING)
      .execute();
  }
}

function dueCallback(row: CallbackRow): DueCallback {
  return {
    callbackId: row.callback_id,
    callId: row.call_id,
    url: row.url,
    body: row.body,
    createdAtMs: row.created_at_ms,
    attempts: row.attempts,
  };
}
