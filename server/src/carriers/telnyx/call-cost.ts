// What Telnyx charges for a leg, as its `call.cost` webhook tells it: money comes as text, parts of the bill by product.

import { z } from 'zod';
import type { Charge, CostItem } from '../../calls/cost';

const CURRENCY = 'USD';

// A detail that is odd must not hide the others.
const amount = z
  .union([z.string().min(1).transform(Number), z.number()])
  .pipe(z.number().nonnegative())
  .nullish()
  .catch(undefined);

const partSchema = z.object({
  cost: amount,
  currency: z.string().nullish().catch(undefined),
  billed_duration_secs: amount,
});

/** The fields of a webhook's payload that are about money; those of other webhooks are all absent. */
export const costSchema = z.object({
  status: z.string().nullish().catch(undefined),
  total_cost: amount,
  billed_duration_secs: amount,
  cost_parts: z.array(partSchema).nullish().catch(undefined),
});

/** What `call.cost` says of money. */
export type CostFacts = z.infer<typeof costSchema>;

type Part = z.infer<typeof partSchema>;

/** The charge for a leg; undefined when Telnyx could not work it out, or does not say. */
export function chargeOfLeg(carrierCallId: string, facts: CostFacts): Charge | undefined {
  const { status, cost_parts: parts, total_cost: cost, billed_duration_secs: seconds } = facts;
  const hasParts = parts !== null && parts !== undefined && parts.length > 0;
  if (status === 'error' || (!hasParts && typeof cost !== 'number')) return undefined;
  const items = (hasParts ? parts : [{ cost, billed_duration_secs: seconds }]).map(toItem);
  return { source: 'carrier', reference: carrierCallId, model: '', pricesAsOf: null, items };
}

function toItem({ cost, currency, billed_duration_secs: seconds }: Part): CostItem {
  const quantity = seconds ?? 0;
  const isPriced = typeof cost === 'number' && (currency ?? CURRENCY).toUpperCase() === CURRENCY;
  const amountUsd = isPriced ? cost : null;
  // Rounded up to whole minutes by some products, so that the price of one second follows from what was billed.
  const unitPriceUsd = amountUsd === null || quantity === 0 ? null : amountUsd / quantity;
  return { kind: 'leg', quantity, unit: 'seconds', unitPriceUsd, amountUsd };
}
