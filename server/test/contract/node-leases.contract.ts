// What every record of nodes has to do: the calls of a node that is gone become somebody else's, exactly once.

import type { Call } from '../../src/calls/call';
import { CALL_STATUSES, isTerminal } from '../../src/calls/call-state';
import type { CallStore, NodeLeases } from '../../src/calls/record-ports';
import { aCall, aCallId } from '../support/builders';
import { ManualClock } from '../support/manual-clock';

/** The same database as several nodes see it. */
export type LeasesUnderTest = {
  /** Whether nodes can be told from one another by their leases. */
  readonly isShared: boolean;
  readonly storeOf: (nodeId: string) => CallStore;
  readonly leasesOf: (nodeId: string) => NodeLeases;
  /** The nodes that have an entry. */
  readonly known: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
};

const NOW_MS = ManualClock.START_MS;

/** Declares the tests of the contract for one kind of database. */
export function nodeLeasesContract(name: string, make: () => Promise<LeasesUnderTest>): void {
  describe(`the leases of nodes: ${name}`, () => {
    let nodes: LeasesUnderTest;

    beforeEach(async () => {
      nodes = await make();
    });

    afterEach(() => nodes.close());

    function insert(nodeId: string, number: number, changes: Partial<Call> = {}): Promise<unknown> {
      return nodes.storeOf(nodeId).insert(aCall({ callId: aCallId(number), ...changes }));
    }

    async function claimed(nodeId: string, nowMs = NOW_MS): Promise<string[]> {
      const calls = await nodes.leasesOf(nodeId).claimOrphans(nowMs);
      return calls.map(({ callId }) => callId).sort();
    }

    test('a node’s own calls are no orphans', async () => {
      await insert('node-1', 1);

      expect(await claimed('node-1')).toEqual([]);
    });

    test('the calls of a node that was never seen belong to whoever asks, whole', async () => {
      const call = aCall({ status: 'in-progress', carrierCallId: 'leg-1', maxCostUsd: 0.5, isRecorded: true });
      await nodes.storeOf('node-1').insert(call);

      expect(await nodes.leasesOf('node-2').claimOrphans(NOW_MS)).toEqual([call]);
      expect(await claimed('node-2')).toEqual([]);
    });

    test.each(CALL_STATUSES)(
      'a %s call is an orphan as long as it is not over, or its leg may be up',
      async (status) => {
        await insert('node-1', 1, { status, mayHaveLeg: false });
        await insert('node-1', 2, { status, mayHaveLeg: true });

        expect(await claimed('node-2')).toEqual(isTerminal(status) ? [aCallId(2)] : [aCallId(1), aCallId(2)]);
      },
    );

    test('a call stays whose it is when it is saved', async () => {
      await insert('node-1', 1);
      await claimed('node-2');

      await nodes.storeOf('node-1').write([{ kind: 'call', call: aCall({ status: 'ringing' }) }]);

      expect(await claimed('node-2')).toEqual([]);
    });

    test('a node that lives keeps its calls until its lease is over, when others can use the database', async () => {
      await nodes.leasesOf('node-1').beat(NOW_MS + 100);
      await insert('node-1', 1);

      expect(await claimed('node-2', NOW_MS + 100)).toEqual(nodes.isShared ? [] : [aCallId(1)]);
      expect(await claimed('node-2', NOW_MS + 101)).toEqual(nodes.isShared ? [aCallId(1)] : []);
    });

    test('a lease is as long as its last beat says, however often it beats', async () => {
      await insert('node-1', 1);
      for (const aliveUntilMs of [10, 20, 30]) await nodes.leasesOf('node-1').beat(NOW_MS + aliveUntilMs);

      expect(await claimed('node-2', NOW_MS + 30)).toEqual(nodes.isShared ? [] : [aCallId(1)]);
    });

    test('a node that leaves of its own accord is gone at once', async () => {
      await nodes.leasesOf('node-1').beat(NOW_MS + 1_000);
      await insert('node-1', 1);

      await nodes.leasesOf('node-1').leave();
      await nodes.leasesOf('node-1').leave();

      expect(await claimed('node-2')).toEqual([aCallId(1)]);
    });

    test('nodes that are gone leave nothing behind, and one that was only slow is back with its next beat', async () => {
      for (const nodeId of ['node-1', 'node-2']) await nodes.leasesOf(nodeId).beat(NOW_MS + 10);
      await nodes.leasesOf('node-3').beat(NOW_MS + 11);

      await claimed('node-3', NOW_MS + 11);
      expect(await nodes.known()).toEqual(['node-3']);

      await nodes.leasesOf('node-1').beat(NOW_MS + 20);
      expect(await nodes.known()).toEqual(['node-1', 'node-3']);
    });

    test('each orphan becomes the call of one node, however many ask at once', async () => {
      for (let number = 1; number <= 20; number += 1) await insert(`gone-${number % 3}`, number);
      const ids = Array.from({ length: 8 }, (_, index) => `node-${index}`);
      for (const nodeId of ids) await nodes.leasesOf(nodeId).beat(NOW_MS + 1_000);

      const all = await Promise.all(nodes.isShared ? ids.map((nodeId) => claimed(nodeId)) : [claimed('node-0')]);

      expect(all.flat().sort()).toEqual(Array.from({ length: 20 }, (_, index) => aCallId(index + 1)));
    });
  });
}
