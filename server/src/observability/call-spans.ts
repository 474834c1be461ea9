// The life of each call as a trace, through the API of OpenTelemetry alone: without an SDK in the process, or for a call
// that is not sampled, nothing is kept and nothing is made. Only facts: no number, and no word that somebody said.

import type { Call } from '../calls/call';
import { ENDING_TYPES } from '../calls/call-state';
import type { CallWatcher, TimelineEntry } from '../calls/record-ports';
import { CallTrace } from './call-trace';

const BEGINNING = 'call.queued';

/** After these nothing of a call is left. */
const LAST: ReadonlySet<string> = new Set(['leg.down', 'leg.abandoned']);

/** Traces calls. */
export class CallSpans implements CallWatcher {
  readonly #model: string;
  /** Calls that are not closed yet. */
  readonly #traces = new Map<string, CallTrace>();

  /** @param model Of the AI that talks. */
  constructor(model: string) {
    this.#model = model;
  }

  /** How many calls are being traced. */
  get size(): number {
    return this.#traces.size;
  }

  onEntry(entry: TimelineEntry, call: Call): void {
    const { callId, type } = entry;
    if (type === BEGINNING) return this.#begin(entry);
    const trace = this.#traces.size === 0 ? undefined : this.#traces.get(callId);
    if (!trace) return;
    if (ENDING_TYPES.has(type)) trace.end(entry, call);
    else if (LAST.has(type)) this.#close(entry, trace);
    else trace.add(entry);
  }

  #begin(entry: TimelineEntry): void {
    const trace = CallTrace.begin(entry, this.#model);
    if (trace) this.#traces.set(entry.callId, trace);
  }

  #close({ callId, atMs }: TimelineEntry, trace: CallTrace): void {
    this.#traces.delete(callId);
    trace.close(atMs);
  }
}
