// The dials that count against limits, in SQL: implements DialLedger. One after the other for each number and each key,
// whichever node they come from.

import { sql } from 'kysely';
import type { Dial, DialDecision, DialLedger } from '../calls/record-ports';
import type { Database } from './tables';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The table `dials`. */
export class SqlDialLedger implements DialLedger {
  readonly #database: Database;
  readonly #isShared: boolean;

  /** `isShared`: other nodes may use the same database, which is a PostgreSQL then. */
  constructor(database: Database, { isShared }: { readonly isShared: boolean }) {
    this.#database = database;
    this.#isShared = isShared;
  }

  /** An embedded database has one connection, and so one transaction at a time. */
  enter(dial: Dial): Promise<DialDecision> {
    // Each statement has to see what was committed before it, which not every server does by itself.
    const transaction = this.#database.transaction().setIsolationLevel('read committed');
    return transaction.execute(async (database) => {
      if (this.#isShared) await awaitTurn(database, dial);
      const refusal = await refusalOf(database, dial);
      if (refusal) return refusal;
      const { dialId, to, placedBy, nowMs } = dial;
      await database
        .insertInto('dials')
        .values({ dial_id: dialId, to_number: to, placed_by: placedBy ?? null, at_ms: nowMs })
        .onConflict((conflict) => conflict.column('dial_id').doNothing())
        .execute();
      return { kind: 'entered' };
    });
  }

  async withdraw(dialId: string): Promise<void> {
    await this.#database.deleteFrom('dials').where('dial_id', '=', dialId).execute();
  }

  async forget(beforeMs: number): Promise<void> {
    await this.#database.deleteFrom('dials').where('at_ms', '<', beforeMs).execute();
  }
}

/** Numbers before keys, so that no two wait for each other. The locks end with the transaction. */
async function awaitTurn(database: Database, { to, placedBy }: Dial): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`dials to ${to}`}, 0))`.execute(database);
  if (placedBy === undefined) return;
  await sql`select pg_advisory_xact_lock(hashtextextended(${`dials by ${placedBy}`}, 0))`.execute(database);
}

async function refusalOf(database: Database, dial: Dial): Promise<DialDecision | undefined> {
  const { dialId, to, placedBy, nowMs } = dial;
  const { dialsPerDestinationPerHour, callsPerKeyPerDay } = dial.limits;
  // One that is there already is the same one, from a try whose outcome was not known.
  const others = database.selectFrom('dials').select('at_ms').where('dial_id', '<>', dialId).orderBy('at_ms', 'desc');
  if (dialsPerDestinationPerHour !== undefined) {
    // What was dialled exactly an hour ago counts no more: whoever waited as long as he was told gets through.
    const recent = others.where('to_number', '=', to).where('at_ms', '>', nowMs - HOUR_MS);
    const last = await recent
      .limit(1)
      .offset(dialsPerDestinationPerHour - 1)
      .executeTakeFirst();
    if (last) return { kind: 'refused', rule: 'destination', retryAtMs: last.at_ms + HOUR_MS };
  }
  if (placedBy === undefined) return undefined;
  const recent = others.where('placed_by', '=', placedBy).where('at_ms', '>', nowMs - DAY_MS);
  const last = await recent
    .limit(1)
    .offset(callsPerKeyPerDay - 1)
    .executeTakeFirst();
  return last && { kind: 'refused', rule: 'key', retryAtMs: last.at_ms + DAY_MS };
}
