// The one place through which a call's record and timeline are written: in order, in batches off the media path, and told
// to whoever watches. Writing never blocks and never throws into a call; what cannot be written now is tried for ever.

import { assertNever } from '../../lib/assert-never';
import { type Backoff, backoffMs } from '../../lib/backoff';
import { deferred } from '../../lib/deferred';
import type { Call } from '../call';
import { RecordRefusedError } from '../errors';
import { JournalQueue } from './journal-queue';
import { JournalTroubles } from './journal-troubles';
import type { Clock, Logger, Timer } from '../ports';
import type { CallWatcher, QueuedCallback, RecordWriter, RecordWrite, TimelineEntry } from '../record-ports';
import { firstWithin } from '../wait';

// What happens at about the same time costs one transaction.
const BATCH_MS = 5;
const MAX_BATCH = 200;

// A locked database comes back at once, one that restarts within seconds; nothing is given up.
const WRITE_BACKOFF: Backoff = { firstMs: 100, capMs: 2_000 };

// How long a reader waits for what is still being written; then it gets what there is.
const FLUSH_LIMIT_MS = 2_000;

/** What the journal works with. */
export type CallJournalDeps = {
  readonly store: RecordWriter;
  readonly clock: Clock;
  readonly log: Logger;
  readonly watchers: readonly CallWatcher[];
  /** The request to the user's endpoint that an entry calls for; it is written together with the entry. */
  readonly toCallback?: ((entry: TimelineEntry, call: Call) => QueuedCallback | undefined) | undefined;
};

/** How the writing goes. */
export type JournalHealth = {
  /** Records that are not written yet. */
  readonly waiting: number;
  /** Since when no write has succeeded, epoch milliseconds; undefined when all is well. */
  readonly failingSinceMs: number | undefined;
};

type WrittenListener = (callIds: ReadonlySet<string>) => void;

/** A reader who waits until everything up to a place in the queue is written. */
type Waiter = { readonly place: number; readonly resolve: () => void };

/** Somebody who reads a call to change it. */
type Reading = { readonly callId: string; isStale: boolean };

/** `gathering` until the next batch begins; `due` when that is at the end of this turn of the event loop. */
type State = 'idle' | 'gathering' | 'due' | 'writing' | 'closed';

/** Writes calls, timeline entries and callbacks, batch after batch. */
export class CallJournal {
  readonly #deps: CallJournalDeps;
  readonly #queue = new JournalQueue();
  readonly #troubles: JournalTroubles;
  readonly #listeners = new Set<WrittenListener>();
  readonly #waiters = new Set<Waiter>();
  readonly #readings = new Set<Reading>();
  #state: State = 'idle';
  #timer: Timer | undefined;
  /** Being written. */
  #batch: readonly RecordWrite[] = [];

  constructor(deps: CallJournalDeps) {
    this.#deps = deps;
    this.#troubles = new JournalTroubles(deps);
  }

