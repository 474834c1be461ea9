// PostgreSQL, for several processes or for those who have one anyway. A server that does not answer must show as an error
// soon: the records wait behind it.

import {
  type Dialect,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely';
import type { CustomTypesConfig, PoolClient, PoolConfig } from 'pg';

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 5_000;

// When not even the server's own timeout arrives, the connection is dead: a firewall or a fail-over has swallowed it.
const ANSWER_TIMEOUT_MS = 8_000;

/** By which the driver tells it; such an error has no code. */
const ANSWER_TIMEOUT_MESSAGE = 'Query read timeout';

/** int8 and numeric, which the driver gives as text. */
const NUMBER_OIDS: ReadonlySet<number> = new Set([20, 1700]);

/** Which statements a connection is for: migrations may take as long as they take. */
export type PostgresUse = 'records' | 'migrations';

const SETTINGS: Readonly<Record<PostgresUse, PoolConfig>> = {
  records: {
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
  },
  migrations: { max: 1, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true },
};

/** Connects to a `postgres://` URL when the first query comes. The driver is only loaded by those who use it. */
export function postgresDialect(url: string, use: PostgresUse, settings: PoolConfig = {}): Dialect {
  return new PostgresDialect({ pool: () => openPool({ ...SETTINGS[use], ...settings, connectionString: url }) });
}

async function openPool(settings: PoolConfig): Promise<PostgresPool> {
  const pg = await import('pg');
  const types: CustomTypesConfig = {
    // Times, counts and sums: all far below what a number can hold exactly.
    getTypeParser: (oid, format) => (NUMBER_OIDS.has(oid) ? Number : pg.types.getTypeParser(oid, format)),
  };
  const pool = new pg.Pool({ application_name: 'ai-calls', ...settings, types });
  pool.on('error', ignored);
  // Between two statements of a transaction nobody else listens, and an error without a listener ends the process.
  pool.on('connect', (client) => client.on('error', ignored));
  return { connect: async () => new GuardedClient(await pool.connect()), end: () => pool.end() };
}

/** Whoever uses the connection next is told by their own query. */
function ignored(): void {}

/** A connection on which a query was not answered is used no more: that answer may still come. */
class GuardedClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  #silence: Error | undefined;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(sql: string | PostgresCursor<R>, parameters?: readonly unknown[]): unknown {
    if (typeof sql !== 'string') throw new TypeError('Nothing is read by cursors.');
    return this.#query(sql, parameters ?? []);
  }

  release(): void {
    this.#client.release(this.#silence);
  }

  async #query(sql: string, parameters: readonly unknown[]): Promise<unknown> {
    if (this.#silence) throw this.#silence;
    try {
      return await this.#client.query(sql, [...parameters]);
    } catch (error) {
      if (error instanceof Error && error.message === ANSWER_TIMEOUT_MESSAGE) this.#silence = error;
      throw error;
    }
  }
}
