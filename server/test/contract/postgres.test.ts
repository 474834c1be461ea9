// What only a database on the network can do: go away, hang, and come back.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Kysely, sql } from 'kysely';
import { RecordRefusedError } from '../../src/calls/errors';
import { SqlCallStore } from '../../src/store/call-store';
import { postgresDialect } from '../../src/store/postgres';
import type { Tables } from '../../src/store/tables';
import { aCall, aCallId, anEntry } from '../support/builders';
import { ManualClock } from '../support/manual-clock';
import { until } from '../support/until';
import { onPostgres } from './engines';
import { appended, saved } from './writes';

onPostgres((schema) => {
  test('a cut connection costs the query on it, not the process, and the next one gets another', async () => {
    const { database } = await schema.open();
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    await store.insert(aCall());

    await schema.cutConnections();
    await until(async () => (await isAnswering(store)) && (await isAnswering(store)));

    await appended(store, anEntry());
    expect(await store.timeline(aCallId())).toHaveLength(1);
  });

  test('a connection that is cut within a transaction costs that transaction', async () => {
    const { database } = await schema.open();
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    await store.insert(aCall());

    const transaction = database.transaction().execute(async (within) => {
      await within.updateTable('calls').set({ status: 'failed' }).execute();
      await schema.cutConnections();
      // Longer than the news of it takes: nothing is being asked when they come.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await within.updateTable('calls').set({ voice: 'cedar' }).execute();
    });

    await expect(transaction).rejects.toThrow();
    await until(() => isAnswering(store));
    expect(await store.find(aCallId())).toEqual(aCall());
  });

  test('an error of the data is a refusal, one of the connection is not', async () => {
    const { database } = await schema.open();
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    await store.insert(aCall());
    const bad = aCall({ timings: { createdAtMs: ManualClock.START_MS, endedAtMs: 0.5 } });

    await expect(saved(store, bad)).rejects.toThrow(RecordRefusedError);

    const nowhere = new Kysely<Tables>({ dialect: postgresDialect('postgres://127.0.0.1:1/none', 'records') });
    const error: unknown = await saved(new SqlCallStore(nowhere, { nodeId: 'node-1' }), aCall()).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    await nowhere.destroy();
  });

  test('a statement may not take for ever, but for those of migrations', async () => {
    const { database } = await schema.open();
    const migrations = new Kysely<unknown>({ dialect: postgresDialect(schema.url, 'migrations') });

    expect(await setting(database, 'statement_timeout')).toBe('5s');
    expect(await setting(migrations, 'statement_timeout')).toBe('0');
    await migrations.destroy();
  });

  test('a server that falls silent is an error soon, and its connection is not used again', async () => {
    await schema.open();
    const proxy = await SilentProxy.to(schema.url);
    const dialect = postgresDialect(proxy.url, 'records', { query_timeout: 100, max: 1 });
    const database = new Kysely<Tables>({ dialect });
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    await store.insert(aCall());

    proxy.isSilent = true;
    await expect(saved(store, aCall({ status: 'ringing' }))).rejects.toThrow('timeout');
    await expect(store.ping()).rejects.toThrow('timeout');
    proxy.isSilent = false;

    expect(await store.find(aCallId())).toEqual(aCall());
    await database.destroy();
    await proxy.close();
  });

  test('numbers come back as numbers, whatever their type', async () => {
    const { database } = await schema.open();

    const { rows } = await sql`select 9007199254740991::bigint as big, 0.5::numeric as exact`.execute(database);

    expect(rows).toEqual([{ big: 9_007_199_254_740_991, exact: 0.5 }]);
  });
});

async function isAnswering(store: SqlCallStore): Promise<boolean> {
  return store.ping().then(
    () => true,
    () => false,
  );
}

async function setting(database: Kysely<Tables> | Kysely<unknown>, name: string): Promise<string | undefined> {
  const { rows } = await sql<{ readonly value: string }>`select current_setting(${name}) as value`.execute(database);
  return rows[0]?.value;
}

/** Stands between the records and their server, and can swallow everything without closing anything. */
class SilentProxy {
  isSilent = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: URL;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((near) => this.#join(near));
  }

  static async to(url: string): Promise<SilentProxy> {
    const proxy = new SilentProxy(new URL(url));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return url.href;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    const far = connect({ host: this.#target.hostname, port: Number(this.#target.port || 5432) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (bytes) => this.isSilent || to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }
}
