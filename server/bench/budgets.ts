// The budgets of the project, each beside what was measured.

import type { LoadReport, ModeReport } from './load/load-report';
import { MICRO_BUDGET_US, type MicroReport } from './micro';
import { QUALITY_BUDGET, type QualityFigures } from './quality';
import { fixed, textTable } from './table';

/** What was measured; undefined for what was left out. */
export type Measured = {
  readonly micro?: MicroReport | undefined;
  readonly quality?: readonly QualityFigures[] | undefined;
  readonly load?: LoadReport | undefined;
};

/** A figure that must not be above its budget; null where it was not measured. */
export type Budgeted = {
  readonly figure: string;
  readonly unit: string;
  readonly budget: number;
  readonly digits: number;
  readonly measured: number | null;
};

const OWN_ENGINE = 'AI Calls';

const CPU_RATIO_BUDGET = { pcm16: 1.6, pcmu: 1.1 } as const;
const LATENCY_BUDGET_MS = { p50Ms: 0.5, p99Ms: 4 } as const;
const IDLE_BUDGET_MB = 90;
const PER_CALL_BUDGET_KB = 200;

/** In real time and with a far end, so that tests hold them, not the bench. */
const HELD_BY_TESTS = [
  ['greeting ready -> first audio at the carrier', '<= 50 ms'],
  ['speech_started -> clear sent', '<= 5 ms'],
  ['error of audio_end_ms', '<= 20 ms'],
];

/** All figures with a budget that a bench run can measure. */
export function budgets(measured: Measured): Budgeted[] {
  return [...audioBudgets(measured), ...(['pcm16', 'pcmu'] as const).flatMap((mode) => loadBudgets(measured, mode))];
}

/** The figures as text: figure, budget, measured, verdict. */
export function budgetTable(figures: readonly Budgeted[]): string {
  const rows = figures.map(({ figure, unit, budget, digits, measured }) => [
    figure,
    `<= ${budget} ${unit}`.trimEnd(),
    fixed(measured, digits),
    verdict(measured, budget),
  ]);
  const tested = HELD_BY_TESTS.map(([figure = '', budget = '']) => [figure, budget, '-', 'npx jest conversation']);

  return textTable(['figure', 'budget', 'measured', ''], [...rows, ...tested]);
}

function verdict(measured: number | null, budget: number): string {
  if (measured === null) return 'not measured';

  return measured <= budget ? 'ok' : 'MISSED';
}

function audioBudgets({ micro, quality }: Measured): Budgeted[] {
  const own = quality?.filter(({ engine }) => engine === OWN_ENGINE);
  const worst = (valueOf: (figures: QualityFigures) => number | null): number | null =>
    own ? Math.max(...own.map((each) => valueOf(each) ?? -Infinity)) : null;
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

function loadBudgets({ load }: Measured, mode: keyof typeof CPU_RATIO_BUDGET): Budgeted[] {
  const report = load?.modes.find((each) => each.mode === mode);
  const label = (figure: string): string => `${figure}, ${mode}${load ? `, ${load.calls} calls` : ''}`;
  const latency = (quantile: keyof typeof LATENCY_BUDGET_MS): Budgeted => ({
    figure: label(`latency added per frame, ${quantile.slice(0, 3)}`),
    unit: 'ms',
    budget: LATENCY_BUDGET_MS[quantile],
    digits: 2,
    measured: report ? worseWay(report, quantile) : null,
  });

  return [
    {
      figure: label('CPU per call / bare relay'),
      unit: '',
      budget: CPU_RATIO_BUDGET[mode],
      digits: 2,
      measured: report?.cpuRatio ?? null,
    },
    latency('p50Ms'),
    latency('p99Ms'),
    {
      figure: label('memory, idle'),
      unit: 'MB',
      budget: IDLE_BUDGET_MB,
      digits: 0,
      measured: report?.server.memory.idleMb ?? null,
    },
    {
      figure: label('memory per call'),
      unit: 'KB',
      budget: PER_CALL_BUDGET_KB,
      digits: 0,
      measured: report?.server.memory.perCallKb ?? null,
    },
  ];
}

/** Of the caller to the AI and the AI to the phone. */
function worseWay({ server }: ModeReport, quantile: keyof typeof LATENCY_BUDGET_MS): number {
  return Math.max(server.latency.toAi[quantile], server.latency.toPhone[quantile]);
}
