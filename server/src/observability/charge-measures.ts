// What calls cost and the tokens that they use, from the charges in their timelines.

import { Counter, type Registry } from 'prom-client';
import type { Charge, CostItem, CostItemKind } from '../calls/cost';
import { add, childrenOf, type Measure } from './measures';

/** What is counted in tokens. */
type TokenKind = Exclude<CostItemKind, 'transcription-audio' | 'leg'>;

/** Sums up charges. What has no price costs nothing here, and is counted apart. */
export function measureOfCharges(registry: Registry): Measure {
  const costs = childrenOf<Charge['source']>(registry, {
    name: 'ai_calls_cost_usd_total',
    help: 'What calls have cost, US dollars, by what it was paid for.',
    label: 'source',
    values: { response: true, transcription: true, carrier: true },
  });
  const tokens = childrenOf<TokenKind>(registry, {
    name: 'ai_calls_tokens_total',
    help: 'Tokens used, by kind; cached input is apart from other input.',
    label: 'kind',
    values: {
      'text-input': true,
      'text-input-cached': true,
      'audio-input': true,
      'audio-input-cached': true,
      'text-output': true,
      'audio-output': true,
      'transcription-input': true,
      'transcription-output': true,
    },
  });
  const unpriced = new Counter({
    name: 'ai_calls_unpriced_items_total',
    help: 'Items whose price is not known: what they cost is missing from the sums.',
    registers: [registry],
  });
  return ({ charge }) => {
    if (!isCharge(charge)) return;
    for (const { kind, quantity, amountUsd } of charge.items) {
      add(tokens.get(kind), quantity);
      add(costs.get(charge.source), amountUsd);
      if (amountUsd === null) unpriced.inc();
    }
  };
}

/** As far as this looks at it; the timeline comes from our own calls. */
function isCharge(charge: unknown): charge is { readonly source: unknown; readonly items: readonly CostItem[] } {
  if (typeof charge !== 'object' || charge === null || !('source' in charge) || !('items' in charge)) return false;
  const { items } = charge;
  return Array.isArray(items) && items.every((item: unknown) => typeof item === 'object' && item !== null);
}
