import { CallJournal } from '../../../src/calls/call-journal';
import { aCall, aCallId } from '../../support/builders';
import { MemoryCallStore, RecordingLogger, RecordingWatcher } from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';

let clock: ManualClock;
let store: MemoryCallStore;
let log: RecordingLogger;
let watcher: RecordingWatcher;
let journal: CallJournal;

const call = aCall();

beforeEach(async () => {
  clock = new ManualClock();
  store = new MemoryCallStore();
  log = new RecordingLogger();
  watcher = new RecordingWatcher();
  journal = new CallJournal({ store, clock, log, watchers: [watcher] });
  await store.insert(call);
});

async function storedTypes(): Promise<string[]> {
  return (await store.timeline(aCallId())).map(({ type }) => type);
}

/** Fails that many writes, then lets them through. */
function failWrites(times: number): void {
  let left = times;
  store.before = () => {
    left -= 1;
    return left >= 0 ? Promise.reject(new Error('locked')) : Promise.resolve();
  };
}

test('writes entries in the order in which they were noted, with their time', async () => {
  journal.note(call, 'call.queued');
  clock.advance(5);
  journal.note(call, 'call.initiated', { fact: 1 });
  await journal.flush();

  expect(await store.timeline(aCallId())).toEqual([
    { callId: aCallId(), atMs: ManualClock.START_MS, type: 'call.queued', data: {} },
    { callId: aCallId(), atMs: ManualClock.START_MS + 5, type: 'call.initiated', data: { fact: 1 } },
  ]);
});

test('keeps the order although a slow write comes first', async () => {
  let release = (): void => undefined;
  store.before = () =>
    new Promise((resolve) => {
      release = resolve;
      store.before = () => Promise.resolve();
    });
  journal.note(call, 'first');
  journal.note(call, 'second');
  await settle();
  expect(await storedTypes()).toEqual([]);

  release();
  await journal.flush();

  expect(await storedTypes()).toEqual(['first', 'second']);
});

test('stores the version of the call that was current when it was saved', async () => {
  journal.save({ ...call, status: 'ringing' });
  journal.save({ ...call, status: 'in-progress' });
  await journal.flush();

  expect((await store.find(aCallId()))?.status).toBe('in-progress');
});

test('tells the watchers at once, not when the row is written', () => {
  failWrites(1);

  journal.note(call, 'call.queued');

  expect(watcher.seen).toEqual([{ call, entry: expect.objectContaining({ type: 'call.queued' }) }]);
});

test('tries a failed write again, and what waits behind it keeps its order', async () => {
  failWrites(2);
  journal.note(call, 'first');
  journal.note(call, 'second');

  await clock.advanceAsync(100 + 200);

  expect(await storedTypes()).toEqual(['first', 'second']);
  expect(log.at('warn')).toHaveLength(2);
  expect(clock.pendingTimers).toBe(0);
});

test('gives a record up after six tries, says so, and goes on with the next', async () => {
  failWrites(6);
  journal.note(call, 'lost');
  journal.note(call, 'kept');

  await clock.advanceAsync(10_000);

  expect(await storedTypes()).toEqual(['kept']);
  expect(log.at('error')).toMatchObject([{ fields: { callId: aCallId() } }]);
});

test('flush waits for the writes before it and not for later ones', async () => {
  let isFlushed = false;
  failWrites(1);
  journal.note(call, 'first');
  void journal.flush().then(() => {
    isFlushed = true;
  });
  await settle();
  expect(isFlushed).toBe(false);

  failWrites(0);
  await clock.advanceAsync(100);

  expect(isFlushed).toBe(true);
});

test('flush does not wait for a store that hangs, and leaves no timer when there is nothing to wait for', async () => {
  let isFlushed = false;
  await journal.flush();
  expect(clock.pendingTimers).toBe(0);
  store.before = () => new Promise(() => undefined);
  journal.note(call, 'first');

  void journal.flush().then(() => {
    isFlushed = true;
  });
  await clock.advanceAsync(5_000);

  expect(isFlushed).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a store that throws at once is a failed write like any other', async () => {
  store.before = () => {
    store.before = () => Promise.resolve();
    throw new TypeError('broken');
  };

  journal.note(call, 'first');
  await clock.advanceAsync(100);

  expect(await storedTypes()).toEqual(['first']);
});

test('a watcher that throws harms neither the call nor the other watchers', async () => {
  const bad = {
    onEntry: () => {
      throw new Error('bad watcher');
    },
  };
  const guarded = new CallJournal({ store, clock, log, watchers: [bad, watcher] });

  expect(() => guarded.note(call, 'call.queued')).not.toThrow();

  expect(watcher.types).toEqual(['call.queued']);
});
