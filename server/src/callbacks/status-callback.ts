// What a user's own endpoint is told of a call: one message for each status, from `call.queued` on, in its final words.
// Pure; whoever notes the status keeps the message beside it, so that neither is there without the other.

import type { Call } from '../calls/call';
import { CALL_STATUSES, isTerminal } from '../calls/call-state';
import { durationSeconds, iso, isoTimings } from '../calls/call-times';
import type { QueuedCallback, TimelineEntry } from '../calls/record-ports';

const STATUS_ENTRIES: ReadonlySet<string> = new Set(CALL_STATUSES.map((status) => `call.${status}`));

/** The message about a timeline entry; undefined when it is no status, or nobody is to be told of this call. */
export function statusCallback(entry: TimelineEntry, call: Call): QueuedCallback | undefined {
  const { callId, statusCallbackUrl: url } = call;
  if (url === undefined || !STATUS_ENTRIES.has(entry.type)) return undefined;
  const body = JSON.stringify({ ...momentOf(entry, call), ...outcomeOf(call) });
  return { callbackId: callbackIdOf(call), callId, url, body, createdAtMs: entry.atMs };
}

/** A call has each status once: noted again, by whatever accident, it is the same message to the receiver. */
function callbackIdOf({ callId, status }: Call): string {
  return `${callId}_${status}`;
}

function momentOf(entry: TimelineEntry, call: Call): Readonly<Record<string, unknown>> {
  return {
    event: entry.type,
    at: iso(entry.atMs),
    callId: call.callId,
    status: call.status,
    to: call.to,
    from: call.from,
    metadata: call.metadata,
    timings: isoTimings(call.timings),
  };
}

/** Known at the end only; the carrier's price may come later still, and is null then. */
function outcomeOf(call: Call): Readonly<Record<string, unknown>> {
  if (!isTerminal(call.status)) return { verdict: null, durationSeconds: null, usage: null, cost: null };
  return {
    verdict: call.verdict ?? null,
    durationSeconds: durationSeconds(call.timings),
    usage: call.usage,
    cost: { aiUsd: call.usage.costUsd, carrierUsd: call.carrierCostUsd ?? null },
  };
}
