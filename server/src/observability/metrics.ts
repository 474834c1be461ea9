// Figures of all calls for Prometheus, taken from their timelines.

import { Counter, type Registry } from 'prom-client';
import { CALL_STATUSES, isTerminal } from '../calls/call-state';
import type { ConversationEvent, FinishedTool, MachineResult, ReplyLatency } from '../calls/conversation-events';
import { END_REASONS, endCall, type EndResult, type TerminalStatus } from '../calls/end-call';
import type { CallWatcher, TimelineEntry } from '../calls/record-ports';
import { AiLosses } from './ai-losses';
import { measureOfCharges } from './charge-measures';
import { measureOfMedia } from './media-measures';
import {
  childrenOf,
  fromZero,
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

/** Measures calls. */
export class CallMetrics implements CallWatcher {
  readonly #measures: ReadonlyMap<string, Measure>;
  readonly #losses: AiLosses;

  constructor(registry: Registry) {
    this.#losses = new AiLosses(registry);
    const events = Object.entries({ ...measuresOfEvents(registry), ...measuresOfSteps(registry) });
    this.#measures = new Map([...events, ...measuresOfEndings(registry)]);
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
    'media.measured': measureOfMedia(registry),
    'ai.ready': measureOfTime(registry, 'connectMs', {
      name: 'ai_calls_ai_connect_seconds',
      help: 'How long it took until an AI session was open and configured.',
    }),
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

/** What the call itself notes, not its conversation. */
function measuresOfSteps(registry: Registry): Readonly<Record<string, Measure>> {
  return {
    'call.queued': measureOfCount(registry, {
      name: 'ai_calls_placed_total',
      help: 'Calls that were taken and recorded.',
    }),
    'stream.requested': measureOfCount(registry, {
      name: 'ai_calls_stream_requests_total',
      help: 'How often the carrier had to be asked for a media stream again.',
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
  const results = childrenOf<EndResult>(registry, {
    name: 'ai_calls_results_total',
    help: 'Calls that are over, by whose doing the end was.',
    label: 'result',
    values: {
      success: true,
      'callee-unavailable': true,
      canceled: true,
      'carrier-error': true,
      'ai-error': true,
      'server-error': true,
    },
  });
  const countResult: Measure = ({ verdict }) => results.get(factOf(verdict, 'result'))?.inc();
  return CALL_STATUSES.filter(isTerminal).map((status) => [
    `call.${status}`,
    inTurn(measureOfEnding(counter, status), countResult),
  ]);
}

function measureOfEnding(counter: Counter<'status' | 'reason'>, status: TerminalStatus): Measure {
  const unknown = counter.labels({ status, reason: UNKNOWN_REASON });
  const children = new Map<unknown, Counter.Internal>(
    END_REASONS.filter((reason) => endCall(reason).status === status).map((reason) => [
      reason,
      fromZero(counter.labels({ status, reason })),
    ]),
  );
  return ({ verdict }) => (children.get(factOf(verdict, 'reason')) ?? unknown).inc();
}

function factOf(verdict: unknown, name: 'reason' | 'result'): unknown {
  return typeof verdict === 'object' && verdict !== null
    ? (verdict as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
