// The sweep of old data looks for calls by their end. Nearly all of the old ones have been purged long since.

import { type Kysely, type Migration, sql } from 'kysely';

/** Replaces the index of all ends by one of those calls that have not been purged. */
export const indexUnpurged: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema.dropIndex('calls_by_end').execute();
    await database.schema
      .createIndex('calls_to_purge')
      .on('calls')
      .columns(['ended_at_ms'])
      .where(sql.ref('purged_at_ms'), 'is', null)
      .execute();
  },

  async down(database: Kysely<unknown>): Promise<void> {
    await database.schema.dropIndex('calls_to_purge').execute();
    await database.schema.createIndex('calls_by_end').on('calls').columns(['ended_at_ms']).execute();
  },
};
