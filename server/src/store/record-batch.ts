// Writing a batch of records in one transaction: each call's row once, then the rows that hang on it.

import { RecordRefusedError } from '../calls/errors';
import type { RecordWrite } from '../calls/record-ports';
import { type CallChanges, callbackRow, changesOf } from './call-changes';
import { type EntryRows, noRows } from './entry-rows';
import { nextTurn } from './next-turn';
import { asRefusal, orRefused } from './refusal';
import type { CallbackRow, Database } from './tables';
import { readTimeline } from './timeline';

// About a millisecond of an embedded database; far below the parameters that a statement may have.
const ROWS_PER_INSERT = 50;

/** Where the timeline of each call ends after a batch. */
type Sequences = ReadonlyMap<string, number>;

type Counters = { readonly last_sequence: number; readonly last_callback_number: number };

/** A commit without an answer: the batch may be in the database or not. */
type Doubt = { readonly batch: readonly RecordWrite[]; readonly sequences: Sequences };

/** Thrown to take back what a transaction has begun: its batch was written by the try before. */
class AlreadyWritten extends Error {}

/** Writes batches. One whose commit was not answered may be written again: nothing is doubled by that. */
export class BatchWriter {
  readonly #database: Database;
  #doubt: Doubt | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** All of the batch or nothing. @throws RecordRefusedError */
  async write(batch: readonly RecordWrite[]): Promise<void> {
    if (batch.length === 0) return;
    const changes = orRefused(() => changesOf(batch));
    const earlier = this.#doubt?.batch === batch ? this.#doubt.sequences : undefined;
    try {
      await this.#database.transaction().execute(async (transaction) => {
        const sequences = await writeAll(transaction, changes, earlier);
        this.#doubt = { batch, sequences };
      });
    } catch (error) {
      if (!(error instanceof AlreadyWritten)) throw asRefusal(error);
    }
    this.#doubt = undefined;
  }
}

async function writeAll(
  transaction: Database,
  changes: readonly CallChanges[],
  earlier: Sequences | undefined,
): Promise<Sequences> {
  const sequences = new Map<string, number>();
  const rows = noRows();
  const callbacks: CallbackRow[] = [];
  for (const change of changes) {
    await nextTurn();
    const counters = await update(transaction, change);
    if (!counters) continue;
    if (await isThere(transaction, change, earlier?.get(change.callId))) throw new AlreadyWritten();
    sequences.set(change.callId, counters.last_sequence);
    number(change, counters, { rows, callbacks });
  }
  await insertAll(transaction, rows, callbacks);
  return sequences;
}

/** The row of the call, and the numbers for what hangs on it; nothing for a call that is not there and needs none. */
async function update(transaction: Database, change: CallChanges): Promise<Counters | undefined> {
  const { callId, progress, entries, callbacks } = change;
  const counters = await transaction
    .updateTable('calls')
    .set((of) => ({
      ...progress,
      last_sequence: of('last_sequence', '+', entries.length),
      last_callback_number: of('last_callback_number', '+', callbacks.length),
    }))
    .where('call_id', '=', callId)
    .returning(['last_sequence', 'last_callback_number'])
    .executeTakeFirst();
  if (!counters && entries.length + callbacks.length > 0) throw new RecordRefusedError('There is no such call.');
  return counters;
}

/**
 * Whether the try before has written the change, up to its last entry as number `sequence`. Asked when the row of the call
 * is ours to change: then that try is over. The number alone would not tell, as another node may have taken the call over.
 */
async function isThere(
  transaction: Database,
  { callId, lastEntry }: CallChanges,
  sequence: number | undefined,
): Promise<boolean> {
  if (sequence === undefined || !lastEntry) return false;
  const [found] = await readTimeline(transaction, { callId, afterSequence: sequence - 1, upTo: sequence });
  return found?.type === lastEntry.type && found.atMs === lastEntry.atMs;
}

/** The numbers up to the counters are the batch's own: the row of the call is locked until the commit. */
function number(
  { entries, callbacks }: CallChanges,
  counters: Counters,
  into: { readonly rows: EntryRows; readonly callbacks: CallbackRow[] },
): void {
  const firstSequence = counters.last_sequence - entries.length + 1;
  for (const [index, add] of entries.entries()) add(into.rows, firstSequence + index);
  const firstNumber = counters.last_callback_number - callbacks.length + 1;
  for (const [index, callback] of callbacks.entries()) into.callbacks.push(callbackRow(callback, firstNumber + index));
}

async function insertAll(
  transaction: Database,
  { call_events, turns, tool_calls, cost_items }: EntryRows,
  callbacks: readonly CallbackRow[],
): Promise<void> {
  for await (const rows of chunks(call_events)) await transaction.insertInto('call_events').values(rows).execute();
  for await (const rows of chunks(turns)) await transaction.insertInto('turns').values(rows).execute();
  for await (const rows of chunks(tool_calls)) await transaction.insertInto('tool_calls').values(rows).execute();
  for await (const rows of chunks(cost_items)) await transaction.insertInto('cost_items').values(rows).execute();
  for await (const rows of chunks(callbacks)) {
    // One that is there already is the same one, from a try whose outcome was not known.
    const insert = transaction.insertInto('callbacks').values(rows);
    await insert.onConflict((conflict) => conflict.column('callback_id').doNothing()).execute();
  }
}

/** Parts of the rows, each in a turn of the event loop of its own. */
async function* chunks<T>(rows: readonly T[]): AsyncGenerator<T[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    await nextTurn();
    yield rows.slice(start, start + ROWS_PER_INSERT);
  }
}
