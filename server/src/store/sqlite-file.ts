// An SQLite file as Kysely works with one. Locks are taken where a transaction begins, by `exec`: a prepared statement of
// libsql that finds the file locked stays in progress until it is collected as garbage, and no commit succeeds until then.

import type { SqliteDatabase, SqliteStatement } from 'kysely';
import type Libsql from 'libsql';

type Parameters = readonly unknown[];

const CONTROL = /^(begin|commit|rollback)$/i;
const READS = /^\s*(select|pragma)\b/i;
const REPEATED_READ = /^\s*select\b/i;

// To prepare a read takes five times as long as to run it, and the calls' audio waits for both. The server has some thirty
// reads; lists with filters are a few more. Each keeps in memory what it was asked with last: numbers and keys among it.
const MAX_PREPARED = 100;

type PreparedRead = { readonly statement: Libsql.Statement; readonly parameterCount: number };

/** Moves what has been written to its place in the file, and leaves nothing of it behind in `-wal`. */
export const EMPTY_WRITE_AHEAD_LOG = 'PRAGMA wal_checkpoint(TRUNCATE)';

/** A file whose writers find out about locks before they have begun. */
export class SqliteFile implements SqliteDatabase {
  readonly #file: Libsql.Database;
  /** Reads that have gone well, the last one last. */
  readonly #prepared = new Map<string, PreparedRead>();

  constructor(file: Libsql.Database) {
    this.#file = file;
  }

  prepare(sql: string): SqliteStatement {
    if (CONTROL.test(sql)) return this.#control(sql);
    if (REPEATED_READ.test(sql)) return this.#read(sql);
    const statement = this.#file.prepare(sql);
    const reader = statement.reader;
    const all = (parameters: Parameters): unknown[] => statement.all(parameters);
    const run = (parameters: Parameters): Libsql.RunResult => statement.run(parameters);
    const iterate = (parameters: Parameters): IterableIterator<unknown> => statement.iterate(parameters);
    if (READS.test(sql)) return { reader, all, run, iterate };
    const locked =
      <T>(work: (parameters: Parameters) => T) =>
      (parameters: Parameters): T =>
        this.#locked(() => work(parameters));
    return { reader, all: locked(all), run: locked(run), iterate };
  }

  /** The engine itself lets go only when the last statement is collected as garbage, and would tidy up only then. */
  close(): void {
    this.#prepared.clear();
    try {
      this.#file.exec(EMPTY_WRITE_AHEAD_LOG);
    } catch {
      // A statement that failed or was left half read is in the way: the next start finds everything in `-wal`.
    }
    this.#file.close();
  }

  #read(sql: string): SqliteStatement {
    const kept = this.#prepared.get(sql);
    const statement = kept?.statement ?? this.#file.prepare(sql);
    const all = (parameters: Parameters): unknown[] => {
      const parameterCount = parameters.length;
      // What is not given stays as it was the last time: somebody else's number.
      if (kept && kept.parameterCount !== parameterCount) throw new RangeError('A read was given other parameters.');
      // One that fails may stay in progress: it is left to the garbage collector.
      this.#prepared.delete(sql);
      const rows = statement.all(parameters);
      this.#keep(sql, { statement, parameterCount });
      return rows;
    };
    const run = (parameters: Parameters): Libsql.RunResult => statement.run(parameters);
    // May be left half read: one of its own.
    const iterate = (parameters: Parameters): IterableIterator<unknown> => this.#file.prepare(sql).iterate(parameters);
    return { reader: true, all, run, iterate };
  }

  #keep(sql: string, read: PreparedRead): void {
    this.#prepared.set(sql, read);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > MAX_PREPARED && oldest !== undefined) this.#prepared.delete(oldest);
  }

  #control(sql: string): SqliteStatement {
    const run = (): { changes: number; lastInsertRowid: number } => {
      if (/^rollback$/i.test(sql)) this.#rollBack();
      else this.#file.exec(/^begin$/i.test(sql) ? 'BEGIN IMMEDIATE' : sql);
      return { changes: 0, lastInsertRowid: 0 };
    };
    return { reader: false, run, all: () => [], iterate: () => [].values() };
  }

  /** A full disk ends a transaction by itself: to end it again would hide why. */
  #rollBack(): void {
    if (this.#file.inTransaction) this.#file.exec('ROLLBACK');
  }

  /** A write that stands alone is a transaction, too. */
  #locked<T>(work: () => T): T {
    if (this.#file.inTransaction) return work();
    this.#file.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#file.exec('COMMIT');
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }
}
