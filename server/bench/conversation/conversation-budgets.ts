// The budgets of a conversation, each beside what was measured.

import { NOISY_PERCENT, type Validity } from '../load/validity';
import { trafficFlaws } from '../mixed/traffic-rate';
import { type Budgeted, type Figure, judged } from '../verdict';
import type { ConversationReport, Distribution } from './conversation-report';

const GREETING_BUDGET_MS = 50;
const CLEAR_BUDGET_MS = 5;
const AUDIO_END_BUDGET_MS = 20;

/** With fewer, the worst of them says little. */
const LEAST_INTERRUPTIONS = 100;

// Beyond this the simulators measure themselves.
const LOOP_DELAY_LIMIT_MS = 5;

/** What stands against the figures of a conversation. */
export function conversationValidity(report: ConversationReport): Validity {
  const { audioEnd, faults, lateGreetings, foreignCpuPercent, loopDelayP99Ms } = report;

  return {
    losses: [],
    flaws: [
      ...(faults.length > 0 ? [`${faults.length} faults`] : []),
      ...(lateGreetings > 0 ? [`${lateGreetings} greetings not ready`] : []),
      ...trafficFlaws(report),
    ],
    doubts: [
      ...((foreignCpuPercent ?? 0) > NOISY_PERCENT ? ['disturbed'] : []),
      ...(loopDelayP99Ms > LOOP_DELAY_LIMIT_MS ? ['the simulators were late'] : []),
      ...(audioEnd.count < LEAST_INTERRUPTIONS ? [`fewer than ${LEAST_INTERRUPTIONS} interruptions`] : []),
    ],
  };
}

/** The figures of a conversation, judged; null figures without a report. `load` says what else went on. */
export function conversationBudgets(report: ConversationReport | undefined, load = ''): Budgeted[] {
  const validity = report ? conversationValidity(report) : { losses: [], flaws: [], doubts: [] };

  return [
    ...bounds('answered -> greeting at the carrier', GREETING_BUDGET_MS, report?.greetingAfterAnswer),
    ...bounds('speech_started -> clear at the carrier', CLEAR_BUDGET_MS, report?.clear),
    ...bounds('error of audio_end_ms', AUDIO_END_BUDGET_MS, report?.audioEnd),
    ...bounds('error of audio_end_ms over a slow network', AUDIO_END_BUDGET_MS, report?.audioEndDelayed),
    {
      figure: 'audio_end_ms above what was sent',
      unit: '',
      budget: 0,
      digits: 0,
      measured: report?.aboveSent ?? null,
    },
  ].map((figure) => judged({ ...figure, figure: `${figure.figure}${load}` }, validity));
}

/** What nearly all of them keep, and what the worst of them does. */
function bounds(figure: string, budget: number, measured: Distribution | undefined): Figure[] {
  return [
    { figure: `${figure}, p95`, unit: 'ms', budget, digits: 1, measured: measured?.p95Ms ?? null },
    { figure: `${figure}, worst`, unit: 'ms', budget, digits: 1, measured: measured?.maxMs ?? null },
  ];
}
