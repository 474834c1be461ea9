// Writes each entry of each call's timeline to the log: the life of a call can be read there line by line.

import type { Call } from '../calls/call';
import type { Logger } from '../calls/ports';
import type { CallWatcher, TimelineEntry } from '../calls/record-ports';

/** Logs timelines. */
export class CallLog implements CallWatcher {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  onEntry({ callId, type, data }: TimelineEntry, { carrierCallId }: Call): void {
    this.#log.info(type, { callId, carrierCallId, ...data });
  }
}
