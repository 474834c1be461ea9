// How often the AI's connection was lost in calls, and what became of it.

import type { Counter, Histogram, Registry } from 'prom-client';
import { ENDING_TYPES } from '../calls/call-state';
import type { TimelineEntry } from '../calls/record-ports';
import { childrenOf, histogram, observeMs } from './measures';

/** `failed`: the call failed without it. `ended`: the call came to another end meanwhile. */
type LossOutcome = 'resumed' | 'failed' | 'ended';

const FAILED_TYPE = 'call.failed';

/** Measures losses of the AI. */
export class AiLosses {
  readonly #outcomes: ReadonlyMap<unknown, Counter.Internal>;
  readonly #times: Histogram;
  /** Calls that are without the AI now; each leaves when it ends, at the latest. */
  readonly #lost = new Set<string>();

  constructor(registry: Registry) {
    this.#outcomes = childrenOf<LossOutcome>(registry, {
      name: 'ai_calls_ai_losses_total',
      help: 'Connections to the AI that were lost in calls, by what became of the call.',
      label: 'outcome',
      values: { resumed: true, failed: true, ended: true },
    });
    this.#times = histogram(registry, {
      name: 'ai_calls_ai_outage_seconds',
      help: 'From the loss of the connection to the AI until the conversation went on.',
    });
  }

  /** Takes an entry of a timeline. */
  onEntry({ callId, type, data }: TimelineEntry): void {
    if (type === 'ai.lost') this.#lost.add(callId);
    else if (type === 'ai.resumed') this.#settle(callId, 'resumed', data['afterMs']);
    else if (ENDING_TYPES.has(type)) this.#settle(callId, type === FAILED_TYPE ? 'failed' : 'ended');
  }

  #settle(callId: string, outcome: LossOutcome, afterMs?: unknown): void {
    if (!this.#lost.delete(callId)) return;
    this.#outcomes.get(outcome)?.inc();
    observeMs(this.#times, afterMs);
  }
}
