// The budgets of the project, each beside what was measured.

import { conversationBudgets } from './conversation/conversation-budgets';
import type { ConversationReport } from './conversation/conversation-report';
import { OWN_ENGINE } from './engines';
import type { LoadReport, ModeReport } from './load/load-report';
import { AUDIO_MODES, type AudioMode } from './load/speech-frames';
import { largest, worseWay } from './load/summary';
import { validityOf } from './load/validity';
import { mixedBudgets, type MixedReport } from './mixed/mixed-report';
import { MICRO_BUDGET_US, type MicroReport } from './micro';
import { QUALITY_BUDGET, type QualityFigures } from './quality';
import { startBudgets, type StartReport } from './start/start-report';
import { fixed, textTable } from './table';
import { type Budgeted, type Figure, judged, SOUND } from './verdict';

/** What was measured; undefined for what was left out. */
export type Measured = {
  readonly micro?: MicroReport | undefined;
  readonly quality?: readonly QualityFigures[] | undefined;
  readonly load?: LoadReport | undefined;
  readonly conversation?: ConversationReport | undefined;
  readonly mixed?: MixedReport | undefined;
  readonly start?: StartReport | undefined;
};

const CPU_RATIO_BUDGET = { pcm16: 1.6, pcmu: 1.1 } as const;
const LATENCY_BUDGET_MS = { p50Ms: 0.5, p99Ms: 4 } as const;
const IDLE_BUDGET_MB = 90;
const PER_CALL_BUDGET_KB = 200;

/** All figures with a budget, each with its verdict. */
export function budgets(measured: Measured): Budgeted[] {
  const load = AUDIO_MODES.flatMap((mode) => loadBudgets(measured, mode));

  return [
    ...audioFigures(measured).map((figure) => judged(figure, SOUND)),
    ...load,
    ...conversationBudgets(measured.conversation),
    ...mixedBudgets(measured.mixed),
    ...startBudgets(measured.start),
  ];
}

/** The figures as text: figure, budget, measured, verdict. */
export function budgetTable(figures: readonly Budgeted[]): string {
  const rows = figures.map(({ figure, unit, budget, digits, measured, verdict }) => [
    figure,
    `<= ${budget} ${unit}`.trimEnd(),
    fixed(measured, digits),
    verdict,
  ]);

  return textTable(['figure', 'budget', 'measured', ''], rows);
}

function audioFigures({ micro, quality }: Measured): Figure[] {
  const own = quality?.filter(({ engine }) => engine === OWN_ENGINE) ?? [];
  const worst = (valueOf: (figures: QualityFigures) => number | null): number | null => largest(own.map(valueOf));
  const conversions = 'worst conversion';

  return [
    {
      figure: 'mu-law <-> PCM16 24 kHz, both directions, per 20 ms',
      unit: 'us',
      budget: MICRO_BUDGET_US,
      digits: 2,
      measured: micro?.bothDirectionsUs ?? null,
    },
    {
      figure: `images and aliases, ${conversions}`,
      unit: 'dB',
      budget: QUALITY_BUDGET.worstProductDb,
      digits: 1,
      measured: worst(({ worstProductDb }) => worstProductDb),
    },
    {
      figure: `flatness of the passband, ${conversions}`,
      unit: 'dB',
      budget: QUALITY_BUDGET.flatnessDb,
      digits: 3,
      measured: worst(({ flatnessDb }) => flatnessDb),
    },
    {
      figure: `delay, ${conversions}`,
      unit: 'ms',
      budget: QUALITY_BUDGET.delayMs,
      digits: 2,
      measured: worst(({ delayMs }) => delayMs),
    },
    {
      figure: `SNR at 1 kHz below mu-law alone, ${conversions}`,
      unit: 'dB',
      budget: QUALITY_BUDGET.mulawLossDb,
      digits: 2,
      measured: worst(({ mulawLossDb }) => mulawLossDb),
    },
  ];
}

function loadBudgets({ load }: Measured, mode: AudioMode): Budgeted[] {
  const report = load?.modes.find((each) => each.mode === mode);
  const validity = load && report ? validityOf(report, load) : SOUND;
  // The figure that a loss spoils least is the loss, and what disturbs the others is no excuse for it.
  const ofLosses = { ...validity, losses: [], flaws: [], doubts: [...validity.flaws, ...validity.doubts] };

  return [
    ...loadFigures(report, mode, load).map((figure) => judged(figure, validity)),
    judged(lossFigure(report, label('frames lost or extra, legs broken', mode, load)), ofLosses),
    // Taken before the first call: nothing that goes wrong with calls matters.
    judged(idleFigure(report, mode), SOUND),
  ];
}

function loadFigures(report: ModeReport | undefined, mode: AudioMode, load: LoadReport | undefined): Figure[] {
  const latency = (quantile: keyof typeof LATENCY_BUDGET_MS): Figure => ({
    figure: label(`latency added per frame, ${quantile.slice(0, 3)}`, mode, load),
    unit: 'ms',
    budget: LATENCY_BUDGET_MS[quantile],
    digits: 2,
    measured: report ? worseWay(report.server.latency, quantile) : null,
  });

  return [
    {
      figure: label('CPU per call / bare relay', mode, load),
      unit: '',
      budget: CPU_RATIO_BUDGET[mode],
      digits: 2,
      measured: report?.cpuRatio ?? null,
    },
    latency('p50Ms'),
    latency('p99Ms'),
    {
      figure: label('memory per call', mode, load),
      unit: 'KB',
      budget: PER_CALL_BUDGET_KB,
      digits: 0,
      measured: report?.server.memory.perCallKb ?? null,
    },
  ];
}

/** Of the server in all runs. */
function lossFigure(report: ModeReport | undefined, figure: string): Figure {
  return { figure, unit: '', budget: 0, digits: 0, measured: report ? lossesOf(report) : null };
}

function lossesOf({ server: { lostFrames, extraFrames, brokenLegs } }: ModeReport): number {
  return [lostFrames, extraFrames].reduce((sum, { toAi, toPhone }) => sum + toAi + toPhone, brokenLegs);
}

function idleFigure(report: ModeReport | undefined, mode: AudioMode): Figure {
  const measured = report?.server.memory.idleMb ?? null;

  return { figure: `memory, idle, ${mode}`, unit: 'MB', budget: IDLE_BUDGET_MB, digits: 0, measured };
}

function label(figure: string, mode: AudioMode, load: LoadReport | undefined): string {
  return `${figure}, ${mode}${load ? `, ${load.calls} calls` : ''}`;
}
