// The databases that the records have to work on: SQLite always, PostgreSQL where there is one.

import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openDatabase } from '../../src/store/database';
import type { Database } from '../../src/store/tables';

/** An empty database with all its tables. */
export type TestDatabase = { readonly database: Database; readonly close: () => Promise<void> };

/** A kind of database. */
export type TestEngine = {
  readonly name: string;
  /** True when several nodes may use one database. */
  readonly isShared: boolean;
  readonly open: () => Promise<TestDatabase>;
};

const POSTGRES_URL = process.env['TEST_DATABASE_URL'];

/** Declares the same tests for each kind of database. */
export function onEachEngine(declare: (engine: TestEngine) => void): void {
  describe('in SQLite', () => declare({ name: 'SQLite', isShared: false, open: openSqlite }));
  onPostgres((schema) => declare({ name: 'PostgreSQL', isShared: true, open: () => schema.open() }));
}

/** Declares tests for PostgreSQL; they say so when they are skipped. */
export function onPostgres(declare: (schema: TestSchema) => void): void {
  const schema = new TestSchema(POSTGRES_URL ?? 'postgres://unset');
  if (POSTGRES_URL === undefined) return describe.skip('in PostgreSQL (set TEST_DATABASE_URL)', () => declare(schema));
  describe('in PostgreSQL', () => {
    beforeAll(() => schema.create());
    afterAll(() => schema.drop());
    declare(schema);
  });
}

async function openSqlite(): Promise<TestDatabase> {
  const database = await openDatabase(':memory:');
  return { database, close: () => database.destroy() };
}

/** A schema of one suite's own. */
export class TestSchema {
  readonly name = `test_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  readonly #serverUrl: string;
  #database: Database | undefined;

  constructor(serverUrl: string) {
    this.#serverUrl = serverUrl;
  }

  /** Leads straight to the schema. */
  get url(): string {
    const url = new URL(this.#serverUrl);
    url.searchParams.set('options', `-c search_path=${this.name}`);
    url.searchParams.set('application_name', this.name);
    return url.href;
  }

  create(): Promise<void> {
    return this.#execute(`create schema ${this.name}`);
  }

  async drop(): Promise<void> {
    await this.#database?.destroy();
    await this.#execute(`drop schema ${this.name} cascade`);
  }

  /** One database for all tests of the suite: emptied each time, as connecting anew would take most of their time. */
  async open(): Promise<TestDatabase> {
    this.#database ??= await openDatabase(this.url);
    await this.#database.deleteFrom('calls').execute();
    await this.#database.deleteFrom('nodes').execute();
    await this.#database.deleteFrom('dials').execute();
    return { database: this.#database, close: () => Promise.resolve() };
  }

  /** Cuts all connections to the schema, as a restart of the server does. */
  cutConnections(): Promise<void> {
    return this.#execute(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${this.name}'`,
    );
  }

  async #execute(statement: string): Promise<void> {
    const client = new Client({ connectionString: this.#serverUrl });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  }
}
