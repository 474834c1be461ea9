// The limits of dials where several nodes share one database, each with connections of its own.

import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Dial, DialDecision } from '../../src/calls/record-ports';
import { openDatabase } from '../../src/store/database';
import { SqlDialLedger } from '../../src/store/dial-ledger';
import type { Tables } from '../../src/store/tables';
import { onPostgres } from './engines';

const NODES = 4;
const BURST = 40;
const ROUNDS = 8;
const LIMIT = 3;
const LIMITS = { dialsPerDestinationPerHour: LIMIT, callsPerKeyPerDay: LIMIT };

onPostgres((schema) => {
  let databases: Kysely<Tables>[];

  beforeEach(async () => {
    await schema.open();
    databases = await Promise.all(Array.from({ length: NODES }, () => openDatabase(schema.url)));
  });

  afterEach(() => Promise.all(databases.map((database) => database.destroy())));

  /** Dials at all nodes in the same moment. */
  function burst(dialOf: (index: number) => Pick<Dial, 'to' | 'placedBy'>): Promise<DialDecision[]> {
    const ledgers = databases.map((database) => new SqlDialLedger(database, { isShared: true }));
    const dials = Array.from({ length: BURST }, (_, index) => {
      const dial = { dialId: randomUUID(), nowMs: Date.now(), limits: LIMITS, ...dialOf(index) };
      return ledgers[index % NODES]!.enter(dial);
    });
    return Promise.all(dials);
  }

  function entered(decisions: readonly DialDecision[]): number {
    return decisions.filter(({ kind }) => kind === 'entered').length;
  }

  test('of forty dials of one number at four nodes, exactly as many get through as may', async () => {
    for (let round = 0; round < ROUNDS; round += 1)
      expect(entered(await burst((index) => ({ to: `+120255501${round}0`, placedBy: `key-${round}-${index}` })))).toBe(
        LIMIT,
      );
  });

  test('of forty dials by one key at four nodes, exactly as many get through as may', async () => {
    for (let round = 0; round < ROUNDS; round += 1)
      expect(
        entered(await burst((index) => ({ to: `+1202555${1_000 + 100 * round + index}`, placedBy: `key-${round}` }))),
      ).toBe(LIMIT);
  });

  test('numbers and keys that cross each other keep nobody waiting for ever', async () => {
    for (let round = 0; round < ROUNDS; round += 1)
      await burst((index) => ({
        to: `+120255502${round}${index % 4}`,
        placedBy: `cross-${round}-${(index >> 2) % 4}`,
      }));
  });
});
