// Turns, tool calls and costs in tables of their own, the outbox of callbacks, and the nodes that share a database.

import { type CreateTableBuilder, type Kysely, type Migration, sql } from 'kysely';

const WAITING = sql.lit('waiting');

/** Creates `turns`, `tool_calls`, `cost_items`, `callbacks` and `nodes`. Entries of older calls stay in `call_events`. */
export const createRecords: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await createTurns(database);
    await createToolCalls(database);
    await createCostItems(database);
    await createCallbacks(database);
    await database.schema
      .createTable('nodes')
      .addColumn('node_id', 'text', (column) => column.primaryKey())
      .addColumn('alive_until_ms', 'bigint', (column) => column.notNull())
      .execute();
  },

  async down(database: Kysely<unknown>): Promise<void> {
    for (const table of ['nodes', 'callbacks', 'cost_items', 'tool_calls', 'turns']) {
      await database.schema.dropTable(table).execute();
    }
  },
};

/** A table of parts of timelines. */
function entryTable(
  database: Kysely<unknown>,
  name: string,
): CreateTableBuilder<string, 'call_id' | 'sequence' | 'at_ms'> {
  return database.schema
    .createTable(name)
    .addColumn('call_id', 'text', (column) => column.notNull().references('calls.call_id').onDelete('cascade'))
    .addColumn('sequence', 'integer', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull());
}

async function createTurns(database: Kysely<unknown>): Promise<void> {
  await entryTable(database, 'turns')
    .addColumn('speaker', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('started_at_ms', 'double precision', (column) => column.notNull())
    .addColumn('is_interrupted', 'integer', (column) => column.notNull())
    .addColumn('heard_ms', 'double precision')
    .addColumn('audio_ms', 'double precision')
    .addColumn('extra', 'text')
    .addPrimaryKeyConstraint('turns_pk', ['call_id', 'sequence'])
    .execute();
}

async function createToolCalls(database: Kysely<unknown>): Promise<void> {
  await entryTable(database, 'tool_calls')
    .addColumn('tool_call_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('arguments_json', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('output', 'text', (column) => column.notNull())
    .addColumn('duration_ms', 'double precision', (column) => column.notNull())
    .addColumn('extra', 'text')
    .addPrimaryKeyConstraint('tool_calls_pk', ['call_id', 'sequence'])
    .execute();
}

async function createCostItems(database: Kysely<unknown>): Promise<void> {
  await entryTable(database, 'cost_items')
    .addColumn('item', 'integer', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('prices_as_of', 'text')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('quantity', 'double precision', (column) => column.notNull())
    .addColumn('unit', 'text', (column) => column.notNull())
    .addColumn('unit_price_usd', 'double precision')
    .addColumn('amount_usd', 'double precision')
    .addColumn('extra', 'text')
    .addPrimaryKeyConstraint('cost_items_pk', ['call_id', 'sequence', 'item'])
    .execute();
  await database.schema.createIndex('cost_items_by_time').on('cost_items').columns(['at_ms']).execute();
}

/** What was delivered is only looked at again when it is deleted: both indexes of the outbox hold what waits. */
async function createCallbacks(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('callbacks')
    .addColumn('callback_id', 'text', (column) => column.primaryKey())
    .addColumn('call_id', 'text', (column) => column.notNull().references('calls.call_id').onDelete('cascade'))
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('due_at_ms', 'bigint', (column) => column.notNull())
    .addColumn('claimed_until_ms', 'bigint')
    .addColumn('settled_at_ms', 'bigint')
    .addUniqueConstraint('callbacks_in_order', ['call_id', 'number'])
    .execute();
  await database.schema
    .createIndex('callbacks_due')
    .on('callbacks')
    .columns(['due_at_ms'])
    .where(sql.ref('state'), '=', WAITING)
    .execute();
  await database.schema
    .createIndex('callbacks_waiting')
    .on('callbacks')
    .columns(['call_id', 'number'])
    .where(sql.ref('state'), '=', WAITING)
    .execute();
}
