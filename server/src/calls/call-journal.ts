// The one place through which a call's record and timeline are written: in order, off the media path, and told to
// whoever watches. Writing never blocks and never throws into a call.

import type { Backoff } from '../lib/backoff';
import type { Call } from './call';
import type { CallStore, CallWatcher, Clock, Logger, TimelineEntry } from './ports';
import { withRetries } from './retry';
import { firstWithin } from './wait';

// A locked or restarting database comes back within seconds; later rows wait behind the failing one, in order.
const WRITE_BACKOFF: Backoff = { firstMs: 100, capMs: 2_000 };
const WRITE_TRIES = 6;

// How long a reader waits for what is still being written; then it gets what there is.
const FLUSH_LIMIT_MS = 2_000;

/** Writes calls and timeline entries one after the other. */
export class CallJournal {
  readonly #store: CallStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #watchers: readonly CallWatcher[];
  #tail: Promise<void> = Promise.resolve();
  /** After a row was given up, the next ones get one try each until one succeeds: waiting helps nobody then. */
  #isFailing = false;

  constructor(deps: {
    readonly store: CallStore;
    readonly clock: Clock;
    readonly log: Logger;
    readonly watchers: readonly CallWatcher[];
  }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#watchers = deps.watchers;
  }

  /** Adds an entry to the call's timeline and tells the watchers. */
  note(call: Call, type: string, data: Readonly<Record<string, unknown>> = {}): void {
    const entry: TimelineEntry = { callId: call.callId, atMs: this.#clock.nowMs(), type, data };
    this.#enqueue(call.callId, () => this.#store.append(entry));
    for (const watcher of this.#watchers) this.#tell(watcher, entry, call);
  }

  /** Writes the current version of the call. */
  save(call: Call): void {
    this.#enqueue(call.callId, () => this.#store.save(call));
  }

  /** Resolves when everything noted so far is stored or given up, or after `limitMs`. */
  async flush(limitMs = FLUSH_LIMIT_MS): Promise<void> {
    await firstWithin(this.#clock, limitMs, [this.#tail]);
  }

  /** A watcher that fails is its own problem, never the call's. */
  #tell(watcher: CallWatcher, entry: TimelineEntry, call: Call): void {
    try {
      watcher.onEntry(entry, call);
    } catch (error) {
      this.#log.error('A watcher of calls failed', { callId: entry.callId, error });
    }
  }

  #enqueue(callId: string, write: () => Promise<void>): void {
    this.#tail = this.#tail.then(() => this.#write(callId, write));
  }

  async #write(callId: string, write: () => Promise<void>): Promise<void> {
    const onFailure = (error: unknown, attempt: number): boolean => {
      this.#log.warn('A record could not be written', { callId, attempt, error });
      return !this.#isFailing;
    };
    try {
      await withRetries(this.#clock, { tries: WRITE_TRIES, backoff: WRITE_BACKOFF, onFailure }, write);
      this.#isFailing = false;
    } catch (error) {
      this.#isFailing = true;
      this.#log.error('A record is lost', { callId, error });
    }
  }
}
