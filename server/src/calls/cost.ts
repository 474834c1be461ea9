// What a call costs, item by item, at the prices of the day: written down once and never priced again.

import { type CallUsage, NO_USAGE } from './call';

/** What is paid for. Cached input is apart, as it is cheaper. */
export type CostItemKind =
  | 'text-input'
  | 'text-input-cached'
  | 'audio-input'
  | 'audio-input-cached'
  | 'text-output'
  | 'audio-output'
  | 'transcription-input'
  | 'transcription-output'
  | 'transcription-audio'
  | 'leg';

/** One priced line. */
export type CostItem = {
  readonly kind: CostItemKind;
  readonly quantity: number;
  readonly unit: 'tokens' | 'seconds';
  /** US dollars for one unit; null when the price is not known. */
  readonly unitPriceUsd: number | null;
  /** Null when the price is not known. */
  readonly amountUsd: number | null;
};

/** Everything that one response, one transcription or one leg costs. */
export type Charge = {
  readonly source: 'response' | 'transcription' | 'carrier';
  /** Which one: the id of the response, of the transcribed item, or of the leg. */
  readonly reference: string;
  /** The model; empty for the carrier. */
  readonly model: string;
  /** Date of the price table, 2026-11-20; null for prices that the other side told. */
  readonly pricesAsOf: string | null;
  readonly items: readonly CostItem[];
};

/** What something has used, as totals and as priced lines; no charge when nothing was used. */
export type Spending = { readonly usage: CallUsage; readonly charge?: Charge | undefined };

/** Nothing was used. */
export const NO_SPENDING: Spending = { usage: NO_USAGE };

/** The sum of the items whose price is known. */
export function knownAmountOf({ items }: Charge): number {
  return items.reduce((sum, { amountUsd }) => sum + (amountUsd ?? 0), 0);
}

/** The sum of the items; null when one of them has no price. */
export function amountOf({ items }: Charge): number | null {
  return items.reduce<number | null>(
    (sum, { amountUsd }) => (sum === null || amountUsd === null ? null : sum + amountUsd),
    0,
  );
}
