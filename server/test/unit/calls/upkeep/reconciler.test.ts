// Calls that a lost server has left behind: a verdict at once, every leg down, a record that says so.

import type { Call, CallRecording } from '../../../../src/calls/call';
import { CallJournal } from '../../../../src/calls/journal/call-journal';
import type { LiveLeg } from '../../../../src/calls/ports';
import { Reconciler } from '../../../../src/calls/upkeep/reconciler';
import { aCall, aCallId } from '../../../support/builders';
import { FakeCarrier, RecordingLogger, RecordingWatcher } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';
import { MemoryCallStore } from '../../../support/memory-call-store';
import { carrierError } from '../call-harness';

const LOOK_AGAIN_MS = 10_000;

let clock: ManualClock;
let carrier: FakeCarrier;
let store: MemoryCallStore;
let watcher: RecordingWatcher;
let log: RecordingLogger;
let orphans: Call[];
let repair: (callId: string) => Promise<CallRecording | undefined>;
let reconciler: Reconciler;

beforeEach(() => {
  clock = new ManualClock();
  carrier = new FakeCarrier();
  store = new MemoryCallStore();
  watcher = new RecordingWatcher();
  log = new RecordingLogger();
  orphans = [];
  repair = () => Promise.resolve(undefined);
  reconciler = new Reconciler({
    leases: { claimOrphans: () => Promise.resolve(orphans.splice(0)) },
    carrier,
    journal: new CallJournal({ store, clock, log, watchers: [watcher] }),
    find: (callId) => store.find(callId),
    recordings: { repair: (callId) => repair(callId) },
    clock,
    log,
  });
});

async function leaveBehind(changes: Partial<Call> = {}): Promise<void> {
  const call = aCall({ status: 'in-progress', carrierCallId: 'leg-1', ...changes });
  await store.insert(call);
  orphans.push(call);
}

async function reconcile(forMs = 0): Promise<Call | undefined> {
  await reconciler.reconcile();
  await clock.advanceAsync(forMs + 1_000);
  return store.find(aCallId());
}

function hungUp(): string[] {
  return carrier.hangUps.map(({ carrierCallId }) => carrierCallId);
}

function carrierLists(...legs: readonly LiveLeg[]): void {
  carrier.onLiveLegs = () => Promise.resolve(legs);
}

test('a call in mid-talk fails as lost with its server, and its leg goes down', async () => {
  await leaveBehind();

  const call = await reconcile();

  expect(call).toMatchObject({ status: 'failed', verdict: { reason: 'server-lost' }, mayHaveLeg: false });
  expect(call?.timings.endedAtMs).toBe(ManualClock.START_MS);
  expect(hungUp()).toEqual(['leg-1']);
  expect(watcher.types).toEqual(['call.failed', 'leg.down']);
  expect(watcher.seen[0]?.entry.data).toMatchObject({ verdict: { reason: 'server-lost' } });
});

test('a call that is over keeps its verdict, and only its leg goes down', async () => {
  await leaveBehind({ status: 'completed' });

  const call = await reconcile();

  expect(call).toMatchObject({ status: 'completed', mayHaveLeg: false });
  expect(hungUp()).toEqual(['leg-1']);
  expect(watcher.types).toEqual(['leg.down']);
});

