// The numbered migrations in their order. A migration that has been released is never edited.

import type { Migration } from 'kysely';
import { createCalls } from './0001-create-calls';
import { addBehaviour } from './0002-add-behaviour';
import { completeCalls } from './0003-complete-calls';
import { createRecords } from './0004-create-records';
import { indexUnpurged } from './0005-index-unpurged';
import { addPlacedBy } from './0006-add-placed-by';

/** All migrations by name; names sort in the order of application. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-create-calls': createCalls,
  '0002-add-behaviour': addBehaviour,
  '0003-complete-calls': completeCalls,
  '0004-create-records': createRecords,
  '0005-index-unpurged': indexUnpurged,
  '0006-add-placed-by': addPlacedBy,
};
