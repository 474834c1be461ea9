// Who asked for each call, and the dials that count against limits.

import type { Kysely, Migration } from 'kysely';

/** Adds `calls.placed_by`, and `dials` with the indexes with which recent ones to a number and by a key are counted. */
export const addPlacedBy: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema.alterTable('calls').addColumn('placed_by', 'text').execute();
    await database.schema
      .createTable('dials')
      .addColumn('dial_id', 'text', (column) => column.primaryKey())
      .addColumn('to_number', 'text', (column) => column.notNull())
      .addColumn('placed_by', 'text')
      .addColumn('at_ms', 'bigint', (column) => column.notNull())
      .execute();
    await database.schema.createIndex('dials_by_number').on('dials').columns(['to_number', 'at_ms']).execute();
    await database.schema.createIndex('dials_by_key').on('dials').columns(['placed_by', 'at_ms']).execute();
  },

  async down(database: Kysely<unknown>): Promise<void> {
    await database.schema.dropTable('dials').execute();
    await database.schema.alterTable('calls').dropColumn('placed_by').execute();
  },
};
