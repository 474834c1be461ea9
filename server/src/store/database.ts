// Opens the database and brings its tables up to date. SQLite in one file is the embedded default; everything above
// this file speaks only Kysely, so that another engine needs nothing but another dialect here.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import { MIGRATIONS } from './migrations/migrations';

const BUSY_TIMEOUT_MS = 20;

/** One row of `calls`. Times are epoch milliseconds; `behaviour`, `metadata`, `usage` and `verdict` are JSON. */
export type CallRow = {
  readonly call_id: string;
  readonly status: string;
  readonly to_number: string;
  readonly from_number: string;
  readonly instructions: string;
  readonly voice: string;
  readonly greeting: string | null;
  readonly max_duration_seconds: number;
  /** What differs from DEFAULT_BEHAVIOUR, or all of it. */
  readonly behaviour: string;
  readonly metadata: string;
  readonly status_callback_url: string | null;
  readonly carrier_call_id: string | null;
  readonly created_at_ms: number;
  readonly initiated_at_ms: number | null;
  readonly ringing_at_ms: number | null;
  readonly answered_at_ms: number | null;
  readonly ended_at_ms: number | null;
  readonly usage: string;
  readonly cost_usd: number | null;
  readonly end_reason: string | null;
  readonly verdict: string | null;
  readonly idempotency_key: string | null;
  readonly request_fingerprint: string | null;
};

/** One row of `call_events`; `data` is JSON. */
export type CallEventRow = {
  readonly call_id: string;
  /** 1, 2, 3 … within the call. */
  readonly sequence: number;
  readonly at_ms: number;
  readonly type: string;
  readonly data: string;
};

/** The tables, as Kysely sees them. */
export type Tables = {
  readonly calls: CallRow;
  readonly call_events: CallEventRow;
};

/** A connection to the record of calls. */
export type Database = Kysely<Tables>;

/** Opens the SQLite file (`:memory:` for none), creates its folder and applies the migrations that it lacks. */
export async function openDatabase(path: string): Promise<Database> {
  // The file holds numbers and words of people: not for other users of the machine.
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = new Libsql(path);
  // Readers do not wait for the writer, and a commit does not wait for the disk: the calls cannot afford either.
  file.exec('PRAGMA journal_mode = WAL');
  file.exec('PRAGMA synchronous = NORMAL');
  // Waiting for a lock holds up the whole process, every call's audio included: those who write try again instead.
  file.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  const database: Database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file }) });
  await migrate(database);
  return database;
}

async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw new Error('The database could not be brought up to date', { cause: error });
}
