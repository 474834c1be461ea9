// The contract on both stores, and what only a file can do.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqlCallStore } from '../../src/store/call-store';
import { openDatabase } from '../../src/store/database';
import { aCall, aCallId, anEntry } from '../support/builders';
import { MemoryCallStore } from '../support/fakes';
import { callStoreContract } from './call-store.contract';

callStoreContract('in memory', () => Promise.resolve({ store: new MemoryCallStore(), close: () => Promise.resolve() }));

callStoreContract('in SQLite', async () => {
  const database = await openDatabase(':memory:');
  return { store: new SqlCallStore(database), close: () => database.destroy() };
});

describe('a database file', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-calls-test-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is made with its folder, and keeps calls from one start to the next', async () => {
    const path = join(folder, 'new', 'calls.db');
    const first = await openDatabase(path);
    await new SqlCallStore(first).insert(aCall(), { key: 'k', fingerprint: 'f' });
    await new SqlCallStore(first).append(anEntry());
    await first.destroy();

    const second = await openDatabase(path);
    const store = new SqlCallStore(second);

    expect(await store.find(aCallId())).toEqual(aCall());
    expect(await store.timeline(aCallId())).toEqual([anEntry()]);
    expect(await store.findReplay({ key: 'k', fingerprint: 'f' })).toMatchObject({ kind: 'replayed' });
    await second.destroy();
  });

  test('takes writes of two connections, as during an overlapping restart', async () => {
    const path = join(folder, 'calls.db');
    const [first, second] = [await openDatabase(path), await openDatabase(path)];
    await new SqlCallStore(first).insert(aCall());

    await new SqlCallStore(second).save(aCall({ status: 'failed' }));

    expect((await new SqlCallStore(first).find(aCallId()))?.status).toBe('failed');
    await Promise.all([first.destroy(), second.destroy()]);
  });
});
