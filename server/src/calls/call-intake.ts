// How new calls get into the record: with a little patience for the database, and nothing half done when it does not
// answer.

import type { Backoff } from '../lib/backoff';
import { type Call, withStatus } from './call';
import type { CallJournal } from './call-journal';
import { endCall } from './end-call';
import { RecordsUnavailableError } from './errors';
import type { Clock } from './ports';
import type { CallStore, Idempotency, Insertion, Replay } from './record-ports';
import { withRetries } from './retry';

// A request waits for an answer: no more patience with the database than that.
const TRIES = 4;
const BACKOFF: Backoff = { firstMs: 50, capMs: 200 };

/** What the intake works with. */
export type CallIntakeDeps = {
  readonly store: Pick<CallStore, 'insert' | 'findReplay'>;
  readonly journal: Pick<CallJournal, 'save'>;
  readonly clock: Clock;
};

/** Writes the first record of each call. Methods reject with RecordsUnavailableError. */
export class CallIntake {
  readonly #deps: CallIntakeDeps;

  constructor(deps: CallIntakeDeps) {
    this.#deps = deps;
  }

  /** What is known of an idempotency key; undefined for a new one. */
  findReplay(idempotency: Idempotency): Promise<Replay | undefined> {
    return this.#patiently(() => this.#deps.store.findReplay(idempotency));
  }

  /** Records a call that is about to be placed. */
  async insert(call: Call, idempotency: Idempotency | undefined): Promise<Insertion> {
    try {
      return await this.#patiently(() => this.#deps.store.insert(call, idempotency));
    } catch (error) {
      this.#giveUp(call);
      throw error;
    }
  }

  /** A database that is locked for a moment is no reason to refuse a call. */
  async #patiently<T>(task: () => Promise<T>): Promise<T> {
    const policy = { tries: TRIES, backoff: BACKOFF, onFailure: () => true };
    try {
      return await withRetries(this.#deps.clock, policy, task);
    } catch (error) {
      throw new RecordsUnavailableError('The database does not answer: no call was placed.', { cause: error });
    }
  }

  /** The record may be there although nobody could say so: then it is to be final. */
  #giveUp(call: Call): void {
    const verdict = endCall('internal-error', { cause: 'database' });
    const ended = withStatus(call, verdict.status, this.#deps.clock.nowMs());
    this.#deps.journal.save({ ...ended, verdict, mayHaveLeg: false });
  }
}
