// The one place through which a call's record and timeline are written: in order, off the media path, and told to
// whoever watches. Writing never blocks and never throws into a call.

import { type Backoff, backoffMs } from '../lib/backoff';
import type { Call } from './call';
import type { CallStore, CallWatcher, Clock, Logger, TimelineEntry } from './ports';
import { wait } from './wait';

// A locked or restarting database comes back within seconds; later rows wait behind the failing one, in order.
const WRITE_BACKOFF: Backoff = { firstMs: 100, capMs: 2_000 };
const MAX_WRITE_TRIES = 6;

/** Writes calls and timeline entries one after the other. */
export class CallJournal {
  readonly #store: CallStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #watchers: readonly CallWatcher[];
  #tail: Promise<void> = Promise.resolve();

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
    for (const watcher of this.#watchers) watcher.onEntry(entry, call);
  }

  /** Writes the current version of the call. */
  save(call: Call): void {
    this.#enqueue(call.callId, () => this.#store.save(call));
  }

  /** Resolves when everything written so far is stored or given up. */
  flush(): Promise<void> {
    return this.#tail;
  }

  #enqueue(callId: string, write: () => Promise<void>): void {
    this.#tail = this.#tail.then(() => this.#tryWrite(callId, write));
  }

  async #tryWrite(callId: string, write: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write();
      } catch (error) {
        if (attempt === MAX_WRITE_TRIES) {
          this.#log.error('A record could not be written and is lost', { callId, error });
          return;
        }
        this.#log.warn('A record could not be written, trying again', { callId, attempt, error });
        await wait(this.#clock, backoffMs(WRITE_BACKOFF, attempt));
      }
    }
  }
}