test('a call that can have no leg is closed without a word to the carrier', async () => {
  await leaveBehind({ status: 'queued', carrierCallId: undefined, mayHaveLeg: false });

  expect(await reconcile()).toMatchObject({ status: 'failed', verdict: { reason: 'server-lost' } });

  expect(hungUp()).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('all legs of the call go down, the other party of a transfer too, and those of nobody else', async () => {
  await leaveBehind();
  carrierLists(
    { carrierCallId: 'leg-1', callId: aCallId() },
    { carrierCallId: 'target', callId: aCallId() },
    { carrierCallId: 'leg-2', callId: aCallId(2) },
    { carrierCallId: 'foreign', callId: undefined },
  );

  await reconcile();

  expect(hungUp().sort()).toEqual(['leg-1', 'target']);
});

test('a call whose leg has no name yet is found among those that are up', async () => {
  await leaveBehind({ status: 'queued', carrierCallId: undefined });
  carrierLists({ carrierCallId: 'leg-7', callId: aCallId() });

  expect(await reconcile()).toMatchObject({ mayHaveLeg: false });

  expect(hungUp()).toEqual(['leg-7']);
});

test('a leg that is dialled in the last moment is found a little later', async () => {
  await leaveBehind({ status: 'queued', carrierCallId: undefined });
  expect(await reconcile()).toMatchObject({ status: 'failed', mayHaveLeg: true });
  carrierLists({ carrierCallId: 'leg-7', callId: aCallId() });

  await clock.advanceAsync(LOOK_AGAIN_MS);

  expect(await store.find(aCallId())).toMatchObject({ mayHaveLeg: false });
  expect(hungUp()).toEqual(['leg-7']);
});

test('a call that was never dialled is closed when the carrier has nothing of it', async () => {
  await leaveBehind({ status: 'queued', carrierCallId: undefined });

  expect(await reconcile(LOOK_AGAIN_MS)).toMatchObject({ status: 'failed', mayHaveLeg: false });

  expect(hungUp()).toEqual([]);
});

test('while the carrier cannot be reached the record is final and says that a leg may be up', async () => {
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  carrier.onLiveLegs = () => Promise.reject(carrierError('unavailable'));
  await leaveBehind();

  const call = await reconcile(3_600_000);
  expect(call).toMatchObject({ status: 'failed', verdict: { reason: 'server-lost' }, mayHaveLeg: true });
  carrier.onHangUp = () => Promise.resolve();
  carrierLists();
  await clock.advanceAsync(2 * 60_000);

  expect(await store.find(aCallId())).toMatchObject({ mayHaveLeg: false });
  expect(watcher.types).toEqual(['call.failed', 'leg.down']);
});

test('many calls cost one list of legs', async () => {
  let lists = 0;
  carrier.onLiveLegs = () => {
    lists += 1;
    return Promise.resolve([]);
  };
  for (let number = 1; number <= 20; number += 1) {
    await leaveBehind({ callId: aCallId(number), carrierCallId: `leg-${number}` });
  }

  await reconcile();

  expect(lists).toBe(1);
  expect(new Set(hungUp()).size).toBe(20);
});

test('what was recorded of the call is kept, before its legs are down', async () => {
  const recording: CallRecording = { state: 'ready', durationMs: 1_000, bytes: 32_044 };
  repair = () => Promise.resolve(recording);
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  await leaveBehind({ isRecorded: true });

  expect(await reconcile()).toMatchObject({ recording, mayHaveLeg: true });
  carrier.onHangUp = () => Promise.resolve();
  await clock.advanceAsync(60_000);

  expect(await store.find(aCallId())).toMatchObject({ recording, mayHaveLeg: false });
});

test('a recording that cannot be repaired keeps nothing up', async () => {
  repair = () => Promise.reject(new Error('disk'));
  await leaveBehind({ isRecorded: true });

  expect(await reconcile()).toMatchObject({ status: 'failed', mayHaveLeg: false });

  expect(log.at('error')).toHaveLength(1);
});

test('what the carrier charges while the leg goes down is not lost', async () => {
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  await leaveBehind();
  const call = await reconcile();
  await store.write([{ kind: 'call', call: { ...call!, carrierCostUsd: 0.007 } }]);
  carrier.onHangUp = () => Promise.resolve();

  await clock.advanceAsync(60_000);

  expect(await store.find(aCallId())).toMatchObject({ carrierCostUsd: 0.007, mayHaveLeg: false, status: 'failed' });
});

test('nothing left behind is nothing to do', async () => {
  await reconcile();

  expect(log.lines).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('closed, it looks for no more legs and leaves no timer: the next server takes what is left', async () => {
  carrier.onLiveLegs = () => Promise.reject(carrierError('unavailable'));
  await leaveBehind({ carrierCallId: undefined });
  await reconcile();
  expect(clock.pendingTimers).toBe(1);

  reconciler.close();
  await settle();

  expect(clock.pendingTimers).toBe(0);
  expect((await store.find(aCallId()))?.mayHaveLeg).toBe(true);
});

test('closed before it looks again, it does not look', async () => {
  let looks = 0;
  carrier.onLiveLegs = () => Promise.resolve([]).finally(() => (looks += 1));
  await leaveBehind({ carrierCallId: undefined });
  await reconcile();

  reconciler.close();
  await clock.advanceAsync(LOOK_AGAIN_MS);

  expect(looks).toBe(1);
  expect(clock.pendingTimers).toBe(0);
  expect((await store.find(aCallId()))?.mayHaveLeg).toBe(true);
});
