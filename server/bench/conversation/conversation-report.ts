// The figures of the conversation bench: plain data, the same in JSON.

import type { TrafficFigures } from '../mixed/traffic-protocol';
import type { CallRecord } from './call-record';
import type { PlanOptions } from './call-plans';
import { callPlans } from './call-plans';
import { callFigures, type CallFigures, type Interruption } from './interruptions';

/** A distribution, milliseconds; null when nothing was measured. */
export type Distribution = {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
};

/** The error of `audio_end_ms`, without its sign and with it. */
export type ErrorFigures = Distribution & { readonly leastMs: number | null; readonly mostMs: number | null };

/** Everything that the conversation bench found out. */
export type ConversationReport = {
  readonly calls: number;
  readonly delayedCalls: number;
  readonly networkDelayMs: number;
  readonly concurrency: number;
  /** REST traffic beside the calls; 0 for none. */
  readonly requestsPerSecond: number;
  readonly traffic?: TrafficFigures | undefined;
  /** Of the calls without a delay, greetings that were ready when the callee answered. */
  readonly greetingAfterAnswer: Distribution;
  /** The same, since the carrier's stream was open. */
  readonly greetingAfterStream: Distribution;
  /** Of the calls without a delay, with two hops through the loopback in it: no less than the server's own time. */
  readonly clear: Distribution;
  /** Of the calls without a delay. */
  readonly audioEnd: ErrorFigures;
  readonly audioEndByKind: readonly (ErrorFigures & { readonly kind: string })[];
  /** Of the calls over a network with a delay. */
  readonly audioEndDelayed: ErrorFigures;
  /** In how many interruptions, of all calls, the AI was told of more than had been sent. */
  readonly aboveSent: number;
  /** Calls whose greeting was not ready in time, or never came. */
  readonly lateGreetings: number;
  /** What should not have happened: interruptions without a clear, messages that a far end refused. */
  readonly faults: readonly string[];
  /** How late the simulators' own event loop was: part of what they measured. */
  readonly loopDelayP99Ms: number;
  /** What everybody else on the machine used meanwhile, percent of one core: noise. */
  readonly foreignCpuPercent: number | null;
  /** Each interruption, for whoever looks for a cause. */
  readonly interruptions: readonly Interruption[];
};

/** What a report is made from. */
export type ConversationRun = {
  readonly plans: PlanOptions;
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly traffic: TrafficFigures | undefined;
  readonly records: readonly CallRecord[];
  readonly loopDelayP99Ms: number;
  readonly foreignCpuPercent: number | null;
};

/** Judges all calls of a run. */
export function conversationReport({ plans, records, ...run }: ConversationRun): ConversationReport {
  const kindsOf = callPlans(plans).map(({ kinds }) => kinds.map(({ name }) => name));
  const figures = records.map((record) => callFigures(record, kindsOf[record.index] ?? []));
  const interruptions = figures.flatMap((call) => call.interruptions);
  const prompt = interruptions.filter(({ networkDelayMs }) => networkDelayMs === 0);
  const kinds = [...new Set(prompt.map(({ kind }) => kind))];

  return {
    calls: plans.calls,
    delayedCalls: plans.delayedCalls,
    networkDelayMs: plans.networkDelayMs,
    ...run,
    ...greetingFigures(figures),
    clear: distribution(prompt.map(({ clearAfterMs }) => clearAfterMs)),
    audioEnd: errorFigures(prompt),
    audioEndByKind: kinds.map((kind) => ({ kind, ...errorFigures(prompt.filter((one) => one.kind === kind)) })),
    audioEndDelayed: errorFigures(interruptions.filter(({ networkDelayMs }) => networkDelayMs > 0)),
    aboveSent: interruptions.filter(({ aboveSentMs }) => aboveSentMs > 0).length,
    faults: figures.flatMap(({ faults }) => faults),
    interruptions,
  };
}

/** p50, p95 and the largest of some values. */
export function distribution(valuesMs: readonly number[]): Distribution {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  const at = (share: number): number | null => sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? null;

  return { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

function errorFigures(interruptions: readonly Interruption[]): ErrorFigures {
  const errorsMs = interruptions.map(({ errorMs }) => errorMs);

  return {
    ...distribution(errorsMs.map(Math.abs)),
    leastMs: errorsMs.length === 0 ? null : Math.min(...errorsMs),
    mostMs: errorsMs.length === 0 ? null : Math.max(...errorsMs),
  };
}

function greetingFigures(
  calls: readonly CallFigures[],
): Pick<ConversationReport, 'greetingAfterAnswer' | 'greetingAfterStream' | 'lateGreetings'> {
  const greetings = calls.map(({ greeting }) => greeting);
  const ready = greetings.filter((greeting) => greeting?.isReady === true);
  const prompt = ready.filter((greeting) => greeting?.networkDelayMs === 0);

  return {
    greetingAfterAnswer: distribution(prompt.map((greeting) => greeting?.afterAnswerMs ?? NaN)),
    greetingAfterStream: distribution(prompt.map((greeting) => greeting?.afterStreamMs ?? NaN)),
    lateGreetings: greetings.length - ready.length,
  };
}
