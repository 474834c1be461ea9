// Reading the timeline of a call out of the tables that hold it.

import { sql } from 'kysely';
import type { StoredEntry } from '../calls/record-ports';
import { decoded } from './entry-rows';
import { nextTurn } from './next-turn';
import type { Database } from './tables';

/** About 2 ms of an embedded database; the timeline of a call of hours has tens of thousands. */
const ENTRIES_PER_TURN = 200;

/** Which part of a timeline. */
export type TimelineSpan = {
  readonly callId: string;
  readonly afterSequence: number;
  /** Inclusive; up to the end when it is left out. */
  readonly upTo?: number;
};

/**
 * The entries in their order and without a gap: up to the number that is committed when we begin. Of what is committed
 * while we read, only the tables that are read last would have any.
 */
export async function readTimeline(
  database: Database,
  { callId, afterSequence, upTo = Infinity }: TimelineSpan,
): Promise<readonly StoredEntry[]> {
  const call = await database
    .selectFrom('calls')
    .select('last_sequence')
    .where('call_id', '=', callId)
    .executeTakeFirst();
  const last = Math.min(upTo, call?.last_sequence ?? 0);
  const entries: StoredEntry[] = [];
  for (let after = afterSequence; after < last; after += ENTRIES_PER_TURN) {
    if (after > afterSequence) await nextTurn();
    const span = { callId, afterSequence: after, upTo: Math.min(after + ENTRIES_PER_TURN, last) };
    entries.push(...(await readSpan(database, span)));
  }
  return entries;
}

async function readSpan(database: Database, span: Required<TimelineSpan>): Promise<readonly StoredEntry[]> {
  const isWanted = sql<boolean>`call_id = ${span.callId}
    and sequence > ${span.afterSequence} and sequence <= ${span.upTo}`;
  return decoded({
    call_events: await database.selectFrom('call_events').selectAll().where(isWanted).execute(),
    turns: await database.selectFrom('turns').selectAll().where(isWanted).execute(),
    tool_calls: await database.selectFrom('tool_calls').selectAll().where(isWanted).execute(),
    cost_items: await database.selectFrom('cost_items').selectAll().where(isWanted).execute(),
  });
}
