// Looks at a database without changing it: whether it can be opened and written, and which migrations it has.

import { existsSync } from 'node:fs';
import { Kysely, sql } from 'kysely';
import type { Clock } from '../calls/ports';
import { isPostgresUrl, lookDialect } from './database';
import { MIGRATIONS } from './migrations/migrations';

// The first statement opens the connection; the shortest of the others is what the database takes.
const ROUNDS = 3;

/** What a database is like. */
export type DatabaseInspection = {
  /** Names of the migrations that the next start applies; all of them when there is nothing yet. */
  readonly missing: readonly string[];
  /** Names of migrations that this code does not know: a newer one has been here. */
  readonly unknown: readonly string[];
  readonly isNew: boolean;
  /** Undefined where there is no database yet. */
  readonly latencyMs: number | undefined;
};

type Inspected = Kysely<{ readonly kysely_migration: { readonly name: string } }>;

/** Inspects a `postgres://` URL or the path of an SQLite file. @throws what the driver says of a database that is of no use */
export async function inspectDatabase(place: string, clock: Pick<Clock, 'monotonicMs'>): Promise<DatabaseInspection> {
  if (!isPostgresUrl(place) && !existsSync(place)) return inspection(undefined, undefined);
  const database: Inspected = new Kysely({ dialect: lookDialect(place) });
  try {
    const latencyMs = await latency(database, clock);
    const applied = (await hasMigrations(database, isPostgresUrl(place)))
      ? (await database.selectFrom('kysely_migration').select('name').execute()).map(({ name }) => name)
      : undefined;
    await assertWritable(database);
    return inspection(applied, latencyMs);
  } finally {
    await database.destroy();
  }
}

function inspection(applied: readonly string[] | undefined, latencyMs: number | undefined): DatabaseInspection {
  const known = Object.keys(MIGRATIONS);
  const had = applied ?? [];
  return {
    missing: known.filter((name) => !had.includes(name)),
    unknown: had.filter((name) => !known.includes(name)),
    isNew: applied === undefined,
    latencyMs,
  };
}

async function latency(database: Inspected, clock: Pick<Clock, 'monotonicMs'>): Promise<number> {
  const tookMs: number[] = [];
  await sql`select 1`.execute(database);
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAtMs = clock.monotonicMs();
    await sql`select 1`.execute(database);
    tookMs.push(clock.monotonicMs() - startedAtMs);
  }
  return Math.min(...tookMs);
}

async function hasMigrations(database: Inspected, isPostgres: boolean): Promise<boolean> {
  const found = isPostgres
    ? sql`select 1 where to_regclass('kysely_migration') is not null`
    : sql`select 1 from sqlite_master where name = 'kysely_migration'`;
  return (await found.execute(database)).rows.length > 0;
}

/** A write that is taken back leaves nothing, and fails where a real one would. */
async function assertWritable(database: Inspected): Promise<void> {
  const undone = new Error('Taken back');
  const writing = database.transaction().execute(async (transaction) => {
    // In the schema of the tables: a temporary one could also be made where nothing else can.
    await sql`create table ai_calls_doctor (number integer)`.execute(transaction);
    throw undone;
  });
  await writing.catch((error: unknown) => {
    if (error !== undone) throw error;
  });
}
