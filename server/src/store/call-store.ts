// The record of calls in SQL: implements CallStore on Kysely, without a word of any one engine's own SQL.

import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import type { Call } from '../calls/call';
import type { Charge } from '../calls/cost';
import { CursorError, RecordRefusedError } from '../calls/errors';
import type {
  CallPage,
  CallQuery,
  CallStore,
  Idempotency,
  Insertion,
  RecordWrite,
  Replay,
  StoredEntry,
} from '../calls/record-ports';
import { fromRow, toRow } from './call-row';
import { BatchWriter } from './record-batch';
import { asRefusal } from './refusal';
import type { Database } from './tables';
import { readTimeline } from './timeline';

/** Calls and their timelines. */
export class SqlCallStore implements CallStore {
  readonly #database: Database;
  readonly #writer: BatchWriter;
  readonly #nodeId: string;

  /** `nodeId`: to whom the calls belong that are inserted here. */
  constructor(database: Database, { nodeId }: { readonly nodeId: string }) {
    this.#database = database;
    this.#writer = new BatchWriter(database);
    this.#nodeId = nodeId;
  }

  async insert(call: Call, idempotency?: Idempotency): Promise<Insertion> {
    const row = {
      ...toRow(call),
      idempotency_key: idempotency?.key ?? null,
      request_fingerprint: idempotency?.fingerprint ?? null,
      owner_node: this.#nodeId,
    };
    try {
      const result = await this.#database
        .insertInto('calls')
        .values(row)
        .onConflict((conflict) => conflict.column('idempotency_key').doNothing())
        .executeTakeFirst();
      if (result.numInsertedOrUpdatedRows === 1n || !idempotency) return { kind: 'inserted' };
    } catch (error) {
      if (await this.#isInserted(call, error)) return { kind: 'inserted' };
      throw error;
    }
    const replay = (await this.findReplay(idempotency)) ?? { kind: 'mismatched' };
    return replay.kind === 'replayed' && replay.call.callId === call.callId ? { kind: 'inserted' } : replay;
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

  write(batch: readonly RecordWrite[]): Promise<void> {
    return this.#writer.write(batch);
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#database);
  }

  async find(callId: string): Promise<Call | undefined> {
    const row = await this.#database.selectFrom('calls').selectAll().where('call_id', '=', callId).executeTakeFirst();
    return row && fromRow(row);
  }

  async isCharged(callId: string, { source, reference, items }: Charge): Promise<boolean> {
    const rows = await this.#database
      .selectFrom('cost_items')
      .select('kind')
      .where('call_id', '=', callId)
      .where('source', '=', source)
      .where('reference', '=', reference)
      .execute();
    const kinds = new Set(rows.map(({ kind }) => kind));
    return items.length > 0 && items.every(({ kind }) => kinds.has(kind));
  }

  async list(query: CallQuery): Promise<CallPage> {
    const { statuses, to, sinceMs, limit } = query;
    const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
    if (statuses?.length === 0) return { calls: [] };
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

  timeline(callId: string, afterSequence = 0): Promise<readonly StoredEntry[]> {
    return readTimeline(this.#database, { callId, afterSequence });
  }

  /** An insert whose answer did not come is tried again, and finds its own row. */
  async #isInserted(call: Call, error: unknown): Promise<boolean> {
    if (!(asRefusal(error) instanceof RecordRefusedError)) return false;
    const found = await this.find(call.callId);
    return found !== undefined && isDeepStrictEqual(toRow(found), toRow(call));
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
