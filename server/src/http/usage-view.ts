// Usage as the API shows it: rows, their sums, and the same as a table.

import type { UsageRow } from '../calls/record-ports';
import { roundedUsd } from './cost-view';
import { csvTable } from './csv';

/** One day and destination, with the cost of both parts together. */
export type UsageView = UsageRow & { readonly costUsd: number };

/** The sums of several rows. */
export type UsageTotals = Omit<UsageView, 'day' | 'to'>;

const COLUMNS = [
  'day',
  'to',
  'calls',
  'answered',
  'failed',
  'talkSeconds',
  'inputTokens',
  'outputTokens',
  'aiCostUsd',
  'carrierCostUsd',
  'costUsd',
  'unpricedCalls',
] as const satisfies readonly (keyof UsageView)[];

const NOTHING: UsageTotals = {
  calls: 0,
  answered: 0,
  failed: 0,
  talkSeconds: 0,
  inputTokens: 0,
  outputTokens: 0,
  aiCostUsd: 0,
  carrierCostUsd: 0,
  costUsd: 0,
  unpricedCalls: 0,
};

/** One row for the API. */
export function usageView(row: UsageRow): UsageView {
  return {
    ...row,
    talkSeconds: roundedToTenth(row.talkSeconds),
    aiCostUsd: roundedUsd(row.aiCostUsd),
    carrierCostUsd: roundedUsd(row.carrierCostUsd),
    costUsd: roundedUsd(row.aiCostUsd + row.carrierCostUsd),
  };
}

/** All rows together. */
export function usageTotals(rows: readonly UsageRow[]): UsageTotals {
  const sum = rows.reduce((total, row) => added(total, usageView(row)), NOTHING);
  return {
    ...sum,
    talkSeconds: roundedToTenth(sum.talkSeconds),
    aiCostUsd: roundedUsd(sum.aiCostUsd),
    carrierCostUsd: roundedUsd(sum.carrierCostUsd),
    costUsd: roundedUsd(sum.costUsd),
  };
}

/** The rows as CSV. */
export function usageCsv(rows: readonly UsageRow[]): string {
  return csvTable(COLUMNS, rows.map(usageView));
}

function added(total: UsageTotals, row: UsageTotals): UsageTotals {
  return {
    calls: total.calls + row.calls,
    answered: total.answered + row.answered,
    failed: total.failed + row.failed,
    talkSeconds: total.talkSeconds + row.talkSeconds,
    inputTokens: total.inputTokens + row.inputTokens,
    outputTokens: total.outputTokens + row.outputTokens,
    aiCostUsd: total.aiCostUsd + row.aiCostUsd,
    carrierCostUsd: total.carrierCostUsd + row.carrierCostUsd,
    costUsd: total.costUsd + row.costUsd,
    unpricedCalls: total.unpricedCalls + row.unpricedCalls,
  };
}

function roundedToTenth(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
