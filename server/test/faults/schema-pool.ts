// Schemas of one test file on PostgreSQL, one for each case that runs at a time: making and dropping one for each case
// would take most of the time, and a schema that is dropped disturbs those who look at all of them, as migrations do.

import { Client } from 'pg';
import { TestSchema } from '../contract/engines';

/** The schemas. */
export class SchemaPool {
  readonly #serverUrl: string;
  readonly #all: TestSchema[] = [];
  readonly #free: TestSchema[] = [];

  constructor(serverUrl: string) {
    this.#serverUrl = serverUrl;
  }

  /** Lends the URL of a schema without calls in it. */
  async lend(use: (url: string) => Promise<void>): Promise<void> {
    const schema = this.#free.pop() ?? (await this.#create());
    await use(schema.url);
    await this.#empty(schema);
    this.#free.push(schema);
  }

  async close(): Promise<void> {
    for (const schema of this.#all) await schema.drop();
  }

  async #create(): Promise<TestSchema> {
    const schema = new TestSchema(this.#serverUrl);
    await schema.create();
    this.#all.push(schema);
    return schema;
  }

  async #empty(schema: TestSchema): Promise<void> {
    const client = new Client({ connectionString: schema.url });
    await client.connect();
    await client.query('delete from calls; delete from nodes').finally(() => client.end());
  }
}
