// A carrier's bill that comes again after a restart, or at another node, costs once.

import { CallJournal } from '../../src/calls/journal/call-journal';
import type { Charge } from '../../src/calls/cost';
import { LateEvents } from '../../src/calls/upkeep/late-events';
import { SqlCallStore } from '../../src/store/call-store';
import { SqlUsageReport } from '../../src/store/usage-report';
import { aCall, aCarrierEvent } from '../support/builders';
import { FakeCarrier, RecordingLogger } from '../support/fakes';
import { ManualClock } from '../support/manual-clock';
import { onEachEngine, type TestDatabase } from './engines';

const CALL = aCall({ status: 'completed' });
const { callId } = CALL;

function bill(reference: string, amountUsd: number): Charge {
  const item = { kind: 'leg', quantity: 60, unit: 'seconds', unitPriceUsd: null, amountUsd } as const;
  return { source: 'carrier', reference, model: '', pricesAsOf: null, items: [item] };
}

/** One start of a server: it remembers nothing of an earlier one, or of the others. */
class Start {
  readonly #journal: CallJournal;
  readonly #late: LateEvents;
  readonly #clock = new ManualClock();
  spentUsd = 0;

  constructor({ database }: TestDatabase, nodeId: string) {
    const store = new SqlCallStore(database, { nodeId });
    const [clock, log] = [this.#clock, new RecordingLogger()];
    this.#journal = new CallJournal({ store, clock, log, watchers: [] });
    this.#late = new LateEvents({
      store,
      journal: this.#journal,
      budget: { remainingUsd: Infinity, add: (usd) => void (this.spentUsd += usd) },
      liveBill: () => undefined,
      carrier: new FakeCarrier(),
      clock,
      log,
    });
  }

  async take(...charges: readonly Charge[]): Promise<void> {
    const events = charges.map((charge) => aCarrierEvent({ type: 'leg.cost', charge }, { callId }));
    await Promise.all(events.map((event) => this.#late.take(callId, event)));
    await this.#journal.flush();
  }
}

onEachEngine(({ open }) => {
  let opened: TestDatabase;

  beforeEach(async () => {
    opened = await open();
    await new SqlCallStore(opened.database, { nodeId: 'node-1' }).insert(CALL);
  });

  afterEach(() => opened.close());

  test('the same bill before a restart, after it, and at another node costs once', async () => {
    const starts = [new Start(opened, 'node-1'), new Start(opened, 'node-1-again'), new Start(opened, 'node-2')];

    for (const start of starts) await start.take(bill('leg-1', 0.02), bill('leg-1', 0.02), bill('leg-2', 0.03));

    const store = new SqlCallStore(opened.database, { nodeId: 'reader' });
    expect((await store.find(callId))?.carrierCostUsd).toBeCloseTo(0.05, 9);
    expect((await store.timeline(callId)).map(({ data }) => data['charge'])).toEqual([
      bill('leg-1', 0.02),
      bill('leg-2', 0.03),
    ]);
    expect(await new SqlUsageReport(opened.database).costSince(0)).toBeCloseTo(0.05, 9);
    expect(starts.map(({ spentUsd }) => spentUsd)).toEqual([0.05, 0, 0]);
  });
});
