// What REST traffic does to the audio of calls: the bare relay, the server alone and the server under requests, in one run.

import { conversationBudgets } from '../conversation/conversation-budgets';
import type { ConversationReport } from '../conversation/conversation-report';
import { conversationTable } from '../conversation/table';
import type { Measurement, SubjectSummary } from '../load/load-report';
import { worseWay } from '../load/summary';
import { hasLosses, isNoisy, isSaturated, LEAST_CALLS, type Validity } from '../load/validity';
import { fixed, textTable } from '../table';
import { type Budgeted, type Figure, judged } from '../verdict';
import type { TrafficFigures } from './traffic-protocol';
import { trafficFlaws } from './traffic-rate';

/** Everything that the mixed bench found out. */
export type MixedReport = {
  readonly calls: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly isPinned: boolean;
  readonly relay: SubjectSummary;
  /** Without requests. */
  readonly alone: SubjectSummary;
  readonly mixed: SubjectSummary;
  /** Of the last run. */
  readonly traffic: TrafficFigures;
  readonly runs: readonly Measurement[];
  /** Fewer calls, in which the callee cuts in, beside as many requests. */
  readonly conversation: ConversationReport;
};

const LATENCY_BUDGET_MS = { p50Ms: 0.5, p99Ms: 4 } as const;
const CPU_RATIO_BUDGET = 1.6;

/** What stands against the figures. */
function mixedValidity(report: MixedReport): Validity {
  const { runs, calls, isPinned } = report;
  const count = (is: (run: Measurement) => boolean): string => `${runs.filter(is).length} of ${runs.length} runs`;
  const saturated = ({ generator }: Measurement): boolean => isSaturated(generator);
  return {
    losses: runs.some(hasLosses) ? [`frames or legs lost in ${count(hasLosses)}`] : [],
    flaws: [...(runs.some(saturated) ? [`generator saturated in ${count(saturated)}`] : []), ...trafficFlaws(report)],
    doubts: [
      ...(runs.some(isNoisy) ? [`${count(isNoisy)} disturbed`] : []),
      ...(calls < LEAST_CALLS ? [`fewer than ${LEAST_CALLS} calls`] : []),
      ...(isPinned ? [] : ['not pinned']),
    ],
  };
}

/** The figures under REST traffic, judged; null figures without a report. */
export function mixedBudgets(report: MixedReport | undefined): Budgeted[] {
  const validity = report ? mixedValidity(report) : { losses: [], flaws: [], doubts: [] };
  // A loss spoils the other figures, and is one itself.
  const ofLosses = { losses: [], flaws: [], doubts: [...validity.flaws, ...validity.doubts] };
  const load = report ? `, ${report.calls} calls and ${report.requestsPerSecond} requests/s` : ', REST traffic';
  return [
    ...(['p50Ms', 'p99Ms'] as const).map((name) =>
      judged(
        {
          figure: `latency added per frame, ${name.slice(0, 3)}${load}`,
          unit: 'ms',
          budget: LATENCY_BUDGET_MS[name],
          digits: 2,
          measured: report ? worseWay(report.mixed.latency, name) : null,
        },
        validity,
      ),
    ),
    judged(cpuFigure(report, load), validity),
    judged(lossFigure(report, load), ofLosses),
    judged(answerFigure(report, load), ofLosses),
    ...conversationBudgets(
      report?.conversation,
      report ? `, ${report.requestsPerSecond} requests/s` : ', REST traffic',
    ),
  ];
}

/** The report as text. */
export function mixedTable(report: MixedReport): string {
  const { relay, alone, mixed, calls, seconds, requestsPerSecond } = report;
  const columns = [relay, alone, mixed];
  const row = (label: string, of: (summary: SubjectSummary) => number | null, digits: number): string[] => [
    label,
    ...columns.map((summary) => fixed(of(summary), digits)),
    fixed(ratio(of(mixed), of(alone)), 2),
    fixed(ratio(of(mixed), of(relay)), 2),
  ];
  const { losses, flaws, doubts } = mixedValidity(report);
  return [
    `Calls and REST traffic, pcm16, ${calls} calls, ${requestsPerSecond} requests/s, ${seconds} s\n`,
    textTable(
      ['', 'bare relay', 'server alone', 'under requests', '/ alone', '/ relay'],
      [
        row('CPU per call, ms/s', (summary) => summary.cpuMsPerCallSecond, 2),
        row('CPU, % of a core', (summary) => summary.cpuPercent, 1),
        row('added latency p50, ms', (summary) => worseWay(summary.latency, 'p50Ms'), 2),
        row('added latency p95, ms', (summary) => worseWay(summary.latency, 'p95Ms'), 2),
        row('added latency p99, ms', (summary) => worseWay(summary.latency, 'p99Ms'), 2),
        row('frames lost or extra, legs broken', lossesOf, 0),
      ],
    ),
    trafficTable(report.traffic),
    ...[...losses, ...flaws].map((reason) => `  VOID: ${reason}`),
    ...doubts.map((reason) => `  in doubt: ${reason}`),
    '',
    conversationTable(report.conversation),
  ].join('\n');
}

function trafficTable({ kinds, statuses, requestsPerSecond, openStreams, streamedEvents }: TrafficFigures): string {
  const rows = kinds.map(({ name, count, wrong, p50Ms, p99Ms }) => [
    name,
    String(count),
    String(wrong),
    fixed(p50Ms, 1),
    fixed(p99Ms, 1),
  ]);
  const told = Object.entries(statuses).map(([status, count]) => `${status === '0' ? 'none' : status}: ${count}`);
  return [
    textTable(['request', 'sent', 'wrong answer', 'p50 ms', 'p99 ms'], rows),
    `${fixed(requestsPerSecond, 0)} requests/s; ${openStreams} event streams, ${streamedEvents} events; answers ${told.join(', ')}`,
    '',
  ].join('\n');
}

function cpuFigure(report: MixedReport | undefined, load: string): Figure {
  const measured = report ? ratio(report.mixed.cpuMsPerCallSecond, report.relay.cpuMsPerCallSecond) : null;
  return { figure: `CPU per call / bare relay${load}`, unit: '', budget: CPU_RATIO_BUDGET, digits: 2, measured };
}

function lossFigure(report: MixedReport | undefined, load: string): Figure {
  const measured = report ? lossesOf(report.mixed) : null;
  return { figure: `frames lost or extra, legs broken${load}`, unit: '', budget: 0, digits: 0, measured };
}

/** Answered with 5xx, or not at all. */
function answerFigure(report: MixedReport | undefined, load: string): Figure {
  const all = [report?.traffic, report?.conversation.traffic].flatMap((each) => Object.entries(each?.statuses ?? {}));
  const failed = all.filter(([status]) => status === '0' || Number(status) >= 500);
  const measured = report ? failed.reduce((sum, [, count]) => sum + count, 0) : null;
  return { figure: `requests that failed${load}`, unit: '', budget: 0, digits: 0, measured };
}

function lossesOf({ lostFrames, extraFrames, brokenLegs }: SubjectSummary): number {
  return [lostFrames, extraFrames].reduce((sum, { toAi, toPhone }) => sum + toAi + toPhone, brokenLegs);
}

function ratio(value: number | null, base: number | null): number | null {
  return value === null || base === null || base === 0 ? null : value / base;
}
