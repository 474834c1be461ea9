// What the server lets be seen of itself, composed: its figures, the spans of its calls, and the lag that stops new calls.

import { isTerminal, type LiveStatus } from '../calls/call-state';
import type { AiBreaker } from '../calls/admission/ai-breaker';
import type { CallService } from '../calls/call-service';
import type { DayBudget } from '../calls/admission/day-budget';
import { Overload } from '../calls/admission/overload';
import type { Clock, Logger } from '../calls/ports';
import { firstWithin } from '../calls/wait';
import type { Config } from '../config/config';
import { PROBLEMS } from '../http/problem';
import { ServerMetrics } from '../observability/server-metrics';
import { flushSpans } from '../observability/span-flush';
import type { Records } from './records';

// Whatever collects spans is near, or away: the calls are over by now, and the process is told to end.
const SPANS_LIMIT_MS = 2_000;

// Whoever collects figures would rather do without one than wait for a database that is away.
const COUNT_LIMIT_MS = 1_000;

/** What the figures are taken from. */
export type SeenParts = {
  readonly config: Config;
  readonly calls: CallService;
  readonly records: Records;
  readonly breaker: AiBreaker;
  readonly budget: DayBudget;
  readonly overload: Overload | undefined;
  readonly clock: Clock;
};

/** The figures of a server; nothing is shown of its parts yet. */
export function serverMetrics(clock: Clock): ServerMetrics {
  return new ServerMetrics({ clock, problemCodes: Object.keys(PROBLEMS) });
}

/** The gate that closes when the event loop lags; undefined when it never does. */
export function overloadOf({ access }: Config, { lag }: ServerMetrics, log: Logger): Overload | undefined {
  if (access.overloadLagMs === 0) return undefined;
  return new Overload({ meter: lag, limitMs: access.overloadLagMs, log });
}

/** Has the parts of the server shown in its figures. */
export function showParts(metrics: ServerMetrics, parts: SeenParts): void {
  const { config, calls, records, breaker, budget, overload, clock } = parts;
  metrics.show({
    liveCalls: () => liveByStatus(calls),
    maxConcurrentCalls: config.access.maxConcurrentCalls,
    isAiRefused: () => breaker.reason !== undefined,
    isOverloaded: () => overload?.lagMs !== undefined,
    waitingRecords: () => records.journal.health.waiting,
    waitingCallbacks: () => waitingCallbacks(records, clock),
    remainingUsd: () => budget.remainingUsd,
  });
}

/** Has the spans sent that an SDK still keeps back. */
export function sendSpans(clock: Clock): Promise<void> {
  return firstWithin(clock, SPANS_LIMIT_MS, [flushSpans()]);
}

function liveByStatus(calls: CallService): Record<LiveStatus, number> {
  const figures = { queued: 0, initiated: 0, ringing: 0, 'in-progress': 0 };
  for (const { status } of calls.active()) if (!isTerminal(status)) figures[status] += 1;
  return figures;
}

async function waitingCallbacks(records: Records, clock: Clock): Promise<number> {
  let waiting = NaN;
  const counted = records.waitingCallbacks().then(
    (count) => (waiting = count),
    () => undefined,
  );
  await firstWithin(clock, COUNT_LIMIT_MS, [counted]);
  return waiting;
}
