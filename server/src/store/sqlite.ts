// SQLite in one file: the embedded default, for one process.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  sql,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
} from 'kysely';
import Libsql from 'libsql';
import { EMPTY_WRITE_AHEAD_LOG, SqliteFile } from './sqlite-file';
import type { Database } from './tables';

const BUSY_TIMEOUT_MS = 20;

// A commit that finds so many pages moves them to their places and waits for the disk: 2 ms where 1,000 of them, the
// engine's own number, take 10.
const CHECKPOINT_PAGES = 100;

/** A process that is killed between two statements of a migration leaves nothing half done. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  override async acquireMigrationLock(_database: Kysely<unknown>): Promise<void> {
    // The transaction of the migrations is the lock.
  }
}

/** A file that is closed within a transaction stays locked as long as the process lives. */
class PatientSqliteDriver extends SqliteDriver {
  override async destroy(): Promise<void> {
    await this.acquireConnection();
    await super.destroy();
    await this.releaseConnection();
  }
}

class TransactionalSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createAdapter(): DialectAdapter {
    return new TransactionalSqliteAdapter();
  }

  override createDriver(): Driver {
    return new PatientSqliteDriver(this.#config);
  }
}

/** Opens the file (`:memory:` for none) and creates its folder. */
export function sqliteDialect(path: string): Dialect {
  // The file holds numbers and words of people: not for other users of the machine.
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = new Libsql(path);
  // Readers do not wait for the writer, and a commit does not wait for the disk: the calls cannot afford either.
  file.exec('PRAGMA journal_mode = WAL');
  file.exec('PRAGMA synchronous = NORMAL');
  file.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  // What is deleted for the sake of those who said it must not be left in the file.
  file.exec('PRAGMA secure_delete = ON');
  // Waiting for a lock holds up the whole process, every call's audio included: those who write try again instead.
  file.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return new TransactionalSqliteDialect({ database: new SqliteFile(file) });
}

/** What was deleted stays in `-wal` until that is written over. Some 10 ms: nobody else's transaction is waited for. */
export async function emptyWriteAheadLog(database: Database): Promise<void> {
  await sql.raw(EMPTY_WRITE_AHEAD_LOG).execute(database);
}
