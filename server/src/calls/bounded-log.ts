// Warnings that strangers can cause at will: one line of a kind and minute, so that nobody can fill a disk or drown what
// matters. What is left out is counted, and told with the next line of its kind; no timer waits for it.

import type { Clock, LogFields, Logger } from './ports';

const WINDOW_MS = 60_000;

/** What became of one kind of line since it was last written. */
type Kind = { writtenAtMs: number; leftOut: number };

/** A log for what strangers can cause. The message is the kind: it must be a constant. */
export class BoundedLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Writes the line, unless one of its kind was written within the last minute. */
  warn(message: string, fields: LogFields = {}): void {
    const nowMs = this.#clock.monotonicMs();
    const kind = this.#kinds.get(message);
    if (kind && nowMs - kind.writtenAtMs < WINDOW_MS) {
      kind.leftOut += 1;
      return;
    }
    this.#kinds.set(message, { writtenAtMs: nowMs, leftOut: 0 });
    const leftOut = kind?.leftOut ?? 0;
    this.#log.warn(message, leftOut === 0 ? fields : { ...fields, leftOut });
  }
}
