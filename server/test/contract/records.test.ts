// The contracts of what else is kept beside the calls, on each kind of database.

import { SqlCallStore } from '../../src/store/call-store';
import { SqlDialLedger } from '../../src/store/dial-ledger';
import { SqlNodeLeases } from '../../src/store/node-leases';
import { SqlOutbox } from '../../src/store/outbox';
import { SqlRetention } from '../../src/store/retention';
import { SqlUsageReport } from '../../src/store/usage-report';
import { ManualClock } from '../support/manual-clock';
import { MemoryDialLedger } from '../support/memory-dial-ledger';
import { dialLedgerContract } from './dial-ledger.contract';
import { onEachEngine } from './engines';
import { nodeLeasesContract } from './node-leases.contract';
import { outboxContract } from './outbox.contract';
import { retentionContract } from './retention.contract';
import { usageReportContract } from './usage-report.contract';

dialLedgerContract('in memory', () => {
  const ledger = new MemoryDialLedger();
  return Promise.resolve({ ledger, other: ledger, close: () => Promise.resolve() });
});

onEachEngine(({ name, isShared, open }) => {
  dialLedgerContract(`in ${name}`, async () => {
    const { database, close } = await open();
    const [ledger, other] = [new SqlDialLedger(database, { isShared }), new SqlDialLedger(database, { isShared })];
    return { ledger, other, close };
  });

  outboxContract(`in ${name}`, async () => {
    const { database, close } = await open();
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    return { store, outbox: new SqlOutbox(database), other: new SqlOutbox(database), close };
  });

  nodeLeasesContract(`in ${name}`, async () => {
    const { database, close } = await open();
    return {
      isShared,
      storeOf: (nodeId) => new SqlCallStore(database, { nodeId }),
      leasesOf: (nodeId) => new SqlNodeLeases(database, { nodeId, isShared }),
      known: async () => {
        const rows = await database.selectFrom('nodes').select('node_id').orderBy('node_id').execute();
        return rows.map(({ node_id }) => node_id);
      },
      close,
    };
  });

  retentionContract(`in ${name}`, async () => {
    const { database, close } = await open();
    const store = new SqlCallStore(database, { nodeId: 'node-1' });
    const retention = new SqlRetention(database, new ManualClock());
    return { store, outbox: new SqlOutbox(database), retention, close };
  });

  usageReportContract(`in ${name}`, async () => {
    const { database, close } = await open();
    return { store: new SqlCallStore(database, { nodeId: 'node-1' }), report: new SqlUsageReport(database), close };
  });
});
