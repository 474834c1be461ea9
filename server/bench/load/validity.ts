// Whether the figures of a load run say anything: figures of lost frames, of a generator at its own limit or of a
// machine that others use look as good as any.

import type { GeneratorLoad } from './generator-protocol';
import type { LoadReport, Measurement, ModeReport } from './load-report';

/** What stands against the figures of one mode; empty lists are what one wants. */
export type Validity = {
  /** Frames lost or made up, legs broken: the figures are those of something else than calls. */
  readonly losses: readonly string[];
  /** Other reasons for which the figures say nothing. */
  readonly flaws: readonly string[];
  /** Reasons for which they may be off. */
  readonly doubts: readonly string[];
};

/** Percent of one core that others may use before the figures, latencies above all, are theirs and not ours. */
export const NOISY_PERCENT = 10;

/** The budgets are those of a busy server: fewer calls than this share its fixed costs differently. */
export const LEAST_CALLS = 100;

// Beyond these the generator measures itself. The lateness is as much as a frame may take in all.
const GENERATOR_CPU_LIMIT_PERCENT = 90;
const GENERATOR_LATENESS_LIMIT_MS = 4;

/** The one judgement of a mode's figures, for verdicts and tables alike. */
export function validityOf({ runs }: ModeReport, { calls, cores }: Pick<LoadReport, 'calls' | 'cores'>): Validity {
  const count = (is: (run: Measurement) => boolean): number => runs.filter(is).length;
  const lossy = count(hasLosses);
  const empty = count(({ latency }) => latency.toAi.count === 0 || latency.toPhone.count === 0);
  const saturated = count(({ generator }) => isSaturated(generator));
  const noisy = count(isNoisy);
  const of = (runsWithIt: number): string => `${runsWithIt} of ${runs.length} runs`;

  return {
    losses: lossy > 0 ? [`frames or legs lost in ${of(lossy)}`] : [],
    flaws: [
      ...(empty > 0 ? [`nothing sent in ${of(empty)}`] : []),
      ...(saturated > 0 ? [`generator saturated in ${of(saturated)}`] : []),
    ],
    doubts: [
      ...(noisy > 0 ? [`${of(noisy)} disturbed`] : []),
      ...(calls < LEAST_CALLS ? [`fewer than ${LEAST_CALLS} calls`] : []),
      ...(cores === null ? ['not pinned'] : []),
    ],
  };
}

/** True when others used so much CPU that the figures are in doubt. */
export function isNoisy({ foreignCpuPercent }: Measurement): boolean {
  return (foreignCpuPercent ?? 0) > NOISY_PERCENT;
}

/** True when not every frame came exactly once, or a leg broke. */
export function hasLosses({ lostFrames, extraFrames, brokenLegs }: Measurement): boolean {
  return [lostFrames, extraFrames].some(({ toAi, toPhone }) => toAi !== 0 || toPhone !== 0) || brokenLegs.length > 0;
}

/** True when the generator could not keep up. */
export function isSaturated(
  { cpuPercent, sendLatenessP99Ms }: GeneratorLoad,
  latenessLimitMs = GENERATOR_LATENESS_LIMIT_MS,
): boolean {
  return cpuPercent > GENERATOR_CPU_LIMIT_PERCENT || (sendLatenessP99Ms ?? 0) > latenessLimitMs;
}
