// The records of a server, composed: the database, everything that reads and writes it, the recordings, and the callbacks
// that wait in it.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CallbackDelivery } from '../callbacks/callback-delivery';
import { statusCallback } from '../callbacks/status-callback';
import { wakingWriter } from '../callbacks/waking-writer';
import { CallJournal } from '../calls/call-journal';
import type { Clock, Logger } from '../calls/ports';
import type { CallStore, CallWatcher, NodeLeases, Retention, UsageReport } from '../calls/record-ports';
import type { RecordsConfig } from '../config/record-settings';
import { WavFiles } from '../recordings/wav-files';
import { SqlCallStore } from '../store/call-store';
import { openDatabase } from '../store/database';
import { SqlNodeLeases } from '../store/node-leases';
import { SqlOutbox } from '../store/outbox';
import { SqlRetention } from '../store/retention';
import type { Database } from '../store/tables';
import { SqlUsageReport } from '../store/usage-report';

const DATABASE_FILE = 'ai-calls.db';
const RECORDINGS_FOLDER = 'recordings';

const NO_SERVER = `DATABASE_URL: the PostgreSQL database cannot be used.
  Check that the server runs and can be reached from here, and that user, password and database in the URL are right;
  without DATABASE_URL the records go to a file in DATA_DIR.`;
const NO_FILE = `DATA_DIR: the database file in it cannot be used.
  Check that the folder can be written to by this user, and that the disk is not full.`;

/** What records work with. */
export type RecordsDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly watchers: readonly CallWatcher[];
};

/** The records of a server. */
export type Records = {
  readonly store: CallStore;
  readonly journal: CallJournal;
  readonly usage: UsageReport;
  readonly leases: NodeLeases;
  /** True when other nodes may use the same database. */
  readonly isShared: boolean;
  readonly retention: Retention;
  readonly recordings: WavFiles;
  readonly callbacks: CallbackDelivery;
  /** Lets go of files and sockets; what is not written by now is lost. */
  readonly release: () => Promise<void>;
};

/** The database cannot be reached or used as it is; the message says which setting leads there, and what to do. */
export class RecordsNotOpenedError extends Error {
  constructor(problem: string, cause: unknown) {
    super(`${problem}\n  The database said: ${innermost(cause)}`, { cause });
    this.name = 'RecordsNotOpenedError';
  }
}

/** Opens the records; the database is brought up to date. @throws RecordsNotOpenedError */
export async function openRecords(config: RecordsConfig, { clock, log, watchers }: RecordsDeps): Promise<Records> {
  const { databaseUrl, dataDir, callbacks: settings } = config;
  const database = await opened(config);
  const isShared = databaseUrl !== undefined;
  // A name of its own for each start: what another start has left behind is somebody else's.
  const nodeId = randomUUID();
  const store = new SqlCallStore(database, { nodeId });
  const callbacks = new CallbackDelivery({ outbox: new SqlOutbox(database), clock, log, secret: settings.secret });
  const journal = new CallJournal({
    store: wakingWriter(store, () => callbacks.wake()),
    clock,
    log,
    watchers,
    toCallback: statusCallback,
  });
  const recordings = new WavFiles({ folder: join(dataDir, RECORDINGS_FOLDER), clock, log });
  const release = async (): Promise<void> => {
    callbacks.close();
    journal.close();
    await recordings.closeAll();
    await database.destroy();
  };
  return {
    store,
    journal,
    usage: new SqlUsageReport(database),
    leases: new SqlNodeLeases(database, { nodeId, isShared }),
    isShared,
    retention: new SqlRetention(database, clock),
    recordings,
    callbacks,
    release,
  };
}

function opened({ databaseUrl, dataDir }: RecordsConfig): Promise<Database> {
  return openDatabase(databaseUrl ?? join(dataDir, DATABASE_FILE)).catch((error: unknown) => {
    throw new RecordsNotOpenedError(databaseUrl === undefined ? NO_FILE : NO_SERVER, error);
  });
}

/** What the driver or the system said. An error that stands for several has no words of its own. */
function innermost(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : innermost(error.cause);
}
