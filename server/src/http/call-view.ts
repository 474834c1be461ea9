// A call as the API shows it.

import type { CallBehaviour, HttpToolDefinition } from '../calls/behaviour';
import type { Call, CallTimings } from '../calls/call';
import type { Turn } from '../calls/conversation-ports';
import type { TimelineEntry } from '../calls/ports';
import { latencyView, toolCallViews } from './call-figures';

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

/** Everything about a call. */
export function callDetails(call: Call, timeline: readonly TimelineEntry[]): Record<string, unknown> {
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
    timings: {
      createdAt: iso(timings.createdAtMs),
      initiatedAt: iso(timings.initiatedAtMs),
      ringingAt: iso(timings.ringingAtMs),
      answeredAt: iso(timings.answeredAtMs),
      endedAt: iso(timings.endedAtMs),
    },
    verdict: verdict ?? null,
    usage: call.usage,
    latency: latencyView(timeline),
    transcript: transcript(timeline),
    toolCalls: toolCallViews(timeline),
    timeline: timeline.filter(({ type }) => type !== 'turn.finished').map(entryView),
  };
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

/** In the order of speaking: the words of a turn may be known only after the turn that answers it. */
function transcript(timeline: readonly TimelineEntry[]): Record<string, unknown>[] {
  return timeline
    .filter(({ type }) => type === 'turn.finished')
    .map(({ data }) => data['turn'] as Turn)
    .sort((a, b) => a.startedAtMs - b.startedAtMs)
    .map(({ startedAtMs, ...turn }) => ({ startedAt: iso(startedAtMs), ...turn }));
}

function entryView({ atMs, type, data }: TimelineEntry): Record<string, unknown> {
  return { at: iso(atMs), type, ...data };
}

function durationSeconds({ answeredAtMs, endedAtMs }: CallTimings): number | null {
  if (answeredAtMs === undefined || endedAtMs === undefined) return null;
  return Math.round((endedAtMs - answeredAtMs) / 100) / 10;
}

function iso(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
