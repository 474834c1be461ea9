import fc from 'fast-check';
import { CallRate } from '../../../../src/calls/admission/call-rate';
import { CallRateError, DrainingError } from '../../../../src/calls/errors';
import { ManualClock, settle } from '../../../support/manual-clock';

type Outcome =
  { readonly kind: 'turn'; readonly afterMs: number } | { readonly kind: 'refused'; readonly error: Error };

/** A rate, and when each request was let through or refused. */
class RateRig {
  readonly clock = new ManualClock();
  readonly rate: CallRate;
  readonly #startMs = this.clock.monotonicMs();
  readonly outcomes: (Outcome | undefined)[] = [];

  constructor(callsPerSecond = 5) {
    this.rate = new CallRate({ callsPerSecond, clock: this.clock });
  }

  ask(count = 1): void {
    for (let asked = 0; asked < count; asked += 1) {
      const index = this.outcomes.push(undefined) - 1;
      this.rate.turn().then(
        () => {
          this.outcomes[index] = { kind: 'turn', afterMs: this.clock.monotonicMs() - this.#startMs };
        },
        (error: Error) => {
          this.outcomes[index] = { kind: 'refused', error };
        },
      );
    }
  }

  get turnsAtMs(): number[] {
    return this.outcomes.flatMap((outcome) => (outcome?.kind === 'turn' ? [outcome.afterMs] : []));
  }

  get refusals(): Error[] {
    return this.outcomes.flatMap((outcome) => (outcome?.kind === 'refused' ? [outcome.error] : []));
  }
}

test('of twenty at once at five a second, five go at once, ten evenly after them, and the rest are refused at once', async () => {
  const rig = new RateRig();

  rig.ask(20);
  await settle();
  expect(rig.turnsAtMs).toEqual([0, 0, 0, 0, 0]);
  expect(rig.refusals).toHaveLength(5);

  await rig.clock.advanceAsync(10_000);
  expect(rig.turnsAtMs).toEqual([0, 0, 0, 0, 0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]);
  expect(rig.refusals).toHaveLength(5);
  expect(rig.clock.pendingTimers).toBe(0);
});

test('a refusal says truthfully when it is worth another try', async () => {
  const rig = new RateRig(1);
  rig.ask(3);

  await expect(rig.rate.turn()).rejects.toEqual(new CallRateError(1, 1));
  await rig.clock.advanceAsync(999);
  await expect(rig.rate.turn()).rejects.toBeInstanceOf(CallRateError);
  await rig.clock.advanceAsync(1);
  rig.ask();
  await rig.clock.advanceAsync(2_000);

  expect(rig.turnsAtMs).toEqual([0, 1_000, 2_000, 3_000]);
});

test('those who are refused use up nothing', async () => {
  const rig = new RateRig();
  rig.ask(15);
  for (let tries = 0; tries < 1_000; tries += 1) await expect(rig.rate.turn()).rejects.toThrow(CallRateError);

  await rig.clock.advanceAsync(200);
  rig.ask();
  await rig.clock.advanceAsync(2_000);

  expect(rig.turnsAtMs.at(-1)).toBe(2_200);
});

test('whoever comes later does not overtake those who wait', async () => {
  const rig = new RateRig(1);
  rig.ask(2);
  await rig.clock.advanceAsync(999);
  rig.ask();

  await rig.clock.advanceAsync(1_001);

  expect(rig.outcomes.map((outcome) => outcome?.kind === 'turn' && outcome.afterMs)).toEqual([0, 1_000, 2_000]);
});

test('a long silence saves up one second of calls and no more', async () => {
  const rig = new RateRig();
  await rig.clock.advanceAsync(86_400_000);

  rig.ask(6);
  await settle();

  expect(rig.turnsAtMs).toHaveLength(5);
});

test('a wall clock that jumps changes nothing', async () => {
  const rig = new RateRig(1);
  rig.ask(2);

  rig.clock.jumpWallClock(-3_600_000);
  await rig.clock.advanceAsync(1_000);

  expect(rig.turnsAtMs).toEqual([0, 1_000]);
});

test('closing turns away all who wait, and all who come', async () => {
  const rig = new RateRig(1);
  rig.ask(3);
  await settle();

  rig.rate.close();
  rig.rate.close();
  rig.ask();
  await settle();

  expect(rig.turnsAtMs).toEqual([0]);
  expect(rig.refusals).toEqual([expect.any(DrainingError), expect.any(DrainingError), expect.any(DrainingError)]);
  expect(rig.clock.pendingTimers).toBe(0);
});

test('however requests come, no stretch of time has more turns than its share and one second of savings', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 7 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 9 })), { maxLength: 12 }),
      async (callsPerSecond, bursts) => {
        const rig = new RateRig(callsPerSecond);
        for (const [pauseMs, count] of bursts) {
          await rig.clock.advanceAsync(pauseMs);
          rig.ask(count);
        }
        await rig.clock.advanceAsync(3_000);

        const atMs = rig.turnsAtMs;
        expect(rig.outcomes).not.toContain(undefined);
        for (const [first, from] of atMs.entries()) {
          for (const [last, until] of atMs.entries()) {
            // Timers keep whole milliseconds.
            const share = ((until - from + 1) * callsPerSecond) / 1000;
            if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(callsPerSecond + share);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});
