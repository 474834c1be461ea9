// Between charges and the table `cost_items`: one row an item, so that costs can be summed up.

import type { EntryData } from './entry-rows';
import { hasText, isFiniteOrNull, isPlain, packed, unpacked } from './row-fields';
import type { CostItemRow, EntryPlace } from './tables';

/** A row without its place. */
export type CostItemContent = Omit<CostItemRow, keyof EntryPlace>;

type ChargeContent = Pick<CostItemContent, 'source' | 'reference' | 'model' | 'prices_as_of'>;
type ItemContent = Pick<CostItemContent, 'kind' | 'quantity' | 'unit' | 'unit_price_usd' | 'amount_usd'>;

/** The rows of `usage.added`; none when the data are not those of a charge, or when it has no items. */
export function costContents({ charge, ...around }: EntryData): readonly CostItemContent[] {
  if (!isPlain(charge)) return [];
  const { source, reference, model, pricesAsOf, items, ...more } = charge;
  if (!hasText(source) || !hasText(reference) || !hasText(model) || !Array.isArray(items)) return [];
  if (pricesAsOf !== null && !hasText(pricesAsOf)) return [];
  const contents = items.map(itemContent);
  if (!contents.every((content) => content !== undefined)) return [];
  const common: ChargeContent = { source, reference, model, prices_as_of: pricesAsOf };
  const extra = packed({ around, more });
  return contents.map((content, item) => ({ ...common, ...content, item, extra: item === 0 ? extra : null }));
}

/** The data of the entry that the rows were made of, in the order of their items. */
export function costData(rows: readonly [CostItemContent, ...CostItemContent[]]): EntryData {
  const [first] = rows;
  const { around, more } = unpacked(first.extra);
  const charge = {
    source: first.source,
    reference: first.reference,
    model: first.model,
    pricesAsOf: first.prices_as_of,
    items: rows.map((row) => ({
      kind: row.kind,
      quantity: row.quantity,
      unit: row.unit,
      unitPriceUsd: row.unit_price_usd,
      amountUsd: row.amount_usd,
    })),
    ...more,
  };
  return { charge, ...around };
}

/** An item with more than a price would lose it in these columns. */
function itemContent(item: unknown): ItemContent | undefined {
  if (!isPlain(item)) return undefined;
  const { kind, quantity, unit, unitPriceUsd, amountUsd, ...more } = item;
  if (!hasText(kind) || !hasText(unit) || Object.keys(more).length > 0) return undefined;
  if (typeof quantity !== 'number' || !Number.isFinite(quantity)) return undefined;
  if (!isFiniteOrNull(unitPriceUsd) || !isFiniteOrNull(amountUsd)) return undefined;
  return { kind, quantity, unit, unit_price_usd: unitPriceUsd, amount_usd: amountUsd };
}
