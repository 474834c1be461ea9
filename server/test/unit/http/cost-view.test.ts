import fc from 'fast-check';
import type { CostItem } from '../../../src/calls/cost';
import type { TimelineEntry } from '../../../src/calls/record-ports';
import { costView } from '../../../src/http/cost-view';
import { aCall, aCharge, anEntry, aUsage } from '../../support/builders';

function item(changes: Partial<CostItem> = {}): CostItem {
  return { kind: 'audio-output', quantity: 100, unit: 'tokens', unitPriceUsd: 0.00002, amountUsd: 0.002, ...changes };
}

function charged(...items: readonly CostItem[]): TimelineEntry {
  return anEntry({ type: 'usage.added', data: { charge: aCharge({ items }) } });
}

describe('the sums', () => {
  test.each([
    [0.01, undefined, { totalUsd: 0.01, aiUsd: 0.01, carrierUsd: null }],
    [0.1, 0.2, { totalUsd: 0.3, aiUsd: 0.1, carrierUsd: 0.2 }],
    [null, 0.2, { totalUsd: null, aiUsd: null, carrierUsd: 0.2 }],
    [0, 0, { totalUsd: 0, aiUsd: 0, carrierUsd: 0 }],
    [0.000_000_06, undefined, { totalUsd: 0.000_000_06, aiUsd: 0.000_000_06, carrierUsd: null }],
  ])('of %p for the AI and %p for the carrier are %p', (costUsd, carrierCostUsd, sums) => {
    expect(costView(aCall({ usage: aUsage({ costUsd }), carrierCostUsd }), [])).toEqual({ ...sums, items: [] });
  });
});

describe('the bill', () => {
  test('has one line for everything of one kind at one price', () => {
    const { items } = costView(aCall(), [
      charged(item(), item({ kind: 'text-input', quantity: 7, amountUsd: 0.000_004_2, unitPriceUsd: 0.000_000_6 })),
      anEntry(),
      charged(item({ quantity: 50, amountUsd: 0.001 })),
    ]);

    expect(items).toEqual([
      {
        source: 'response',
        model: 'gpt-realtime-2.1-mini',
        pricesAsOf: '2026-11-20',
        kind: 'audio-output',
        quantity: 150,
        unit: 'tokens',
        unitPriceUsd: 0.000_02,
        amountUsd: 0.003,
      },
      expect.objectContaining({ kind: 'text-input', quantity: 7, amountUsd: 0.000_004_2 }),
    ]);
  });

  test('keeps apart what has another price, model, date or source', () => {
    const charges = [
      aCharge(),
      aCharge({ model: 'another' }),
      aCharge({ pricesAsOf: '2026-12-01' }),
      aCharge({ source: 'transcription' }),
      aCharge({ items: [item({ unitPriceUsd: 0.000_03, amountUsd: 0.003 })] }),
    ];

    const timeline = charges.map((charge) => anEntry({ type: 'usage.added', data: { charge } }));

    expect(costView(aCall(), timeline).items).toHaveLength(5);
  });

  test('says null where a price is not known, and how much it was all the same', () => {
    const unpriced = item({ unitPriceUsd: null, amountUsd: null });

    expect(costView(aCall(), [charged(unpriced), charged(unpriced)]).items).toMatchObject([
      { quantity: 200, unitPriceUsd: null, amountUsd: null },
    ]);
  });

  test('knows nothing of usage without a charge', () => {
    expect(costView(aCall(), [anEntry({ type: 'usage.added', data: {} })]).items).toEqual([]);
  });

  test('adds up to what was charged', () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 200 });

    fc.assert(
      fc.property(amounts, (units) => {
        const timeline = units.map((quantity) =>
          charged(item({ quantity, unitPriceUsd: 0.000_000_1, amountUsd: quantity * 0.000_000_1 })),
        );
        const sum = costView(aCall(), timeline).items.reduce((total, line) => total + (line.amountUsd ?? 0), 0);
        expect(sum).toBeCloseTo(units.reduce((total, quantity) => total + quantity, 0) / 10_000_000, 7);
      }),
    );
  });
});
