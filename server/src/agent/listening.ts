// Who takes the turns: the AI, unless somebody here has a reason to have it only listen.

import type { VoiceLine } from '../calls/agent-ports';

/** Why the AI does not take the word by itself just now. */
export type ListeningReason = 'opening' | 'tool' | 'machine' | 'farewell';

/** The reasons that there are at a time. */
export class Listening {
  readonly #reasons = new Set<ListeningReason>();
  readonly #line: Pick<VoiceLine, 'takeTurns'>;

  constructor(line: Pick<VoiceLine, 'takeTurns'>) {
    this.#line = line;
  }

  /** From now on there is this reason, or there is not. */
  set(reason: ListeningReason, isListening: boolean): void {
    if (isListening) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    this.#line.takeTurns(this.#reasons.size > 0 ? 'listen' : 'server');
  }

  /** There is this reason, and whoever has it tells the line by itself. */
  claim(reason: ListeningReason): void {
    this.#reasons.add(reason);
  }
}
