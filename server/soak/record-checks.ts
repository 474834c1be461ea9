// Whether the records hold what they must: read by REST as a user does, and in the database itself.

import { Kysely } from 'kysely';
import { markOf } from './call-plan';
import { isPostgresUrl } from '../src/store/database';
import { postgresDialect } from '../src/store/postgres';
import { sqliteDialect } from '../src/store/sqlite';
import type { Database, Tables } from '../src/store/tables';
import type { PlacedCall } from './traffic';

const FINAL = ['completed', 'busy', 'failed', 'no-answer', 'canceled'] as const;
const BEFORE_THE_END = ['queued', 'initiated', 'ringing', 'in-progress'] as const;

type Entry = { readonly type: string };
type Turn = { readonly startedAt: string; readonly text: string };

/** What is wrong with the record of a call; nothing, as a rule. */
export function faultsOfRecord({ plan, callId, record }: PlacedCall): readonly string[] {
  if (record === undefined) return [`${callId} (${plan.faultName}): the record did not become final`];
  const timeline = (record['timeline'] ?? []) as readonly Entry[];
  const turns = (record['transcript'] ?? []) as readonly Turn[];
  const ends = timeline.filter(({ type }) => FINAL.some((status) => type === `call.${status}`));
  const faults = [
    record['verdict'] === null && 'no verdict',
    timeline[0]?.type !== 'call.queued' && `begins with ${timeline[0]?.type}`,
    ends.length !== 1 && `has ${ends.length} ends`,
    ends[0] !== undefined &&
      ends[0].type !== `call.${String(record['status'])}` &&
      'ends otherwise than its status says',
    !areInOrder(turns) && 'has turns out of order',
    turns.some(({ text }) => isForeign(text, plan.index)) && 'has words of another call',
    timeline.filter(({ type }) => type === 'leg.down').length !== 1 && 'does not say once that its leg is down',
  ];
  return faults.filter((fault) => typeof fault === 'string').map((fault) => `${callId} (${plan.faultName}): ${fault}`);
}

/** What the database says at the end, past the server. */
export type StoredState = {
  readonly unfinished: number;
  readonly withoutVerdict: number;
  readonly withLeg: number;
  /** Gaps in the sequences of timelines. */
  readonly withGaps: number;
};

/** Opens the records beside the server: to read only, and without bringing the tables up to date. */
export function openAsOnlooker(place: string): Database {
  const dialect = isPostgresUrl(place) ? postgresDialect(place, 'records') : sqliteDialect(place);
  return new Kysely<Tables>({ dialect });
}

/** Counts in the database what must not be there. */
export async function storedState(place: string): Promise<StoredState> {
  const database = openAsOnlooker(place);
  try {
    const calls = await database
      .selectFrom('calls')
      .select(['call_id', 'status', 'verdict', 'may_have_leg', 'last_sequence'])
      .execute();
    const sequences = await storedSequences(database);
    return {
      unfinished: calls.filter(({ status }) => BEFORE_THE_END.some((one) => one === status)).length,
      withoutVerdict: calls.filter(({ verdict }) => verdict === null).length,
      withLeg: calls.filter(({ may_have_leg: mayHaveLeg }) => mayHaveLeg !== 0).length,
      withGaps: calls.filter((call) => (sequences.get(call.call_id)?.size ?? 0) !== call.last_sequence).length,
    };
  } finally {
    await database.destroy();
  }
}

async function storedSequences(database: Database): Promise<Map<string, Set<number>>> {
  const sequences = new Map<string, Set<number>>();
  for (const table of ['call_events', 'turns', 'tool_calls', 'cost_items'] as const) {
    const rows = await database.selectFrom(table).select(['call_id', 'sequence']).execute();
    for (const { call_id: callId, sequence } of rows) {
      const known = sequences.get(callId) ?? new Set();
      sequences.set(callId, known.add(sequence));
    }
  }
  return sequences;
}

function areInOrder(turns: readonly Turn[]): boolean {
  return turns.every(({ startedAt }, index) => index === 0 || startedAt >= (turns[index - 1]?.startedAt ?? ''));
}

function isForeign(text: string, index: number): boolean {
  return (text.match(/Soak \d+\./g) ?? []).some((mark) => mark !== markOf(index));
}
