// Between the Call aggregate and its row.

import type { Selectable } from 'kysely';
import { type CallBehaviour, DEFAULT_BEHAVIOUR } from '../calls/behaviour';
import type { Call, CallRecording, CallUsage } from '../calls/call';
import type { CallStatus } from '../calls/call-state';
import type { EndCall } from '../calls/end-call';
import type { CallRow } from './tables';
import { storableRow } from './text';

type StoreColumn =
  'idempotency_key' | 'request_fingerprint' | 'owner_node' | 'last_sequence' | 'last_callback_number' | 'purged_at_ms';

/** The columns that come from the aggregate; the others are the store's own. */
export type CallRowData = Omit<CallRow, StoreColumn>;

/** The columns that a save writes. */
export type CallProgressData = ReturnType<typeof progressColumns>;

/** A row as it is read. */
export type StoredCallRow = Selectable<CallRow>;

/** The row of a call. */
export function toRow(call: Call): CallRowData {
  return storableRow({ ...requestColumns(call), ...progressColumns(call) });
}

/** What a save writes. What was asked for may be long, and stays as it was when the call was inserted. */
export function toProgress(call: Call): CallProgressData {
  return storableRow(progressColumns(call));
}

function requestColumns(call: Call) {
  return {
    call_id: call.callId,
    to_number: call.to,
    from_number: call.from,
    voice: call.voice,
    greeting: call.greeting ?? null,
    max_duration_seconds: call.maxDurationSeconds,
    behaviour: JSON.stringify(call.behaviour),
    metadata: JSON.stringify(call.metadata),
    status_callback_url: call.statusCallbackUrl ?? null,
    max_cost_usd: call.maxCostUsd ?? null,
    is_recorded: Number(call.isRecorded),
    placed_by: call.placedBy ?? null,
    created_at_ms: call.timings.createdAtMs,
  } satisfies Partial<CallRowData>;
}

function progressColumns(call: Call) {
  const { timings, usage } = call;
  return {
    status: call.status,
    instructions: call.instructions,
    carrier_call_id: call.carrierCallId ?? null,
    initiated_at_ms: timings.initiatedAtMs ?? null,
    ringing_at_ms: timings.ringingAtMs ?? null,
    answered_at_ms: timings.answeredAtMs ?? null,
    ended_at_ms: timings.endedAtMs ?? null,
    usage: JSON.stringify(usage),
    // Counted by somebody else: a fraction must not make the whole record impossible.
    input_tokens: Math.round(usage.inputTextTokens + usage.inputAudioTokens),
    output_tokens: Math.round(usage.outputTextTokens + usage.outputAudioTokens),
    cost_usd: usage.costUsd,
    carrier_cost_usd: call.carrierCostUsd ?? null,
    may_have_leg: Number(call.mayHaveLeg),
    recording: call.recording ? JSON.stringify(call.recording) : null,
    end_reason: call.verdict?.reason ?? null,
    verdict: call.verdict ? JSON.stringify(call.verdict) : null,
  } satisfies Partial<CallRowData>;
}

/** The call of a row. We wrote the JSON ourselves, so it is trusted. */
export function fromRow(row: StoredCallRow): Call {
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
    maxCostUsd: row.max_cost_usd ?? undefined,
    isRecorded: row.is_recorded === 1,
    placedBy: row.placed_by ?? undefined,
    carrierCostUsd: row.carrier_cost_usd ?? undefined,
    mayHaveLeg: row.may_have_leg === 1,
    recording: row.recording === null ? undefined : (JSON.parse(row.recording) as CallRecording),
    usage: JSON.parse(row.usage) as CallUsage,
    verdict: row.verdict === null ? undefined : (JSON.parse(row.verdict) as EndCall),
  };
}

/** A call that was recorded before some part of the behaviour existed has the default of that part. */
function behaviourOf({ behaviour }: StoredCallRow): CallBehaviour {
  return { ...DEFAULT_BEHAVIOUR, ...(JSON.parse(behaviour) as Partial<CallBehaviour>) };
}
