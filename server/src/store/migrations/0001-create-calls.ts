// Calls and their timelines.

import type { Kysely, Migration } from 'kysely';

/** Creates `calls` and `call_events`. */
export const createCalls: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema
      .createTable('calls')
      .addColumn('call_id', 'text', (column) => column.primaryKey())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('to_number', 'text', (column) => column.notNull())
      .addColumn('from_number', 'text', (column) => column.notNull())
      .addColumn('instructions', 'text', (column) => column.notNull())
      .addColumn('voice', 'text', (column) => column.notNull())
      .addColumn('greeting', 'text')
      .addColumn('max_duration_seconds', 'integer', (column) => column.notNull())
      .addColumn('metadata', 'text', (column) => column.notNull())
      .addColumn('status_callback_url', 'text')
      .addColumn('carrier_call_id', 'text')
      .addColumn('created_at_ms', 'bigint', (column) => column.notNull())
      .addColumn('initiated_at_ms', 'bigint')
      .addColumn('ringing_at_ms', 'bigint')
      .addColumn('answered_at_ms', 'bigint')
      .addColumn('ended_at_ms', 'bigint')
      .addColumn('usage', 'text', (column) => column.notNull())
      .addColumn('cost_usd', 'double precision')
      .addColumn('end_reason', 'text')
      .addColumn('verdict', 'text')
      .addColumn('idempotency_key', 'text', (column) => column.unique())
      .addColumn('request_fingerprint', 'text')
      .execute();
    await database.schema.createIndex('calls_by_creation').on('calls').columns(['created_at_ms', 'call_id']).execute();
    await database.schema
      .createIndex('calls_by_destination')
      .on('calls')
      .columns(['to_number', 'created_at_ms'])
      .execute();
    await database.schema
      .createTable('call_events')
      .addColumn('call_id', 'text', (column) => column.notNull().references('calls.call_id').onDelete('cascade'))
      .addColumn('sequence', 'integer', (column) => column.notNull())
      .addColumn('at_ms', 'bigint', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('call_events_pk', ['call_id', 'sequence'])
      .execute();
  },

  async down(database: Kysely<unknown>): Promise<void> {
    await database.schema.dropTable('call_events').execute();
    await database.schema.dropTable('calls').execute();
  },
};
