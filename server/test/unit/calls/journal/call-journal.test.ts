import { CallJournal } from '../../../../src/calls/journal/call-journal';
import { RecordRefusedError } from '../../../../src/calls/errors';
import type { RecordWrite, RecordWriter } from '../../../../src/calls/record-ports';
import { aCall, aCallId, anEntry } from '../../../support/builders';
import { RecordingLogger, RecordingWatcher } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';
import { MemoryCallStore } from '../../../support/memory-call-store';

const BATCH_MS = 5;

/** A store that remembers the batches as they came, and fails on demand. */
class BatchStore implements RecordWriter {
  readonly store = new MemoryCallStore();
  readonly batches: (readonly RecordWrite[])[] = [];
  /** Runs before each write; a test delays or fails writes with it. */
  before: (batch: readonly RecordWrite[]) => Promise<void> = () => Promise.resolve();

  async write(batch: readonly RecordWrite[]): Promise<void> {
    await this.before(batch);
    await this.store.write(batch);
    this.batches.push(batch);
  }

  ping(): Promise<void> {
    return this.store.ping();
  }

  /** Fails that many writes, then lets them through. */
  fail(times: number): void {
    let left = times;
    this.before = () => {
      left -= 1;
      return left >= 0 ? Promise.reject(new Error('locked')) : Promise.resolve();
    };
  }

  async types(callId = aCallId()): Promise<string[]> {
    return (await this.store.timeline(callId)).map(({ type }) => type);
  }

  get sizes(): number[] {
    return this.batches.map(({ length }) => length);
  }
}

let clock: ManualClock;
let records: BatchStore;
let log: RecordingLogger;
let watcher: RecordingWatcher;
let journal: CallJournal;

const call = aCall();

beforeEach(async () => {
  clock = new ManualClock();
  records = new BatchStore();
  log = new RecordingLogger();
  watcher = new RecordingWatcher();
  journal = new CallJournal({ store: records, clock, log, watchers: [watcher] });
  await records.store.insert(call);
});

/** Tells when the promise is settled. */
function progress(promise: Promise<void>): { isDone: boolean } {
  const state = { isDone: false };
  void promise.then(() => {
    state.isDone = true;
  });
  return state;
}

