// What a start costs, and what the server takes with a few calls: for the small machine that it runs on.

import type { Measurement } from '../load/load-report';
import { hasLosses, isNoisy, type Validity } from '../load/validity';
import { fixed, textTable } from '../table';
import { type Budgeted, judged, SOUND } from '../verdict';

/** Everything that the start bench found out. */
export type StartReport = {
  readonly starts: number;
  /** From the spawn to the answer of GET /ready, the median. */
  readonly readyMs: number | null;
  readonly slowestMs: number;
  readonly calls: number;
  readonly seconds: number;
  readonly isPinned: boolean;
  /** The calls. */
  readonly run: Measurement;
};

const READY_BUDGET_MS = 1_000;
const MEMORY_BUDGET_MB = 256;

/** The figures of a start, judged; null figures without a report. */
export function startBudgets(report: StartReport | undefined): Budgeted[] {
  const validity: Validity = report ? validityOf(report) : SOUND;
  return [
    judged(
      { figure: 'start to ready', unit: 'ms', budget: READY_BUDGET_MS, digits: 0, measured: report?.readyMs ?? null },
      // Whether calls went well later has nothing to do with it.
      { ...validity, losses: [] },
    ),
    judged(
      {
        figure: `memory, ${report?.calls ?? 20} calls`,
        unit: 'MB',
        budget: MEMORY_BUDGET_MB,
        digits: 0,
        measured: report?.run.memory.duringMb ?? null,
      },
      validity,
    ),
  ];
}

/** The report as text. */
export function startTable({ starts, readyMs, slowestMs, calls, seconds, run }: StartReport): string {
  const { idleMb, beforeMb, duringMb } = run.memory;
  const rows = [
    [`spawn to GET /ready 200, median of ${starts}, ms`, fixed(readyMs, 0)],
    ['the slowest, ms', fixed(slowestMs, 0)],
    ['RSS idle, MB', fixed(idleMb, 0)],
    ['RSS after one call, MB', fixed(beforeMb, 0)],
    [`RSS with ${calls} calls for ${seconds} s, MB`, fixed(duringMb, 0)],
    [`CPU with ${calls} calls, % of a core`, fixed(run.cpuPercent, 0)],
  ];
  return `Start and memory\n\n${textTable(['', 'server'], rows)}\n`;
}

function validityOf({ run, isPinned }: StartReport): Validity {
  return {
    losses: hasLosses(run) ? ['frames or legs lost'] : [],
    flaws: [],
    doubts: [...(isNoisy(run) ? ['disturbed'] : []), ...(isPinned ? [] : ['not pinned'])],
  };
}
