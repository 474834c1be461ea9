// Figures of all calls for Prometheus, taken from their timelines. No label has a value that a user, a model or a
// carrier makes up: each new one would be a series that is kept until the process ends.

import { Counter, Histogram, Registry } from 'prom-client';
import { CALL_STATUSES, isTerminal } from '../calls/call-state';
import type { ConversationEvent, FinishedTool, MachineResult, ReplyLatency } from '../calls/conversation-ports';
import { END_REASONS, endCall, type TerminalStatus } from '../calls/end-call';
import type { CallWatcher, TimelineEntry } from '../calls/ports';

// Closest together where people notice: a reply within half a second is a conversation, one after two is a bad line.
const BUCKETS_SECONDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10];

// Of a verdict that cannot be read: the call has ended all the same.
const UNKNOWN_REASON = 'unknown';

type Interrupter = Extract<ConversationEvent, { type: 'assistant.interrupted' }>['by'];

/** Takes what an entry has to tell; passes over what it does not understand. */
type Measure = (data: TimelineEntry['data']) => void;

/** Name and explanation of a metric, as Prometheus shows them. */
type MetricText = { readonly name: string; readonly help: string };

/** Measures calls; each object counts for itself. */
export class CallMetrics implements CallWatcher {
  readonly #registry = new Registry();
  readonly #measures: ReadonlyMap<string, Measure>;

  constructor() {
    const events = Object.entries(measuresOfEvents(this.#registry));
    this.#measures = new Map([...events, ...measuresOfEndings(this.#registry)]);
  }

  /** Media type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All figures in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  onEntry({ type, data }: TimelineEntry): void {
    this.#measures.get(type)?.(data);
  }
}

function measuresOfEvents(registry: Registry): Partial<Record<ConversationEvent['type'], Measure>> {
  return {
    'reply.started': measureOfReplies(registry),
    'greeting.started': measureOfTime(registry, 'afterStreamMs', {
      name: 'ai_calls_greeting_seconds',
      help: 'From the start of the media stream to the first audio of the greeting.',
    }),
    'assistant.interrupted': measureOfKind<Interrupter>(registry, {
      name: 'ai_calls_barge_ins_total',
      help: 'How often the AI was cut off, by the callee and through the API.',
      label: 'by',
      values: { callee: true, api: true },
    }),
    'tool.finished': measureOfTools(registry),
    'machine.detected': measureOfKind<MachineResult>(registry, {
      name: 'ai_calls_machine_detections_total',
      help: 'Who answered, as the carrier believes.',
      label: 'result',
      values: { human: true, machine: true, fax: true, silence: true, 'not-sure': true },
    }),
  };
}

function measureOfReplies(registry: Registry): Measure {
  const replies = new Histogram({
    name: 'ai_calls_reply_seconds',
    help: 'From the end of what the callee said to the first audio of the reply, in all and by who took the time.',
    labelNames: ['part'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  const observe = (part: string, field: keyof ReplyLatency): Measure => {
    replies.zero({ part });
    const child = replies.labels({ part });
    return (data) => observeMs(child, data[field]);
  };
  return inTurn(
    observe('total', 'latencyMs'),
    observe('vad', 'vadMs'),
    observe('model', 'modelMs'),
    observe('bridge', 'bridgeMs'),
  );
}

/** By outcome only: users name their tools as they like. */
function measureOfTools(registry: Registry): Measure {
  return inTurn(
    measureOfTime(registry, 'durationMs', { name: 'ai_calls_tool_seconds', help: 'How long the uses of tools took.' }),
    measureOfKind<FinishedTool['outcome']>(registry, {
      name: 'ai_calls_tool_calls_total',
      help: 'Uses of tools by outcome.',
      label: 'outcome',
      values: { ok: true, error: true, timeout: true, abandoned: true },
    }),
  );
}

function measureOfTime(registry: Registry, field: string, text: MetricText): Measure {
  const histogram = new Histogram({ ...text, buckets: BUCKETS_SECONDS, registers: [registry] });
  return (data) => observeMs(histogram, data[field]);
}

/** Counts by the field that is called as the label is. A record, so that the compiler misses no value. */
function measureOfKind<Value extends string>(
  registry: Registry,
  { label, values, ...text }: MetricText & { readonly label: string; readonly values: Record<Value, true> },
): Measure {
  const counter = new Counter({ ...text, labelNames: [label], registers: [registry] });
  const children = new Map<unknown, Counter.Internal>(
    Object.keys(values).map((value) => [value, fromZero(counter.labels({ [label]: value }))]),
  );
  return (data) => children.get(data[label])?.inc();
}

function measuresOfEndings(registry: Registry): [string, Measure][] {
  const counter = new Counter({
    name: 'ai_calls_ended_total',
    help: 'Calls that are over, by status and reason.',
    labelNames: ['status', 'reason'],
    registers: [registry],
  });
  return CALL_STATUSES.filter(isTerminal).map((status) => [`call.${status}`, measureOfEnding(counter, status)]);
}

function measureOfEnding(counter: Counter<'status' | 'reason'>, status: TerminalStatus): Measure {
  const unknown = counter.labels({ status, reason: UNKNOWN_REASON });
  const children = new Map<unknown, Counter.Internal>(
    END_REASONS.filter((reason) => endCall(reason).status === status).map((reason) => [
      reason,
      fromZero(counter.labels({ status, reason })),
    ]),
  );
  return ({ verdict }) => (children.get(reasonOf(verdict)) ?? unknown).inc();
}

function reasonOf(verdict: unknown): unknown {
  return typeof verdict === 'object' && verdict !== null && 'reason' in verdict ? verdict.reason : undefined;
}

/** A series that only appears with its first event never shows that event as an increase. */
function fromZero(child: Counter.Internal): Counter.Internal {
  child.inc(0);
  return child;
}

function observeMs(histogram: { observe(seconds: number): void }, ms: unknown): void {
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) histogram.observe(ms / 1000);
}

function inTurn(...measures: readonly Measure[]): Measure {
  return (data) => {
    for (const measure of measures) measure(data);
  };
}
