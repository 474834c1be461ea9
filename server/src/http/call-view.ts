// A call as the API shows it.

import type { CallBehaviour, HttpToolDefinition } from '../calls/behaviour';
import type { Call } from '../calls/call';
import { durationSeconds, iso, isoTimings } from '../calls/call-times';
import type { Turn } from '../calls/conversation-events';
import type { StoredEntry, TimelineEntry } from '../calls/record-ports';
import { latencyView, toolCallViews } from './call-figures';
import { costView } from './cost-view';
import { turnsOf, turnView } from './transcript';

const HIDDEN = '***';

// Names variables of the server and tells none of their values.
const ONLY_PLACEHOLDERS = /^(\$\{TOOL_[A-Z0-9_]+\})+$/;

/** The short form of a call, as in lists and answers to commands. */
export function callSummary(call: Call): Record<string, unknown> {
  const { timings, verdict } = call;
  return {
    callId: call.callId,
    status: call.status,
    to: call.to,
    from: call.from,
    createdAt: iso(timings.createdAtMs),
    answeredAt: iso(timings.answeredAtMs),
    endedAt: iso(timings.endedAtMs),
    durationSeconds: durationSeconds(timings),
    endReason: verdict?.reason ?? null,
    metadata: call.metadata,
  };
}

// Those have a place of their own in the view of a call.
const SHOWN_APART = new Set(['turn.finished', 'usage.added']);

/** What is known of a call, for the view of it. */
export type CallFacts = {
  readonly timeline: readonly TimelineEntry[];
  /** Whether its audio can be had. */
  readonly hasRecording: boolean;
};

/** Everything about a call. */
export function callDetails(call: Call, { timeline, hasRecording }: CallFacts): Record<string, unknown> {
  const { timings, verdict } = call;
  return {
    ...callSummary(call),
    carrierCallId: call.carrierCallId ?? null,
    instructions: call.instructions,
    voice: call.voice,
    greeting: call.greeting ?? null,
    maxDurationSeconds: call.maxDurationSeconds,
    behaviour: behaviourView(call.behaviour),
    statusCallbackUrl: call.statusCallbackUrl ?? null,
    maxCostUsd: call.maxCostUsd ?? null,
    record: call.isRecorded,
    placedBy: call.placedBy ?? null,
    timings: isoTimings(timings),
    verdict: verdict ?? null,
    usage: call.usage,
    cost: costView(call, timeline),
    recording: recordingView(call, hasRecording),
    latency: latencyView(timeline),
    transcript: turnsOf(timeline).map(turnView),
    toolCalls: toolCallViews(timeline),
    timeline: timeline.filter(({ type }) => !SHOWN_APART.has(type)).map(entryView),
  };
}

/** One entry of the timeline with its place in it; the times of a turn as everywhere in the API. */
export function eventView(entry: StoredEntry): Record<string, unknown> {
  const { type, data } = entry;
  const shown = type === 'turn.finished' ? { ...data, turn: turnView(data['turn'] as Turn) } : data;
  return { id: entry.sequence, ...entryView({ ...entry, data: shown }) };
}

function recordingView({ callId, recording }: Call, hasRecording: boolean): Record<string, unknown> | null {
  return recording ? { ...recording, url: hasRecording ? `/api/ai-calls/${callId}/recording` : null } : null;
}

/** The values of headers may be secrets that came with the request. */
function behaviourView(behaviour: CallBehaviour): Record<string, unknown> {
  return {
    ...behaviour,
    voicemailMessage: behaviour.voicemailMessage ?? null,
    tools: behaviour.tools.map((tool) => ({ ...tool, headers: headersView(tool.headers) })),
  };
}

function headersView(headers: HttpToolDefinition['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, ONLY_PLACEHOLDERS.test(value) ? value : HIDDEN]),
  );
}

function entryView({ atMs, type, data }: TimelineEntry): Record<string, unknown> {
  return { at: iso(atMs), type, ...data };
}
