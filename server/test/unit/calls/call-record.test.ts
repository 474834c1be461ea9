// The record of one live call as it grows.

import { CallRecord } from '../../../src/calls/call-record';
import type { CostItem } from '../../../src/calls/cost';
import { aCall, aCharge, aUsage } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';

const UNPRICED: CostItem = { kind: 'leg', quantity: 60, unit: 'seconds', unitPriceUsd: null, amountUsd: null };

let record: CallRecord;

beforeEach(() => {
  record = new CallRecord(aCall(), {
    clock: new ManualClock(),
    journal: { note: () => undefined, save: () => undefined },
  });
});

function bill(...amountsUsd: readonly (number | null)[]): number | undefined {
  const items = amountsUsd.map((amountUsd) => ({ ...UNPRICED, amountUsd }));
  record.addCarrierCharge(aCharge({ source: 'carrier', items }));
  return record.call.carrierCostUsd;
}

test('what the carrier charges is added up, as far as it says dollars', () => {
  expect(bill(0.5, null)).toBe(0.5);
  expect(bill(0.25)).toBe(0.75);
  expect(bill(null)).toBe(0.75);
});

test('a bill without one amount in dollars is not a call for nothing', () => {
  expect(bill(null, null)).toBeUndefined();
});

test('a call that the carrier charges nothing for costs nothing', () => {
  expect(bill(0)).toBe(0);
});

test('what the AI used is added up; a part without a price makes the whole cost unknown', () => {
  record.addUsage(aUsage({ outputAudioTokens: 7, costUsd: 0.5 }), aCharge());
  expect(record.call.usage).toMatchObject({ outputAudioTokens: 7, costUsd: 0.5 });

  record.addUsage(aUsage({ outputAudioTokens: 3, costUsd: null }), aCharge());
  expect(record.call.usage).toMatchObject({ outputAudioTokens: 10, costUsd: null });
});
