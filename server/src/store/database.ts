// Opens the records and brings their tables up to date. Everything above this file speaks only Kysely, so that it is the
// same on every engine.

import { type Dialect, Kysely, Migrator, sql } from 'kysely';
import { MIGRATIONS } from './migrations/migrations';
import { postgresDialect } from './postgres';
import { sqliteDialect } from './sqlite';
import type { Database, Tables } from './tables';

const POSTGRES_URL = /^postgres(ql)?:\/\//;

/** Tells a PostgreSQL URL from the path of an SQLite file. */
export function isPostgresUrl(place: string): boolean {
  return POSTGRES_URL.test(place);
}

/** Opens a `postgres://` URL, or an SQLite file (`:memory:` for none), and applies the migrations that it lacks. */
export function openDatabase(place: string): Promise<Database> {
  return isPostgresUrl(place) ? openPostgres(place) : openSqlite(place);
}

/** Rejects when the database cannot be used; its tables are left as they are. */
export async function reachDatabase(place: string): Promise<void> {
  await using(lookDialect(place), (database) => sql`select 1`.execute(database));
}

/** For a look at a database: no more than one connection. */
export function lookDialect(place: string): Dialect {
  return isPostgresUrl(place) ? postgresDialect(place, 'records', { max: 1 }) : sqliteDialect(place);
}

async function openSqlite(path: string): Promise<Database> {
  const database = new Kysely<Tables>({ dialect: sqliteDialect(path) });
  await migrate(database);
  return database;
}

/** Nodes that start at the same time take turns with the migrations. */
async function openPostgres(url: string): Promise<Database> {
  await using(postgresDialect(url, 'migrations'), async (database) => {
    const { rows } = await sql<{ readonly name: string }>`select current_schema() as name`.execute(database);
    await migrate(database, rows[0]?.name);
  });
  return new Kysely<Tables>({ dialect: postgresDialect(url, 'records') });
}

async function using(dialect: Dialect, work: (database: Kysely<unknown>) => Promise<unknown>): Promise<void> {
  const database = new Kysely<unknown>({ dialect });
  await work(database).finally(() => database.destroy());
}

/** `schema`: where the list of migrations is; another one's list in another schema is none of ours. */
async function migrate(database: Kysely<unknown> | Database, schema?: string): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw new Error('The database could not be brought up to date', { cause: error });
}
