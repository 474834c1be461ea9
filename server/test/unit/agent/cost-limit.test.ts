// What a call may cost: when it is to come to its end, and when to say goodbye.

import fc from 'fast-check';
import { CostLimit } from '../../../src/agent/cost-limit';
import type { Charge } from '../../../src/calls/cost';
import { aCharge } from '../../support/builders';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';

const LOOK_EVERY_MS = 5_000;

let clock: ManualClock;
let log: RecordingLogger;
let told: { readonly step: 'warning' | 'goodbye'; readonly spentUsd: number }[];
/** What the day leaves to all calls. */
let dayUsd: number;
let spentUsd: number;
let limit: CostLimit;

function makeLimit(maxUsd: number | undefined): void {
  clock = new ManualClock();
  log = new RecordingLogger();
  told = [];
  dayUsd = Infinity;
  spentUsd = 0;
  const remainingUsd = (): number => Math.min((maxUsd ?? Infinity) - spentUsd, dayUsd);
  limit = new CostLimit(
    { clock, log, maxUsd, remainingUsd },
    {
      onWarning: (usd) => told.push({ step: 'warning', spentUsd: usd }),
      onGoodbye: (usd) => told.push({ step: 'goodbye', spentUsd: usd }),
    },
  );
}

function chargeOf(amountUsd: number | null): Charge {
  return aCharge({
    items: [{ kind: 'audio-output', quantity: 1, unit: 'tokens', unitPriceUsd: amountUsd, amountUsd }],
  });
}

/** The AI costs so much more, and whoever told of it is done. */
function spend(usd: number): void {
  spentUsd += usd;
  dayUsd -= usd;
  limit.onCharge(chargeOf(usd));
  clock.advance(1);
}

test('warns when four fifths are spent, and says goodbye before all of it is', () => {
  makeLimit(1);
  limit.start();

  spend(0.79);
  expect(told).toEqual([]);
  spend(0.01);
  expect(told).toEqual([{ step: 'warning', spentUsd: 0.8 }]);
  spend(0.14);
  expect(told).toHaveLength(1);
  spend(0.01);

  expect(told.at(-1)).toEqual({ step: 'goodbye', spentUsd: 0.95 });
  expect(clock.pendingTimers).toBe(0);
});

test('leaves out a warning that comes too late', () => {
  makeLimit(0.01);
  limit.start();

  spend(0.02);
  spend(0.02);

  expect(told).toEqual([{ step: 'goodbye', spentUsd: 0.02 }]);
});

test('does nothing before the call is answered, and looks at once then', () => {
  makeLimit(1);

  spend(0.9);
  expect(told).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
  limit.start();
  limit.start();
  clock.advance(1);

  expect(told.map(({ step }) => step)).toEqual(['warning']);
});

test('tells nothing while the charge is still being told of', () => {
  makeLimit(1);
  limit.start();

  limit.onCharge(chargeOf(1));

  expect(told).toEqual([]);
});

test('without any limit sets no timer and tells nothing', () => {
  makeLimit(undefined);
  limit.start();

  spend(1_000);
  limit.onCharge(chargeOf(null));

  expect([told, log.lines]).toEqual([[], []]);
  expect(clock.pendingTimers).toBe(0);
});

describe('when the day is what limits it', () => {
  beforeEach(() => {
    makeLimit(undefined);
    dayUsd = 10;
    limit.start();
  });

  test('notices what other calls spend', () => {
    spend(0.4);
    dayUsd = 0.1;
    clock.advance(LOOK_EVERY_MS);
    expect(told).toEqual([{ step: 'warning', spentUsd: 0.4 }]);

    dayUsd = 0.02;
    clock.advance(LOOK_EVERY_MS);

    expect(told.at(-1)).toEqual({ step: 'goodbye', spentUsd: 0.4 });
  });

  test('says goodbye when nothing is left, though the call itself has cost nothing', () => {
    dayUsd = 0;
    clock.advance(LOOK_EVERY_MS);

    expect(told).toEqual([{ step: 'goodbye', spentUsd: 0 }]);
  });

  test('is not alarmed by a day of which little is left, as long as the call costs little of that', () => {
    dayUsd = 1;
    spend(0.2);
    clock.advance(20 * LOOK_EVERY_MS);

    expect(told).toEqual([]);
  });
});

test('knows its own limit although nobody can say what remains', () => {
  makeLimit(1);
  limit.start();
  spend(0.5);
  spentUsd = 0;

  limit.onCharge(chargeOf(0.45));
  clock.advance(1);

  expect(told).toEqual([{ step: 'goodbye', spentUsd: 0.95 }]);
});

test('logs once that a price is not known, and limits what has one', () => {
  makeLimit(1);
  limit.start();

  limit.onCharge(chargeOf(null));
  limit.onCharge(chargeOf(null));
  spend(0.8);

  expect(log.lines).toEqual([expect.objectContaining({ level: 'warn' })]);
  expect(told.map(({ step }) => step)).toEqual(['warning']);
});

test('tells each step at most once and the warning first, whatever is spent when', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { maxLength: 30 }), (amounts) => {
      makeLimit(1);
      limit.start();

      for (const usd of amounts) {
        spend(usd);
        clock.advance(LOOK_EVERY_MS);
      }

      const steps = told.map(({ step }) => step);
      expect([[], ['warning'], ['goodbye'], ['warning', 'goodbye']]).toContainEqual(steps);
      expect(steps.includes('goodbye')).toBe(spentUsd >= 0.95);
    }),
  );
});

test('tells nothing after close, and leaves no timer', () => {
  makeLimit(1);
  limit.start();
  limit.close();
  limit.close();

  spend(1);

  expect(told).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});
