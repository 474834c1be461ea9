// Changes of calls that are over: each reads the record and writes it back, and none may undo another.

import type { Call } from '../../../../src/calls/call';
import { CallJournal } from '../../../../src/calls/journal/call-journal';
import { aCall, aCallId } from '../../../support/builders';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';
import { MemoryCallStore } from '../../../support/memory-call-store';

let store: MemoryCallStore;
let journal: CallJournal;

beforeEach(async () => {
  store = new MemoryCallStore();
  journal = new CallJournal({ store, clock: new ManualClock(), log: new RecordingLogger(), watchers: [] });
  await store.insert(aCall());
});

async function find(): Promise<Call | undefined> {
  await journal.flush();
  const call = await store.find(aCallId());
  // The answer is on its way.
  await settle();
  return call;
}

test('two changes at the same time both get into the record', async () => {
  await Promise.all([
    journal.amend(aCallId(), find, (call) => journal.save({ ...call, carrierCostUsd: 0.5 })),
    journal.amend(aCallId(), find, (call) => journal.save({ ...call, mayHaveLeg: false })),
  ]);

  await journal.flush();
  expect(await store.find(aCallId())).toMatchObject({ carrierCostUsd: 0.5, mayHaveLeg: false });
});

test('a call that is saved and written while it is read is read again', async () => {
  const amended = journal.amend(aCallId(), find, (call) => journal.save({ ...call, carrierCostUsd: 0.5 }));
  journal.save(aCall({ status: 'completed' }));
  await journal.flush();

  await amended;
  await journal.flush();
  expect(await store.find(aCallId())).toMatchObject({ status: 'completed', carrierCostUsd: 0.5 });
});

test('saves of other calls, and a call that is not there, change nothing', async () => {
  let reads = 0;
  let changes = 0;
  const none = (): Promise<undefined> => {
    reads += 1;
    journal.save(aCall({ callId: aCallId(2) }));
    return Promise.resolve(undefined);
  };

  await journal.amend(aCallId(), none, () => (changes += 1));

  expect([reads, changes]).toEqual([1, 0]);
});

test('a record that cannot be read is the problem of whoever wants to change it', async () => {
  await expect(
    journal.amend(
      aCallId(),
      () => Promise.reject(new Error('away')),
      () => undefined,
    ),
  ).rejects.toThrow('away');
});
