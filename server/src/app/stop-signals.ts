// What tells the process to stop. A terminal that is closed, a Ctrl-C and every platform's way to stop mean the same: finish
// the calls. The end of stdin means nothing: under most supervisors it has none.

import type { Clock } from '../calls/ports';

/** Signals after which live calls may finish. */
export const DRAIN_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Calls are hung up and their records written, nothing more: Ctrl-\ on a terminal. */
export const STOP_NOW_SIGNAL = 'SIGQUIT';

// npm passes on what its child has got from the terminal already: one Ctrl-C arrives twice.
const ECHO_MS = 500;

type StopSignal = (typeof DRAIN_SIGNALS)[number] | typeof STOP_NOW_SIGNAL;

/** Tells a signal that was given again from one that has come twice. */
export class StopSignals {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #lastMs = new Map<StopSignal, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** A signal has come; returns whether it is one of its own or the echo of the same one. */
  add(signal: StopSignal): 'told' | 'echo' {
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = nowMs - (this.#lastMs.get(signal) ?? -Infinity);
    if (sinceMs < ECHO_MS && signal !== STOP_NOW_SIGNAL) return 'echo';
    this.#lastMs.set(signal, nowMs);
    return 'told';
  }
}
