// One process a folder: an SQLite file of nothing, locked for as long as the process lives. Node knows no flock, and a file
// with a process id in it would outlive a process that was killed; this lock is the operating system's and does not.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';

const LOCK_FILE = 'ai-calls.lock';

// Whoever has it has it for good: waiting would be of no use.
const BUSY_TIMEOUT_MS = 1;

/** Another process, or another server in this one, works with the folder. */
export class FolderInUseError extends Error {
  constructor(folder: string, cause: unknown) {
    super(`${folder} is in use by another server`, { cause });
    this.name = 'FolderInUseError';
  }
}

/** The lock of a folder; it ends with its release, or with the process, however that ends. */
export type FolderLock = { readonly release: () => void };

/** Locks the folder, and creates it if there is none. @throws FolderInUseError */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = new Libsql(join(folder, LOCK_FILE));
  try {
    file.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // Nothing is ever written: no journal, so that a process that is killed leaves none for the next one to undo.
    file.exec('PRAGMA journal_mode = OFF');
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    throw isLocked(error) ? new FolderInUseError(folder, error) : error;
  }
  let isHeld = true;
  return {
    release: () => {
      // libsql ends the whole process when a closed file is asked anything.
      if (!isHeld) return;
      isHeld = false;
      // A file that is closed within a transaction stays locked as long as the process lives.
      file.exec('ROLLBACK');
      file.close();
    },
  };
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
}
