// What a call has cost, as the API shows it: the sums, and the bill behind them.

import type { Call } from '../calls/call';
import type { Charge, CostItem } from '../calls/cost';
import type { TimelineEntry } from '../calls/record-ports';

/** One line of the bill: everything of one kind that was charged at one price. */
export type BillLine = Pick<Charge, 'source' | 'model' | 'pricesAsOf'> & CostItem;

/** What a call has cost, US dollars; null where a price is not known. */
export type CostView = {
  /** What is known of both parts; null when the AI's is not. */
  readonly totalUsd: number | null;
  readonly aiUsd: number | null;
  /** Null as long as the carrier has not said. */
  readonly carrierUsd: number | null;
  readonly items: readonly BillLine[];
};

// Sums of prices such as 0.00000006 are not exact in binary; this is far below any price.
const DECIMALS = 10;

/** The cost of a call. */
export function costView(call: Call, timeline: readonly TimelineEntry[]): CostView {
  const aiUsd = call.usage.costUsd;
  const carrierUsd = call.carrierCostUsd ?? null;
  return {
    totalUsd: aiUsd === null ? null : roundedUsd(aiUsd + (carrierUsd ?? 0)),
    aiUsd: aiUsd === null ? null : roundedUsd(aiUsd),
    carrierUsd: carrierUsd === null ? null : roundedUsd(carrierUsd),
    items: bill(timeline),
  };
}

/** An amount without the noise of binary sums. */
export function roundedUsd(amount: number): number {
  return Number(amount.toFixed(DECIMALS));
}

function bill(timeline: readonly TimelineEntry[]): BillLine[] {
  const lines = new Map<string, BillLine>();
  for (const line of timeline.flatMap(billLines)) {
    const { source, model, pricesAsOf, kind, unit, unitPriceUsd } = line;
    const key = JSON.stringify([source, model, pricesAsOf, kind, unit, unitPriceUsd]);
    const before = lines.get(key);
    lines.set(key, before ? added(before, line) : line);
  }
  return [...lines.values()];
}

function billLines({ type, data }: TimelineEntry): BillLine[] {
  if (type !== 'usage.added' || data['charge'] === undefined) return [];
  const { source, model, pricesAsOf, items } = data['charge'] as Charge;
  return items.map((item) => ({ source, model, pricesAsOf, ...item }));
}

function added(line: BillLine, { quantity, amountUsd }: CostItem): BillLine {
  const isKnown = line.amountUsd !== null && amountUsd !== null;
  return {
    ...line,
    quantity: line.quantity + quantity,
    amountUsd: isKnown ? roundedUsd(line.amountUsd + amountUsd) : null,
  };
}
