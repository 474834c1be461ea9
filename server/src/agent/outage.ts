// The time in which the AI cannot be reached, or not yet: the callee is told to wait, by the carrier's voice as there is no other.

import type { CallControls, VoiceLine } from '../calls/agent-ports';
import type { Clock, Logger, Timer } from '../calls/ports';

// Most connections are replaced within this time, and a pause of that length is none.
const FILLER_AFTER_MS = 1_000;
const LOOK_AGAIN_MS = 250;

// Whoever picks up says hello first, and waits a moment for the answer.
const LATE_AFTER_MS = 2_000;

// In English, as the carrier's voice is.
const FILLER = 'One moment, please.';

/** What an outage works with. */
export type OutageDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly line: Pick<VoiceLine, 'isStreaming' | 'isAiHeard'>;
  readonly controls: Pick<CallControls, 'speakByCarrier' | 'report'>;
  /** Whether somebody waits for the AI. */
  readonly isMissed: () => boolean;
  /** The AI is gone, or back. */
  readonly onChanged: () => void;
};

/** Knows whether the AI can be reached. Idempotent `close()`. */
export class Outage {
  readonly #deps: OutageDeps;
  #state: 'connecting' | 'there' | 'lost' | 'closed' = 'connecting';
  #lostAtMs = 0;
  #timer: Timer | undefined;

  constructor(deps: OutageDeps) {
    this.#deps = deps;
  }

  /** True while the AI could say something. */
  get isAiThere(): boolean {
    return this.#state === 'there';
  }

  /** True from the loss of the AI until it is back. */
  get isLost(): boolean {
    return this.#state === 'lost';
  }

  /** The callee waits for an AI that may still be connecting. */
  onPickedUp(): void {
    // A line that breaks and comes back is the same wait.
    if (this.#state !== 'connecting' || this.#timer) return;
    this.#lostAtMs = this.#deps.clock.monotonicMs();
    this.#lookIn(LATE_AFTER_MS);
  }

  /** The AI can speak, for the first time. */
  onReady(): void {
    if (this.#state !== 'connecting') return;
    this.#timer?.cancel();
    this.#state = 'there';
  }

  onLost(): void {
    if (this.#state === 'lost' || this.#state === 'closed') return;
    this.#timer?.cancel();
    this.#state = 'lost';
    this.#lostAtMs = this.#deps.clock.monotonicMs();
    this.#lookIn(FILLER_AFTER_MS);
    this.#deps.onChanged();
  }

  onResumed(): void {
    if (this.#state === 'closed') return;
    this.#timer?.cancel();
    this.#state = 'there';
    this.#deps.onChanged();
  }

  close(): void {
    this.#state = 'closed';
    this.#timer?.cancel();
  }

  #lookIn(delayMs: number): void {
    this.#timer = this.#deps.clock.after(delayMs, () => this.#look());
  }

  /** Once in each outage, as soon as the callee would hear nothing but it. */
  #look(): void {
    const { line, isMissed } = this.#deps;
    // What had arrived of the AI may still be playing.
    if (line.isStreaming && !line.isAiHeard && isMissed()) void this.#fill();
    else this.#lookIn(LOOK_AGAIN_MS);
  }

  async #fill(): Promise<void> {
    const { clock, log, controls } = this.#deps;
    const afterMs = Math.round(clock.monotonicMs() - this.#lostAtMs);
    try {
      await controls.speakByCarrier(FILLER);
      if (this.#state !== 'closed') controls.report({ type: 'filler.spoken', afterMs });
    } catch (error) {
      log.warn('The callee could not be told to wait', { error });
    }
  }
}