describe('writing', () => {
  test('keeps the order in which entries were noted, and their time', async () => {
    journal.note(call, 'call.queued');
    clock.advance(3);
    journal.note(call, 'call.initiated', { fact: 1 });
    await journal.flush();

    expect(await records.store.timeline(aCallId())).toEqual([
      { ...anEntry({ type: 'call.queued' }), sequence: 1 },
      { ...anEntry({ type: 'call.initiated', atMs: ManualClock.START_MS + 3, data: { fact: 1 } }), sequence: 2 },
    ]);
  });

  test('begins in a later turn of the event loop, with all that was noted until then', async () => {
    journal.note(call, 'first');
    journal.save(call);
    clock.advance(BATCH_MS - 1);
    journal.note(call, 'second');
    await settle();
    expect(records.batches).toEqual([]);

    await clock.advanceAsync(1);

    expect(records.sizes).toEqual([3]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('gathers the next batch while one is being written', async () => {
    let release = (): void => undefined;
    records.before = () =>
      new Promise((resolve) => {
        release = resolve;
        records.before = () => Promise.resolve();
      });
    journal.note(call, 'first');
    await clock.advanceAsync(BATCH_MS);
    for (const type of ['second', 'third', 'fourth']) journal.note(call, type);
    await clock.advanceAsync(1_000);
    expect(await records.types()).toEqual([]);

    release();
    await clock.advanceAsync(BATCH_MS);

    expect(await records.types()).toEqual(['first', 'second', 'third', 'fourth']);
    expect(records.sizes).toEqual([1, 3]);
  });

  test('leaves the event loop to others between large batches', async () => {
    for (let number = 0; number < 450; number += 1) journal.note(call, `entry-${number}`);

    await clock.advanceAsync(BATCH_MS);
    expect(records.sizes).toEqual([200]);
    await clock.advanceAsync(2 * BATCH_MS);

    expect(records.sizes).toEqual([200, 200, 50]);
    expect((await records.types()).at(-1)).toBe('entry-449');
  });

  test('stores the newest of the versions of a call that wait', async () => {
    journal.save({ ...call, status: 'ringing' });
    journal.note(call, 'call.ringing');
    journal.save({ ...call, status: 'in-progress' });
    await journal.flush();

    expect((await records.store.find(aCallId()))?.status).toBe('in-progress');
    expect(records.sizes).toEqual([2]);
  });

  test('stores a version that comes while an older one is being written', async () => {
    records.before = () => {
      records.before = () => Promise.resolve();
      journal.save({ ...call, status: 'in-progress' });
      return Promise.resolve();
    };
    journal.save({ ...call, status: 'ringing' });
    await clock.advanceAsync(3 * BATCH_MS);

    expect((await records.store.find(aCallId()))?.status).toBe('in-progress');
  });
});

describe('watchers and listeners', () => {
  test('are told at once, not when the row is written', () => {
    journal.note(call, 'call.queued');

    expect(watcher.seen).toEqual([{ call, entry: expect.objectContaining({ type: 'call.queued' }) }]);
  });

  test('harm neither the call nor the others when they throw', async () => {
    const bad = (): never => {
      throw new Error('bad');
    };
    const guarded = new CallJournal({
      store: records,
      clock,
      log,
      watchers: [{ onEntry: bad }, watcher],
      toCallback: bad,
    });
    const written: string[] = [];
    guarded.onWritten(bad);
    guarded.onWritten((callIds) => written.push(...callIds));

    guarded.note(call, 'call.queued');
    await guarded.flush();
    guarded.note(call, 'call.ringing');
    await guarded.flush();

    expect(watcher.types).toEqual(['call.queued', 'call.ringing']);
    expect(await records.types()).toEqual(['call.queued', 'call.ringing']);
    expect(written).toEqual([aCallId(), aCallId()]);
  });

  test('learn which calls have something new in the record, once it is there', async () => {
    await records.store.insert(aCall({ callId: aCallId(2) }));
    const told: string[][] = [];
    const stop = journal.onWritten((callIds) => told.push([...callIds]));
    journal.note(call, 'first');
    journal.note(aCall({ callId: aCallId(2) }), 'first');
    journal.note(call, 'second');
    expect(told).toEqual([]);
    await journal.flush();
    expect(told).toEqual([[aCallId(), aCallId(2)]]);

    stop();
    journal.note(call, 'third');
    await journal.flush();

    expect(told).toHaveLength(1);
  });
});

test('a callback is written in the same batch, right after its entry', async () => {
  const callback = { callbackId: 'c', callId: aCallId(), url: 'https://example.com', body: '{}', createdAtMs: 1 };
  const toCallback = jest.fn((entry: { readonly type: string }) => (entry.type === 'second' ? callback : undefined));
  const telling = new CallJournal({ store: records, clock, log, watchers: [], toCallback });

  for (const type of ['first', 'second', 'third']) telling.note(call, type);
  await telling.flush();

  expect(records.batches.map((batch) => batch.map(({ kind }) => kind))).toEqual([
    ['entry', 'entry', 'callback', 'entry'],
  ]);
  expect(toCallback).toHaveBeenLastCalledWith(expect.objectContaining({ type: 'third' }), call);
});

describe('a database that fails', () => {
  test('is tried again, and what waits behind keeps its order', async () => {
    records.fail(2);
    journal.note(call, 'first');
    await clock.advanceAsync(BATCH_MS);
    journal.note(call, 'second');

    await clock.advanceAsync(100 + 200 + BATCH_MS);

    expect(await records.types()).toEqual(['first', 'second']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is tried for ever, every two seconds in the end, and nothing is lost', async () => {
    let tries = 0;
    records.before = () => {
      tries += 1;
      return Promise.reject(new Error('down'));
    };
    journal.note(call, 'kept');
    await clock.advanceAsync(3_600_000);
    expect(tries).toBeGreaterThan(1_780);
    expect(tries).toBeLessThan(1_820);

    records.fail(0);
    await clock.advanceAsync(2_000);

    expect(await records.types()).toEqual(['kept']);
    expect(log.at('error')).toEqual([]);
  });

  test('shows in the health of the journal, from the first failure to the first success', async () => {
    expect(journal.health).toEqual({ waiting: 0, failingSinceMs: undefined });
    records.fail(2);
    journal.note(call, 'first');
    journal.save(call);
    expect(journal.health).toEqual({ waiting: 2, failingSinceMs: undefined });

    await clock.advanceAsync(BATCH_MS + 100);
    expect(journal.health).toEqual({ waiting: 2, failingSinceMs: ManualClock.START_MS + BATCH_MS });

    await clock.advanceAsync(200);
    expect(journal.health).toEqual({ waiting: 0, failingSinceMs: undefined });
  });

  test('is logged when it begins, once a minute, and when it is over', async () => {
    records.before = () => Promise.reject(new Error('down'));
    journal.note(call, 'kept');
    await clock.advanceAsync(50_000);
    expect(log.at('warn')).toHaveLength(1);
    await clock.advanceAsync(100_000);
    expect(log.at('warn')).toHaveLength(3);

    records.fail(0);
    await clock.advanceAsync(5_000);

    expect(log.at('info')).toMatchObject([{ message: 'Records are written again' }]);
  });

  test('that throws at once fails like any other', async () => {
    records.before = () => {
      records.before = () => Promise.resolve();
      throw new TypeError('broken');
    };

    journal.note(call, 'first');
    await clock.advanceAsync(BATCH_MS + 100);

    expect(await records.types()).toEqual(['first']);
  });

  test('costs the oldest entries when too much waits, never a call or a callback', async () => {
    const callback = { callbackId: 'c', callId: aCallId(), url: 'https://example.com', body: '{}', createdAtMs: 1 };
    const toCallback = (entry: { readonly type: string }) => (entry.type === 'entry-0' ? callback : undefined);
    const full = new CallJournal({ store: records, clock, log, watchers: [], toCallback });
    records.before = () => Promise.reject(new Error('down'));
    full.save({ ...call, status: 'ringing' });
    await clock.advanceAsync(BATCH_MS);

    full.save({ ...call, status: 'in-progress' });
    for (let number = 0; number < 102_500; number += 1) full.note(call, `entry-${number}`);
    expect(full.health.waiting).toBeLessThanOrEqual(100_001);
    expect(log.at('error')).toHaveLength(1);

    const kinds = new Set<string>();
    const types: string[] = [];
    records.before = (batch) => {
      for (const record of batch) kinds.add(record.kind);
      types.push(...batch.flatMap((record) => (record.kind === 'entry' ? [record.entry.type] : [])));
      return Promise.resolve();
    };
    records.store.write = () => Promise.resolve();
    await clock.advanceAsync(10_000);

    expect(kinds).toEqual(new Set(['call', 'callback', 'entry']));
    expect(types[0]).toBe('entry-3000');
    expect(types.at(-1)).toBe('entry-102499');
    expect(types).toHaveLength(99_500);
  });
});

describe('a record that is refused', () => {
  const stranger = aCall({ callId: aCallId(9) });

  test('costs the others of its batch nothing, and is logged without what is in it', async () => {
    journal.note(call, 'first');
    journal.note(stranger, 'lost', { text: 'secret' });
    journal.note(call, 'second');
    journal.save({ ...call, status: 'ringing' });

    await clock.advanceAsync(BATCH_MS);

    expect(await records.types()).toEqual(['first', 'second']);
    expect((await records.store.find(aCallId()))?.status).toBe('ringing');
    expect(log.at('error')).toMatchObject([{ fields: { callId: aCallId(9), kind: 'entry' } }]);
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });

  test('is no failure of the database', async () => {
    journal.note(stranger, 'lost');
    await journal.flush();

    expect(journal.health).toEqual({ waiting: 0, failingSinceMs: undefined });
  });

  test('does not hide that the database fails afterwards', async () => {
    let writes = 0;
    records.before = () => {
      writes += 1;
      if (writes === 1) return Promise.reject(new RecordRefusedError('bad'));
      return writes === 3 ? Promise.reject(new Error('locked')) : Promise.resolve();
    };
    for (const type of ['first', 'second', 'third']) journal.note(call, type);

    await clock.advanceAsync(BATCH_MS + 100);

    expect(await records.types()).toEqual(['first', 'second', 'third']);
  });
});

describe('flush', () => {
  test('waits for no timer when the database answers, and leaves none', async () => {
    await journal.flush();
    journal.note(call, 'first');
    await journal.flush();

    expect(await records.types()).toEqual(['first']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not write on the stack of those who ask', () => {
    journal.note(call, 'first');

    void journal.flush();

    expect(records.batches).toEqual([]);
  });

  test('waits for all that was noted before it, over several batches, and not for what comes later', async () => {
    for (let number = 0; number < 450; number += 1) journal.note(call, `entry-${number}`);
    const flushed = progress(journal.flush());
    records.before = (batch) => {
      if (records.batches.length < 2) journal.note(call, 'later');
      return batch.length === 1 ? new Promise(() => undefined) : Promise.resolve();
    };
    await settle();

    expect(flushed.isDone).toBe(true);
    expect(await records.types()).toContain('entry-449');
  });

  test('waits for a batch on its way', async () => {
    records.fail(1);
    journal.note(call, 'first');
    await clock.advanceAsync(BATCH_MS);
    const flushed = progress(journal.flush());
    await settle();
    expect(flushed.isDone).toBe(false);

    await clock.advanceAsync(100);

    expect(flushed.isDone).toBe(true);
  });

  test('may be asked by many at once', async () => {
    journal.note(call, 'first');
    const all = Promise.all([journal.flush(), journal.flush(), journal.flush(10)]);
    await all;

    expect(records.sizes).toEqual([1]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not wait for ever for a store that hangs', async () => {
    records.before = () => new Promise(() => undefined);
    journal.note(call, 'first');
    const flushed = progress(journal.flush());
    await clock.advanceAsync(1_999);
    expect(flushed.isDone).toBe(false);

    await clock.advanceAsync(1);

    expect(flushed.isDone).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a closed journal', () => {
  test('tries nothing any more and says how much is lost', async () => {
    records.before = () => Promise.reject(new Error('down'));
    journal.note(call, 'first');
    await clock.advanceAsync(BATCH_MS);
    journal.note(call, 'second');
    const flushed = progress(journal.flush());

    journal.close();
    journal.close();
    journal.note(call, 'third');
    await clock.advanceAsync(10_000);

    expect(flushed.isDone).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    expect(log.at('error')).toMatchObject([{ fields: { waiting: 2 } }]);
  });

  test('that has written everything has nothing to say', async () => {
    journal.note(call, 'first');
    await journal.flush();

    journal.close();

    expect(log.lines).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
