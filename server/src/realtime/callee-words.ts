// Which words of the callee the server has yet to write down: a turn that is not over, or one whose text is on its way.

import type { Clock } from '../calls/ports';

// Text follows its turn within a second or two. What takes this long is not coming.
const OVERDUE_MS = 10_000;

/** The words of one session that are still due. */
export class CalleeWords {
  readonly #clock: Clock;
  /** `committing`: the turn was ended by us, and the server has yet to say that it is. */
  #turn: 'none' | 'speaking' | 'committing' = 'none';
  readonly #dueSinceMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when the callee is within a turn that nobody has ended. */
  get isSpeaking(): boolean {
    return this.#turn === 'speaking';
  }

  /** True as long as there are words that may still come. */
  get isAnyDue(): boolean {
    const oldestMs = this.#clock.monotonicMs() - OVERDUE_MS;
    return this.#turn !== 'none' || [...this.#dueSinceMs.values()].some((sinceMs) => sinceMs > oldestMs);
  }

  onStarted(): void {
    this.#turn = 'speaking';
  }

  /** We have asked the server to end the turn. */
  onCommitAsked(): void {
    this.#turn = 'committing';
  }

  /** The server did not end the turn: there was nothing in it. */
  onCommitRefused(): void {
    if (this.#turn === 'committing') this.#turn = 'none';
  }

  /** The turn is over, by the callee's silence or by us. */
  onEnded(itemId: string): void {
    this.#turn = 'none';
    if (!this.#dueSinceMs.has(itemId)) this.#dueSinceMs.set(itemId, this.#clock.monotonicMs());
  }

  /** The words are there, or could not be written down. */
  onText(itemId: string): void {
    this.#dueSinceMs.delete(itemId);
  }
}
