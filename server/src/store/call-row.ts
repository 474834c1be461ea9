// Between the Call aggregate and its row.

import { type CallBehaviour, DEFAULT_BEHAVIOUR } from '../calls/behaviour';
import type { Call, CallUsage } from '../calls/call';
import type { CallStatus } from '../calls/call-state';
import type { EndCall } from '../calls/end-call';
import type { CallRow } from './database';

/** The columns that come from the aggregate. */
export type CallRowData = Omit<CallRow, 'idempotency_key' | 'request_fingerprint'>;

/** The row of a call. */
export function toRow(call: Call): CallRowData {
  const { timings } = call;
  return {
    call_id: call.callId,
    status: call.status,
    to_number: call.to,
    from_number: call.from,
    instructions: call.instructions,
    voice: call.voice,
    greeting: call.greeting ?? null,
    max_duration_seconds: call.maxDurationSeconds,
    behaviour: JSON.stringify(call.behaviour),
    metadata: JSON.stringify(call.metadata),
    status_callback_url: call.statusCallbackUrl ?? null,
    carrier_call_id: call.carrierCallId ?? null,
    created_at_ms: timings.createdAtMs,
    initiated_at_ms: timings.initiatedAtMs ?? null,
    ringing_at_ms: timings.ringingAtMs ?? null,
    answered_at_ms: timings.answeredAtMs ?? null,
    ended_at_ms: timings.endedAtMs ?? null,
    usage: JSON.stringify(call.usage),
    cost_usd: call.usage.costUsd,
    end_reason: call.verdict?.reason ?? null,
    verdict: call.verdict ? JSON.stringify(call.verdict) : null,
  };
}

/** The call of a row. We wrote the JSON ourselves, so it is trusted. */
export function fromRow(row: CallRow): Call {
  return {
    callId: row.call_id,
    status: row.status as CallStatus,
    to: row.to_number,
    from: row.from_number,
    instructions: row.instructions,
    voice: row.voice,
    greeting: row.greeting ?? undefined,
    maxDurationSeconds: row.max_duration_seconds,
    behaviour: behaviourOf(row),
    metadata: JSON.parse(row.metadata) as Call['metadata'],
    statusCallbackUrl: row.status_callback_url ?? undefined,
    carrierCallId: row.carrier_call_id ?? undefined,
    timings: {
      createdAtMs: row.created_at_ms,
      initiatedAtMs: row.initiated_at_ms ?? undefined,
      ringingAtMs: row.ringing_at_ms ?? undefined,
      answeredAtMs: row.answered_at_ms ?? undefined,
      endedAtMs: row.ended_at_ms ?? undefined,
    },
    usage: JSON.parse(row.usage) as CallUsage,
    verdict: row.verdict === null ? undefined : (JSON.parse(row.verdict) as EndCall),
  };
}

/** A call that was recorded before some part of the behaviour existed has the default of that part. */
function behaviourOf({ behaviour }: CallRow): CallBehaviour {
  return { ...DEFAULT_BEHAVIOUR, ...(JSON.parse(behaviour) as Partial<CallBehaviour>) };
}
