// Several runs of one subject taken together, by the median: a disturbed run among three does not count.

import type { BothWays } from './generator-protocol';
import type { LatencyFigures } from './latencies';
import type { Measurement, MemoryFigures, SubjectSummary } from './load-report';

/** Medians over the runs; maxima and losses of all of them. */
export function summarise(runs: readonly Measurement[]): SubjectSummary {
  return {
    cpuMsPerCallSecond: median(runs.map((run) => run.cpuMsPerCallSecond)),
    cpuPercent: median(runs.map((run) => run.cpuPercent)),
    latency: {
      toAi: latency(runs.map((run) => run.latency.toAi)),
      toPhone: latency(runs.map((run) => run.latency.toPhone)),
    },
    memory: memory(runs.map((run) => run.memory)),
    lostFrames: bothWays((way) => runs.reduce((sum, run) => sum + run.lostFrames[way], 0)),
    extraFrames: bothWays((way) => runs.reduce((sum, run) => sum + run.extraFrames[way], 0)),
    brokenLegs: runs.reduce((sum, run) => sum + run.brokenLegs.length, 0),
  };
}

/** The median of what was measured; null when nothing was. */
export function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** The largest of what was measured; null when nothing was. */
export function largest(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null);
  return measured.length === 0 ? null : Math.max(...measured);
}

/** Of the caller to the AI and the AI to the phone the later one; null unless both were measured. */
export function worseWay(
  { toAi, toPhone }: SubjectSummary['latency'],
  quantile: 'p50Ms' | 'p95Ms' | 'p99Ms',
): number | null {
  const [there, back] = [toAi[quantile], toPhone[quantile]];
  return there === null || back === null ? null : Math.max(there, back);
}

function latency(figures: readonly LatencyFigures[]): SubjectSummary['latency']['toAi'] {
  const of = (name: 'p50Ms' | 'p95Ms' | 'p99Ms'): number | null => median(figures.map((figure) => figure[name]));
  return {
    p50Ms: of('p50Ms'),
    p95Ms: of('p95Ms'),
    p99Ms: of('p99Ms'),
    maxMs: largest(figures.map((figure) => figure.maxMs)),
  };
}

function memory(figures: readonly MemoryFigures[]): MemoryFigures {
  const of = (name: keyof MemoryFigures): number | null => median(figures.map((figure) => figure[name]));
  return {
    idleMb: of('idleMb'),
    beforeMb: of('beforeMb'),
    duringMb: of('duringMb'),
    afterMb: of('afterMb'),
    perCallKb: of('perCallKb'),
  };
}

function bothWays(figure: (way: 'toAi' | 'toPhone') => number): BothWays<number> {
  return { toAi: figure('toAi'), toPhone: figure('toPhone') };
}
