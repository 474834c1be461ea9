// How the AI is to behave, with each call.

import type { Kysely, Migration } from 'kysely';

/** Adds `calls.behaviour`; older calls chose nothing. */
export const addBehaviour: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema
      .alterTable('calls')
      .addColumn('behaviour', 'text', (column) => column.notNull().defaultTo('{}'))
      .execute();
  },

  async down(database: Kysely<unknown>): Promise<void> {
    await database.schema.alterTable('calls').dropColumn('behaviour').execute();
  },
};
