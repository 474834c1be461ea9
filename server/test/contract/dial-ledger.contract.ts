// What everything that counts dials has to do.

import type { Dial, DialDecision, DialLedger } from '../../src/calls/record-ports';

/** The ledgers of two nodes that share the records, or one twice. */
export type LedgerUnderTest = {
  readonly ledger: DialLedger;
  readonly other: DialLedger;
  readonly close: () => Promise<void>;
};

const NOON_MS = Date.parse('2026-11-20T12:00:00.000Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TO = '+12025550101';
const OTHER = '+12025550102';
const ENTERED: DialDecision = { kind: 'entered' };

/** Declares the tests of the contract for one kind of database. */
export function dialLedgerContract(name: string, make: () => Promise<LedgerUnderTest>): void {
  describe(`the ledger of dials: ${name}`, () => {
    let ledger: DialLedger;
    let other: DialLedger;
    let close: () => Promise<void>;
    let dials = 0;

    beforeEach(async () => {
      ({ ledger, other, close } = await make());
    });

    afterEach(() => close());

    function aDial(changes: Partial<Dial> = {}): Dial {
      dials += 1;
      const limits = { dialsPerDestinationPerHour: 3, callsPerKeyPerDay: 5 };
      return { dialId: `dial-${dials}`, to: TO, nowMs: NOON_MS, limits, ...changes };
    }

    function enter(changes: Partial<Dial> = {}, at = ledger): Promise<DialDecision> {
      return at.enter(aDial(changes));
    }

    test('a number is dialled as often as it may be within an hour, and then when the first of them is an hour old', async () => {
      for (const nowMs of [NOON_MS, NOON_MS + 1_000, NOON_MS + 2_000]) expect(await enter({ nowMs })).toEqual(ENTERED);

      const refused = { kind: 'refused', rule: 'destination', retryAtMs: NOON_MS + HOUR_MS };
      expect(await enter({ nowMs: NOON_MS + 3_000 })).toEqual(refused);
      expect(await enter({ nowMs: NOON_MS + HOUR_MS - 1 }, other)).toEqual(refused);
      expect(await enter({ nowMs: NOON_MS + 3_000, to: OTHER })).toEqual(ENTERED);
      expect(await enter({ nowMs: NOON_MS + HOUR_MS })).toEqual(ENTERED);
      expect(await enter({ nowMs: NOON_MS + HOUR_MS })).toMatchObject({ retryAtMs: NOON_MS + HOUR_MS + 1_000 });
    });

    test('a key dials as often as it may within a day, whomever', async () => {
      for (let index = 0; index < 5; index += 1) {
        const nowMs = NOON_MS + index * HOUR_MS;
        expect(await enter({ nowMs, placedBy: 'crm', to: `+1202555012${index}` })).toEqual(ENTERED);
      }

      const nowMs = NOON_MS + DAY_MS - 1;
      expect(await enter({ nowMs, placedBy: 'crm' })).toEqual({
        kind: 'refused',
        rule: 'key',
        retryAtMs: NOON_MS + DAY_MS,
      });
      expect(await enter({ nowMs, placedBy: 'billing' })).toEqual(ENTERED);
      expect(await enter({ nowMs })).toEqual(ENTERED);
      expect(await enter({ nowMs: nowMs + 1, placedBy: 'crm' })).toEqual(ENTERED);
    });

    test('a dial that one rule refuses counts for none', async () => {
      const one = { dialsPerDestinationPerHour: 1, callsPerKeyPerDay: 1 };
      await enter({ placedBy: 'crm', to: OTHER, limits: one });
      for (let tries = 0; tries < 3; tries += 1)
        expect(await enter({ placedBy: 'crm', limits: one })).toMatchObject({ rule: 'key' });

      expect(await enter({ placedBy: 'billing', limits: one })).toEqual(ENTERED);
      expect(await enter({ placedBy: 'sales', limits: one })).toMatchObject({ rule: 'destination' });
      expect(await enter({ placedBy: 'sales', to: '+12025550103', limits: one })).toEqual(ENTERED);
    });

    test('where there is no number, only the key counts', async () => {
      const limits = { callsPerKeyPerDay: 2 };
      const to = 'sip:desk@pbx.example';
      for (let index = 0; index < 2; index += 1) expect(await enter({ to, placedBy: 'crm', limits })).toEqual(ENTERED);

      expect(await enter({ to, placedBy: 'crm', limits })).toMatchObject({ rule: 'key' });
      for (let index = 0; index < 9; index += 1) expect(await enter({ to, limits })).toEqual(ENTERED);
    });

    test('trying again after an answer that was lost counts once', async () => {
      const limits = { dialsPerDestinationPerHour: 2, callsPerKeyPerDay: 2 };
      const dial = aDial({ placedBy: 'crm', limits });

      for (let tries = 0; tries < 4; tries += 1) expect(await ledger.enter(dial)).toEqual(ENTERED);

      expect(await enter({ placedBy: 'crm', limits })).toEqual(ENTERED);
      expect(await enter({ placedBy: 'crm', limits })).toMatchObject({ kind: 'refused' });
    });

    test('what is withdrawn does not count, and may be withdrawn again', async () => {
      const placed = [aDial(), aDial(), aDial()];
      for (const dial of placed) await ledger.enter(dial);

      await other.withdraw(placed[1]!.dialId);
      await ledger.withdraw(placed[1]!.dialId);
      await ledger.withdraw('never-entered');

      expect(await enter()).toEqual(ENTERED);
      expect(await enter()).toMatchObject({ kind: 'refused' });
    });

    test('forgets what is older than it is told to, and nothing else', async () => {
      for (const nowMs of [NOON_MS - 1, NOON_MS, NOON_MS + 1]) await enter({ nowMs });

      await ledger.forget(NOON_MS);

      expect(await enter({ nowMs: NOON_MS + 2 })).toEqual(ENTERED);
      expect(await enter({ nowMs: NOON_MS + 2 })).toMatchObject({ retryAtMs: NOON_MS + HOUR_MS });
    });

    test('of forty at the same moment, at two nodes, exactly as many are entered as may be', async () => {
      for (const round of [1, 2, 3]) {
        const to = `+1202555014${round}`;
        const decisions = await Promise.all(
          Array.from({ length: 40 }, (_, index) => enter({ to, placedBy: `key-${index}` }, index % 2 ? ledger : other)),
        );

        expect(decisions.filter(({ kind }) => kind === 'entered')).toHaveLength(3);
      }
    });

    test('a number or a name that would mean something in SQL means nothing', async () => {
      const limits = { dialsPerDestinationPerHour: 1, callsPerKeyPerDay: 1 };
      await enter({ placedBy: 'crm', limits });

      expect(await enter({ to: "' or 1=1 --", placedBy: '%', limits })).toEqual(ENTERED);
    });
  });
}
