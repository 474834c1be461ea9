// Figures of all calls for Prometheus, taken from their timelines, and of the server itself.

import { Counter, Registry } from 'prom-client';
import { CALL_STATUSES, isTerminal } from '../calls/call-state';
import type { ConversationEvent, FinishedTool, MachineResult, ReplyLatency } from '../calls/conversation-events';
import { END_REASONS, endCall, type TerminalStatus } from '../calls/end-call';
import type { CallWatcher, TimelineEntry } from '../calls/record-ports';
import { AiLosses } from './ai-losses';
import { measureOfCharges } from './charge-measures';
import {
  fromZero,
  gauge,
  histogram,
  inTurn,
  type Measure,
  measureOfCount,
  measureOfKind,
  measureOfTime,
  observeMs,
} from './measures';

// Of a verdict that cannot be read: the call has ended all the same.
const UNKNOWN_REASON = 'unknown';

type Interrupter = Extract<ConversationEvent, { type: 'assistant.interrupted' }>['by'];
type ToolOutcome = FinishedTool['outcome'];

/** What the server itself has to tell; asked for whenever somebody reads the figures. */
export type ServerFigures = {
  /** True while new calls are refused because the AI refuses the account. */
  readonly isAiRefused: () => boolean;
  /** Records that are not written yet. */
  readonly waitingRecords: () => number;
  /** US dollars that calls may still cost today; Infinity without a limit. */
  readonly remainingUsd: () => number;
};

/** Measures calls; each object counts for itself. */
export class CallMetrics implements CallWatcher {
  readonly #registry = new Registry();
  readonly #measures: ReadonlyMap<string, Measure>;
  readonly #losses = new AiLosses(this.#registry);

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

  /** Shows the figures of the server beside those of its calls; once. */
  show({ isAiRefused, waitingRecords, remainingUsd }: ServerFigures): void {
    gauge(
      this.#registry,
      { name: 'ai_calls_ai_refused', help: '1 while new calls are refused because OpenAI refuses the account.' },
      () => Number(isAiRefused()),
    );
    gauge(
      this.#registry,
      { name: 'ai_calls_records_waiting', help: 'Records that are not in the database yet.' },
      waitingRecords,
    );
    gauge(
      this.#registry,
      { name: 'ai_calls_day_budget_remaining_usd', help: 'What calls may still cost today (UTC); +Inf for no limit.' },
      remainingUsd,
    );
  }

  onEntry(entry: TimelineEntry): void {
    this.#measures.get(entry.type)?.(entry.data);
    this.#losses.onEntry(entry);
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
    'usage.added': measureOfCharges(registry),
    'ai.handed-over': measureOfCount(registry, {
      name: 'ai_calls_ai_hand_overs_total',
      help: 'AI sessions that were replaced without a pause, near the end of their time.',
    }),
    'stream.lost': measureOfCount(registry, {
      name: 'ai_calls_stream_losses_total',
      help: 'Media streams of the carrier that went away without a word.',
    }),
  };
}

function measureOfReplies(registry: Registry): Measure {
  const text = {
    name: 'ai_calls_reply_seconds',
    help: 'From the end of what the callee said to the first audio of the reply, in all and by who took the time.',
  };
  const replies = histogram(registry, text, ['part']);
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
    measureOfKind<ToolOutcome>(registry, {
      name: 'ai_calls_tool_calls_total',
      help: 'Uses of tools by outcome.',
      label: 'outcome',
      values: { ok: true, error: true, timeout: true, abandoned: true },
    }),
  );
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