  /** How the writing goes. */
  get health(): JournalHealth {
    const waiting = this.#queue.size + this.#batch.length;
    return { waiting, failingSinceMs: this.#troubles.failingSinceMs };
  }

  /** Adds an entry to the call's timeline and tells the watchers. */
  note(call: Call, type: string, data: Readonly<Record<string, unknown>> = {}): void {
    const entry: TimelineEntry = { callId: call.callId, atMs: this.#deps.clock.nowMs(), type, data };
    this.#add({ kind: 'entry', entry });
    const callback = this.#guarded(() => this.#deps.toCallback?.(entry, call));
    if (callback) this.#add({ kind: 'callback', callback });
    for (const watcher of this.#deps.watchers) this.#guarded(() => watcher.onEntry(entry, call));
  }

  /** Writes the current version of the call. */
  save(call: Call): void {
    for (const reading of this.#readings) reading.isStale ||= reading.callId === call.callId;
    this.#add({ kind: 'call', call });
  }

  /**
   * Changes a call that is not in memory: `find` reads it, with everything noted so far, and `change` saves it. When
   * somebody else saves it meanwhile, it is read again, so that neither undoes what the other has done.
   */
  async amend(callId: string, find: () => Promise<Call | undefined>, change: (call: Call) => void): Promise<void> {
    const reading: Reading = { callId, isStale: false };
    this.#readings.add(reading);
    try {
      let call: Call | undefined;
      do {
        reading.isStale = false;
        call = await find();
      } while (reading.isStale);
      if (call) change(call);
    } finally {
      this.#readings.delete(reading);
    }
  }

  /** Tells which calls have something new in the record, after each batch; returns how to stop that. */
  onWritten(listener: WrittenListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when everything noted so far is written, or after `limitMs`. */
  async flush(limitMs = FLUSH_LIMIT_MS): Promise<void> {
    if (this.health.waiting === 0 || this.#state === 'closed') return;
    const written = deferred<void>();
    const waiter: Waiter = { place: this.#queue.lastPlace, resolve: written.resolve };
    this.#waiters.add(waiter);
    this.#hurry();
    await firstWithin(this.#deps.clock, limitMs, [written.promise]);
    this.#waiters.delete(waiter);
  }

  /** Nothing is tried any more: what is not written by now is lost. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#troubles.onClosed(this.health.waiting);
    for (const { resolve } of this.#waiters) resolve();
  }

  #add(record: RecordWrite): void {
    if (this.#state === 'closed') return;
    this.#queue.add(record);
    this.#troubles.onShed(this.#queue.shed());
    if (this.#state === 'idle') this.#gather();
  }

  #gather(): void {
    this.#state = 'gathering';
    this.#timer = this.#deps.clock.after(BATCH_MS, () => void this.#writeBatch());
  }

  /** Somebody waits: what is gathered is written now, only not on their stack. */
  #hurry(): void {
    if (this.#state !== 'gathering') return;
    this.#timer?.cancel();
    this.#state = 'due';
    queueMicrotask(() => void this.#writeBatch());
  }

  async #writeBatch(): Promise<void> {
    if (this.#isClosed()) return;
    this.#state = 'writing';
    this.#batch = this.#queue.take(MAX_BATCH);
    await this.#write(this.#batch);
    if (this.#isClosed()) return;
    const callIds = new Set(this.#batch.map(callIdOf));
    this.#batch = [];
    this.#state = 'idle';
    this.#tellWaiters();
    for (const listener of this.#listeners) this.#guarded(() => listener(callIds));
    if (this.#queue.size > 0 && this.#state === 'idle') this.#gather();
    if (this.#waiters.size > 0) this.#hurry();
  }

  /** Until it is written, in order: whatever comes after it waits behind it. */
  async #write(batch: readonly RecordWrite[]): Promise<void> {
    for (let attempt = 1; !this.#isClosed(); attempt += 1) {
      try {
        await this.#deps.store.write(batch);
        return this.#troubles.onAnswered();
      } catch (error) {
        if (error instanceof RecordRefusedError) return this.#writeSingly(batch, error);
        this.#troubles.onFailure(error, this.health.waiting);
        await this.#pause(backoffMs(WRITE_BACKOFF, attempt));
      }
    }
  }

  /** One bad record costs the others of its batch nothing. */
  async #writeSingly(batch: readonly RecordWrite[], error: RecordRefusedError): Promise<void> {
    this.#troubles.onAnswered();
    const [first, ...others] = batch;
    if (first && others.length === 0) {
      const fields = { callId: callIdOf(first), kind: first.kind, error };
      return this.#deps.log.error('A record is lost, as the database refuses it', fields);
    }
    for (const record of batch) await this.#write([record]);
  }

  /** Left hanging when the journal is closed meanwhile. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#isClosed()) this.#timer = this.#deps.clock.after(delayMs, resolve);
    });
  }

  #tellWaiters(): void {
    for (const waiter of this.#waiters) {
      if (waiter.place >= this.#queue.nextPlace) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** What others do with an entry is their own problem, never the call's. */
  #guarded<T>(task: () => T): T | undefined {
    try {
      return task();
    } catch (error) {
      this.#deps.log.error('Somebody who is told of calls has failed', { error });
      return undefined;
    }
  }
}

/** The call that a record belongs to. */
export function callIdOf(record: RecordWrite): string {
  switch (record.kind) {
    case 'call':
      return record.call.callId;
    case 'entry':
      return record.entry.callId;
    case 'callback':
      return record.callback.callId;
    default:
      return assertNever(record);
  }
}
