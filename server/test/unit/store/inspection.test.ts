// Looking at a database without changing it, on both engines.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../../src/store/database';
import { inspectDatabase } from '../../../src/store/inspection';

const CLOCK = { monotonicMs: () => performance.now() };
const SCHEMA = `inspection_${process.pid}`;

const { TEST_DATABASE_URL: serverUrl } = process.env;
const withPostgres = serverUrl === undefined ? describe.skip : describe;

function schemaUrl(): string {
  const url = new URL(serverUrl!);
  url.searchParams.set('options', `-c search_path=${SCHEMA}`);
  return url.href;
}

async function command(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-inspection-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('makes no file where there is none', async () => {
  const place = join(folder, 'calls.db');

  expect(await inspectDatabase(place, CLOCK)).toMatchObject({ isNew: true, latencyMs: undefined });
  expect(readdirSync(folder)).toEqual([]);
});

test('leaves a database that is in use as it is, its writers undisturbed', async () => {
  const place = join(folder, 'calls.db');
  const database = await openDatabase(place);
  const before = await database.introspection.getTables();

  expect(await inspectDatabase(place, CLOCK)).toMatchObject({ isNew: false, missing: [], unknown: [] });

  expect(await database.introspection.getTables()).toEqual(before);
  await database.destroy();
});

withPostgres('with PostgreSQL', () => {
  beforeEach(() => command(`create schema ${SCHEMA}`));
  afterEach(() => command(`drop schema ${SCHEMA} cascade`));

  test('an empty schema is new, and stays empty', async () => {
    const found = await inspectDatabase(schemaUrl(), CLOCK);

    expect(found).toMatchObject({ isNew: true, latencyMs: expect.any(Number) });
    expect(await inspectDatabase(schemaUrl(), CLOCK)).toMatchObject({ isNew: true });
  });

  test('one with all migrations is up to date', async () => {
    await (await openDatabase(schemaUrl())).destroy();

    expect(await inspectDatabase(schemaUrl(), CLOCK)).toMatchObject({ isNew: false, missing: [], unknown: [] });
  });

  test('a schema in which nothing can be made is told', async () => {
    const url = new URL(schemaUrl());
    url.searchParams.set('options', `-c search_path=${SCHEMA} -c default_transaction_read_only=on`);

    await expect(inspectDatabase(url.href, CLOCK)).rejects.toThrow('read-only');
  });
});
