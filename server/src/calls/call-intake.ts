// How new calls get into the record: with a little patience for the database, and nothing half done when it does not
// answer.

import { type Call, withStatus } from './call';
import type { CallJournal } from './journal/call-journal';
import { endCall } from './end-call';
import type { Clock } from './ports';
import { patiently } from './record-patience';
import type { CallStore, Idempotency, Insertion, Replay } from './record-ports';

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
    return patiently(this.#deps.clock, () => this.#deps.store.findReplay(idempotency));
  }

  /** Records a call that is about to be placed. */
  async insert(call: Call, idempotency: Idempotency | undefined): Promise<Insertion> {
    try {
      return await patiently(this.#deps.clock, () => this.#deps.store.insert(call, idempotency));
    } catch (error) {
      this.#giveUp(call);
      throw error;
    }
  }

  /** The record may be there although nobody could say so: then it is to be final. */
  #giveUp(call: Call): void {
    const verdict = endCall('internal-error', { cause: 'database' });
    const ended = withStatus(call, verdict.status, this.#deps.clock.nowMs());
    this.#deps.journal.save({ ...ended, verdict, mayHaveLeg: false });
  }
}
