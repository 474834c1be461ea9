// An SQLite file as Kysely works with one. Locks are taken where a transaction begins, by `exec`: a prepared statement of
// libsql that finds the file locked stays in progress until it is collected as garbage, and no commit succeeds until then.

import type { SqliteDatabase, SqliteStatement } from 'kysely';
import type Libsql from 'libsql';

type Parameters = readonly unknown[];

const CONTROL = /^(begin|commit|rollback)$/i;
const READS = /^\s*(select|pragma)\b/i;

/** A file whose writers find out about locks before they have begun. */
export class SqliteFile implements SqliteDatabase {
  readonly #file: Libsql.Database;

  constructor(file: Libsql.Database) {
    this.#file = file;
  }

  prepare(sql: string): SqliteStatement {
    if (CONTROL.test(sql)) return this.#control(sql);
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

  close(): void {
    this.#file.close();
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
