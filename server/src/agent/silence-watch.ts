// Notices that nobody says anything any more: first the AI asks whether the callee is still there, then it says goodbye.
// Only measures; what is said is the owner's business.

import type { Clock, Timer } from '../calls/ports';

/** What a silence watch works with. */
export type SilenceWatchOptions = {
  readonly clock: Clock;
  /** Silence until the callee is asked; 0 for never, and then there is no goodbye either. */
  readonly nudgeMs: number;
  /** Silence after that question until the goodbye. */
  readonly goodbyeMs: number;
};

/** Who is told of silence; `silentMs` is how long it has lasted. */
export type SilenceListener = {
  readonly onNudge: (silentMs: number) => void;
  readonly onGoodbye: (silentMs: number) => void;
};

/** Measures the silence of both sides, which begins with the first `onQuiet`. */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #listener: SilenceListener;
  /** What comes next. */
  #stage: 'nudge' | 'goodbye' | 'nothing' = 'nudge';
  #isQuiet = false;
  #suspensions = 0;
  #silentSinceMs = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: SilenceWatchOptions, listener: SilenceListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Somebody begins to speak, or presses a key. */
  onSpeech(): void {
    this.#isQuiet = false;
    this.#timer?.cancel();
  }

  /** Both sides are silent from now on. */
  onQuiet(): void {
    this.#isQuiet = true;
    this.#measure();
  }

  /** The callee is there: the next silence begins with a question again. The AI's own speech does not count as that. */
  onCalleeSpoke(): void {
    this.#stage = 'nudge';
    this.#measure();
  }

  /** Silence is in order for a while; each call needs its own `resume`, as reasons overlap. */
  suspend(): void {
    this.#suspensions += 1;
    this.#timer?.cancel();
  }

  /** Silence counts again, from now on. */
  resume(): void {
    this.#suspensions = Math.max(0, this.#suspensions - 1);
    this.#measure();
  }

  /** Idempotent; nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #measure(): void {
    this.#silentSinceMs = this.#options.clock.monotonicMs();
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    const { clock, nudgeMs, goodbyeMs } = this.#options;
    const isOff = this.#isClosed || nudgeMs <= 0;
    if (isOff || !this.#isQuiet || this.#suspensions > 0 || this.#stage === 'nothing') return;
    this.#timer = clock.after(this.#stage === 'nudge' ? nudgeMs : goodbyeMs, () => this.#onDue());
  }

  #onDue(): void {
    const silentMs = Math.round(this.#options.clock.monotonicMs() - this.#silentSinceMs);
    const isNudge = this.#stage === 'nudge';
    this.#stage = isNudge ? 'goodbye' : 'nothing';
    // The question may fail to be spoken; then the same silence goes on, and leads to the goodbye.
    this.#arm();
    if (isNudge) this.#listener.onNudge(silentMs);
    else this.#listener.onGoodbye(silentMs);
  }
}
