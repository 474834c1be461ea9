// What a call's timeline says about its replies and its tools, put together for whoever looks at the call.

import type { FinishedTool, ReplyLatency } from '../calls/conversation-events';
import type { TimelineEntry } from '../calls/record-ports';

/** How long the callee waited for the AI, milliseconds; null where there was nothing to measure. */
export type LatencyView = {
  /** Replies that were measured. */
  readonly turns: number;
  readonly medianMs: number | null;
  /** Nineteen of twenty replies took no longer. */
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
  /** From the first moment of the line to the AI's first word. */
  readonly greetingMs: number | null;
};

/** One use of a tool, as the API shows it. */
export type ToolCallView = Pick<FinishedTool, 'name' | 'outcome' | 'durationMs'> & {
  /** As a value, or as the model's text when that is not JSON. */
  readonly arguments: unknown;
  /** When it was finished, ISO 8601. */
  readonly at: string;
};

/** The waits of a call. */
export function latencyView(timeline: readonly TimelineEntry[]): LatencyView {
  const waitsMs = timeline
    .filter(({ type }) => type === 'reply.started')
    .map(({ data }) => (data as ReplyLatency).latencyMs)
    .sort((a, b) => a - b);
  const greeting = timeline.find(({ type }) => type === 'greeting.started');
  return {
    turns: waitsMs.length,
    medianMs: median(waitsMs),
    p95Ms: waitsMs[Math.ceil(waitsMs.length * 0.95) - 1] ?? null,
    maxMs: waitsMs.at(-1) ?? null,
    greetingMs: greeting ? (greeting.data as { readonly afterStreamMs: number }).afterStreamMs : null,
  };
}

/** The tools that were used, in the order in which they were finished. */
export function toolCallViews(timeline: readonly TimelineEntry[]): ToolCallView[] {
  return timeline
    .filter(({ type }) => type === 'tool.finished')
    .map(({ atMs, data }) => {
      const { name, argumentsJson, outcome, durationMs } = data as FinishedTool;
      return { name, arguments: parsed(argumentsJson), outcome, durationMs, at: new Date(atMs).toISOString() };
    });
}

function median(sorted: readonly number[]): number | null {
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : Math.round((upper + lower) / 2);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // What the model wrote is shown as it is.
    return json;
  }
}
