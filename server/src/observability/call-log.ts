// Writes each entry of each call's timeline to the log: the life of a call can be read there line by line.

import type { Call } from '../calls/call';
import { ENDING_TYPES } from '../calls/call-state';
import { durationSeconds } from '../calls/call-times';
import type { Logger } from '../calls/ports';
import type { CallWatcher, TimelineEntry } from '../calls/record-ports';

const COST_DECIMALS = 6;

// The line of the command that placed the call has its id, too; what the call has cost so far stands where it ends.
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['call.queued', 'usage.added']);

/** Logs timelines. */
export class CallLog implements CallWatcher {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  onEntry({ callId, type, data }: TimelineEntry, call: Call): void {
    const fields = {
      callId,
      carrierCallId: call.carrierCallId,
      ...(ENDING_TYPES.has(type) ? sums(call) : {}),
      ...data,
    };
    if (TOLD_ELSEWHERE.has(type)) this.#log.debug(type, fields);
    else this.#log.info(type, fields);
  }
}

/** What one looks for at the end of a call; the carrier tells what it takes later. */
function sums({ timings, usage }: Call): Readonly<Record<string, unknown>> {
  const { costUsd } = usage;
  return {
    durationSeconds: durationSeconds(timings) ?? 0,
    aiCostUsd: costUsd === null ? 'unknown' : Number(costUsd.toFixed(COST_DECIMALS)),
  };
}
