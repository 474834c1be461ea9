// The contract on all stores.

import { SqlCallStore } from '../../src/store/call-store';
import { MemoryCallStore } from '../support/memory-call-store';
import { callStoreContract, type StoreUnderTest } from './call-store.contract';
import { onEachEngine } from './engines';
import { timelineContract } from './timeline.contract';

const inMemory = (): Promise<StoreUnderTest> =>
  Promise.resolve({ store: new MemoryCallStore(), close: () => Promise.resolve() });

callStoreContract('in memory', inMemory);
timelineContract('in memory', inMemory);

onEachEngine(({ name, open }) => {
  const inSql = async (): Promise<StoreUnderTest> => {
    const { database, close } = await open();
    return { store: new SqlCallStore(database, { nodeId: 'node-1' }), close };
  };

  callStoreContract(`in ${name}`, inSql);
  timelineContract(`in ${name}`, inSql);
});
