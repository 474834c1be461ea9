// The record of calls in SQL: implements CallStore on Kysely, without a word of any one engine's own SQL.

import { sql } from 'kysely';
import type { Call } from '../calls/call';
import { CursorError } from '../calls/errors';
import type { CallPage, CallQuery, CallStore, Idempotency, Insertion, Replay, TimelineEntry } from '../calls/ports';
import { type CallRowData, fromRow, toRow } from './call-row';
import type { Database } from './database';

/** Calls and timelines in the tables `calls` and `call_events`. */
export class SqlCallStore implements CallStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insert(call: Call, idempotency?: Idempotency): Promise<Insertion> {
    const row = {
      ...toRow(call),
      idempotency_key: idempotency?.key ?? null,
      request_fingerprint: idempotency?.fingerprint ?? null,
    };
    const result = await this.#database
      .insertInto('calls')
      .values(row)
      .onConflict((conflict) => conflict.column('idempotency_key').doNothing())
      .executeTakeFirst();
    if (result.numInsertedOrUpdatedRows === 1n || !idempotency) return { kind: 'inserted' };
    return (await this.findReplay(idempotency)) ?? { kind: 'mismatched' };
  }

  async findReplay(idempotency: Idempotency): Promise<Replay | undefined> {
    const row = await this.#database
      .selectFrom('calls')
      .selectAll()
      .where('idempotency_key', '=', idempotency.key)
      .executeTakeFirst();
    if (!row) return undefined;
    if (row.request_fingerprint !== idempotency.fingerprint) return { kind: 'mismatched' };
    return { kind: 'replayed', call: fromRow(row) };
  }

  async save(call: Call): Promise<void> {
    const row: CallRowData = toRow(call);
    await this.#database.updateTable('calls').set(row).where('call_id', '=', call.callId).execute();
  }

  /** The number within the call is taken in the same statement; the journal writes one entry at a time. */
  async append(entry: TimelineEntry): Promise<void> {
    await this.#database
      .insertInto('call_events')
      .columns(['call_id', 'sequence', 'at_ms', 'type', 'data'])
      .expression((from) =>
        from
          .selectFrom('call_events')
          .where('call_id', '=', entry.callId)
          .select((of) => [
            sql<string>`cast(${of.val(entry.callId)} as text)`.as('call_id'),
            sql<number>`coalesce(${of.fn.max('sequence')}, 0) + 1`.as('sequence'),
            sql<number>`cast(${of.val(entry.atMs)} as bigint)`.as('at_ms'),
            sql<string>`cast(${of.val(entry.type)} as text)`.as('type'),
            sql<string>`cast(${of.val(JSON.stringify(entry.data))} as text)`.as('data'),
          ]),
      )
      .execute();
  }

  async find(callId: string): Promise<Call | undefined> {
    const row = await this.#database.selectFrom('calls').selectAll().where('call_id', '=', callId).executeTakeFirst();
    return row && fromRow(row);
  }

  async list(query: CallQuery): Promise<CallPage> {
    const { statuses, to, sinceMs, limit } = query;
    const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
    let select = this.#database.selectFrom('calls').selectAll();
    if (statuses) select = select.where('status', 'in', statuses);
    if (to !== undefined) select = select.where('to_number', '=', to);
    if (sinceMs !== undefined) select = select.where('created_at_ms', '>=', sinceMs);
    if (after) {
      select = select.where((of) =>
        of.or([
          of('created_at_ms', '<', after.createdAtMs),
          of.and([of('created_at_ms', '=', after.createdAtMs), of('call_id', '<', after.callId)]),
        ]),
      );
    }
    // One row more than asked for tells whether there is another page.
    const rows = await select
      .orderBy('created_at_ms', 'desc')
      .orderBy('call_id', 'desc')
      .limit(limit + 1)
      .execute();
    const calls = rows.slice(0, limit).map(fromRow);
    const last = calls.at(-1);
    return rows.length > limit && last ? { calls, nextCursor: cursorAfter(last) } : { calls };
  }

  async timeline(callId: string): Promise<readonly TimelineEntry[]> {
    const rows = await this.#database
      .selectFrom('call_events')
      .selectAll()
      .where('call_id', '=', callId)
      .orderBy('sequence')
      .execute();
    return rows.map((row) => ({
      callId,
      atMs: row.at_ms,
      type: row.type,
      data: JSON.parse(row.data) as TimelineEntry['data'],
    }));
  }
}

function cursorAfter(call: Call): string {
  return Buffer.from(`${call.timings.createdAtMs}:${call.callId}`).toString('base64url');
}

function parseCursor(cursor: string): { readonly createdAtMs: number; readonly callId: string } {
  const [, createdAtMs, callId] =
    /^(\d{1,15}):([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (createdAtMs === undefined || callId === undefined) throw new CursorError('This cursor is not one of ours.');
  return { createdAtMs: Number(createdAtMs), callId };
}
