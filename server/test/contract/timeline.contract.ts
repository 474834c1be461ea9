// What every record of calls has to do with timelines: all entries, in one order, as they were noted.

import { RecordRefusedError } from '../../src/calls/errors';
import type { CallStore, RecordWrite, TimelineEntry } from '../../src/calls/record-ports';
import { aCall, aCallId, aCharge, anEntry } from '../support/builders';
import { ManualClock } from '../support/manual-clock';
import type { StoreUnderTest } from './call-store.contract';
import { aCallback, appended, saved } from './writes';

const UNICODE = 'Grüße 👩‍👩‍👧 مرحبا\u0301 \u202Eabc\u202C "quoted" \\ \'; DROP TABLE calls; --\n\t';

const TURN = {
  speaker: 'assistant',
  text: UNICODE,
  startedAtMs: ManualClock.START_MS + 0.25,
  isInterrupted: true,
  heardMs: 12.5,
  audioMs: 1_000,
};

const TOOL = {
  toolCallId: 'call_1',
  name: 'find_order',
  argumentsJson: '{"id":"17"}',
  outcome: 'ok',
  output: UNICODE,
  durationMs: 45.75,
};

const LEG_CHARGE = aCharge({
  source: 'carrier',
  model: '',
  pricesAsOf: null,
  items: [
    { kind: 'leg', quantity: 61.5, unit: 'seconds', unitPriceUsd: null, amountUsd: null },
    { kind: 'leg', quantity: 2, unit: 'seconds', unitPriceUsd: 0.000_1, amountUsd: 0.1 + 0.2 },
  ],
});

/** Entries as they are noted, and some that are like none. */
const ENTRIES: readonly [string, string, TimelineEntry['data']][] = [
  ['a turn of the callee', 'turn.finished', { turn: { ...TURN, speaker: 'callee', heardMs: undefined } }],
  ['a turn of the AI', 'turn.finished', { turn: TURN }],
  ['a turn with more to it', 'turn.finished', { turn: { ...TURN, mood: ['calm', null] }, by: { model: 'm' } }],
  ['a turn without a beginning', 'turn.finished', { turn: { ...TURN, startedAtMs: undefined }, list: [1, null] }],
  ['a turn that is none', 'turn.finished', { turn: null }],
  ['the use of a tool', 'tool.finished', TOOL],
  ['the use of a tool with more to it', 'tool.finished', { ...TOOL, attempts: 2 }],
  ['the use of a tool without an end', 'tool.finished', { name: 'find_order' }],
  ['a charge', 'usage.added', { charge: aCharge() }],
  ['a charge with the usage', 'usage.added', { usage: { responses: 1, costUsd: null }, charge: aCharge() }],
  ['a charge of several items', 'usage.added', { charge: LEG_CHARGE }],
  ['a charge of no items', 'usage.added', { charge: aCharge({ items: [] }) }],
  ['a charge with more to it', 'usage.added', { charge: { ...aCharge(), tier: 'flex' } }],
  ['a charge of odd items', 'usage.added', { charge: { ...aCharge(), items: [{ kind: 'leg' }, 3] } }],
  ['usage without a charge', 'usage.added', { usage: { responses: 1 } }],
  ['anything else', 'dtmf.received', { digits: '12#', nested: { deep: [UNICODE, { a: 1.5 }] } }],
];

/** Declares the tests of the contract for one kind of store. */
export function timelineContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`the timelines of calls: ${name}`, () => {
    let store: CallStore;
    let close: () => Promise<void>;

    beforeEach(async () => {
      ({ store, close } = await makeStore());
      await store.insert(aCall());
    });

    afterEach(() => close());

    async function sequences(callId = aCallId()): Promise<number[]> {
      return (await store.timeline(callId)).map(({ sequence }) => sequence);
    }

    describe('a timeline', () => {
      test('has its entries in the order in which they were written, not of their times', async () => {
        for (const [type, atMs] of [
          ['first', 3_000],
          ['second', 1_000],
          ['third', 2_000],
        ] as const) {
          await appended(store, anEntry({ type, atMs }));
        }

        const timeline = await store.timeline(aCallId());

        expect(timeline.map(({ type, atMs }) => [type, atMs])).toEqual([
          ['first', 3_000],
          ['second', 1_000],
          ['third', 2_000],
        ]);
      });

      test('keeps what belongs to an entry', async () => {
        const entry = anEntry({
          type: 'turn.finished',
          data: { turn: { speaker: 'callee', text: UNICODE, isInterrupted: false, heardMs: 12.5 }, list: [1, null] },
        });

        await appended(store, entry);

        expect(await store.timeline(aCallId())).toEqual([{ ...entry, sequence: 1 }]);
      });

      test('is the call’s own', async () => {
        await store.insert(aCall({ callId: aCallId(2) }));
        await appended(store, anEntry({ type: 'mine' }));
        await appended(store, anEntry({ type: 'other', callId: aCallId(2) }));
        await appended(store, anEntry({ type: 'mine too' }));

        expect((await store.timeline(aCallId())).map(({ type }) => type)).toEqual(['mine', 'mine too']);
      });

      test('is empty for a call without entries, and for none', async () => {
        expect(await store.timeline(aCallId())).toEqual([]);
        expect(await store.timeline(aCallId(9))).toEqual([]);
      });

      test('is unharmed when its call is saved', async () => {
        await appended(store, anEntry());

        await saved(store, aCall({ status: 'completed' }));

        expect(await store.timeline(aCallId())).toHaveLength(1);
      });

      test.each(ENTRIES)('gives back %s as it was noted', async (_what, type, data) => {
        await appended(store, anEntry({ type, data }));

        expect(await store.timeline(aCallId())).toEqual([{ ...anEntry({ type, data }), sequence: 1 }]);
      });

      test('numbers all its entries in one row, of whatever kind they are', async () => {
        const entries = ENTRIES.map(([, type, data], index) => anEntry({ type, data, atMs: 1_000 - index }));

        await appended(store, ...entries.slice(0, 7));
        await appended(store, ...entries.slice(7));

        expect(await store.timeline(aCallId())).toEqual(
          entries.map((entry, index) => ({ ...entry, sequence: index + 1 })),
        );
      });

      test('numbers the entries of each call for itself, in a batch of several calls too', async () => {
        await store.insert(aCall({ callId: aCallId(2) }));
        const other = anEntry({ callId: aCallId(2) });

        await appended(store, anEntry(), other, anEntry());
        await appended(store, other, other, anEntry());

        expect(await sequences()).toEqual([1, 2, 3]);
        expect(await sequences(aCallId(2))).toEqual([1, 2, 3]);
      });

      test('can be read from any place on', async () => {
        await appended(store, ...ENTRIES.map(([, type, data]) => anEntry({ type, data })));
        const whole = await store.timeline(aCallId());

        expect(await store.timeline(aCallId(), 0)).toEqual(whole);
        expect(await store.timeline(aCallId(), 7)).toEqual(whole.slice(7));
        expect(await store.timeline(aCallId(), whole.length)).toEqual([]);
        expect(await store.timeline(aCallId(), 1_000)).toEqual([]);
      });

      test('is read whole and in order when it is long, from any place on', async () => {
        const entries = Array.from({ length: 450 }, (_, index) => {
          const [, type, data] = ENTRIES[index % ENTRIES.length]!;
          return anEntry({ type, data, atMs: ManualClock.START_MS + index });
        });
        await appended(store, ...entries);
        const numbered = entries.map((entry, index) => ({ ...entry, sequence: index + 1 }));

        for (const after of [0, 1, 199, 200, 201, 400, 449])
          expect(await store.timeline(aCallId(), after)).toEqual(numbered.slice(after));
      });

      test('has no gap for whoever reads on while it is written', async () => {
        const batches = Array.from({ length: 30 }, (_, index) => ENTRIES.slice(index % 5, (index % 5) + 4));
        let isWritten = false;
        const writing = (async () => {
          for (const batch of batches) await appended(store, ...batch.map(([, type, data]) => anEntry({ type, data })));
          isWritten = true;
        })();
        const read: number[] = [];
        for (let isLast = false; !isLast;) {
          isLast = isWritten;
          const entries = await store.timeline(aCallId(), read.at(-1) ?? 0);
          read.push(...entries.map(({ sequence }) => sequence));
        }

        await writing;
        expect(read).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
      });
    });

    describe('a batch', () => {
      test('of nothing is written at once', async () => {
        await expect(store.write([])).resolves.toBeUndefined();
      });

      test('may hold records of all kinds, and the last version of a call counts', async () => {
        const batch: readonly RecordWrite[] = [
          { kind: 'call', call: aCall({ status: 'in-progress' }) },
          { kind: 'entry', entry: anEntry({ type: 'call.in-progress' }) },
          { kind: 'callback', callback: aCallback() },
          { kind: 'call', call: aCall({ status: 'completed' }) },
          { kind: 'entry', entry: anEntry({ type: 'turn.finished', data: { turn: TURN } }) },
        ];

        await store.write(batch);

        expect((await store.find(aCallId()))?.status).toBe('completed');
        expect((await store.timeline(aCallId())).map(({ type }) => type)).toEqual([
          'call.in-progress',
          'turn.finished',
        ]);
      });

      test.each<[string, RecordWrite]>([
        ['an entry', { kind: 'entry', entry: anEntry({ callId: aCallId(9) }) }],
        ['a callback', { kind: 'callback', callback: aCallback({ callId: aCallId(9) }) }],
      ])('with %s of a call that is not there is refused, and nothing of it is written', async (_what, orphan) => {
        const batch: readonly RecordWrite[] = [
          { kind: 'call', call: aCall({ status: 'ringing' }) },
          { kind: 'entry', entry: anEntry() },
          orphan,
        ];

        await expect(store.write(batch)).rejects.toThrow(RecordRefusedError);

        expect((await store.find(aCallId()))?.status).toBe('queued');
        expect(await store.timeline(aCallId())).toEqual([]);
      });

      test('after a refused one goes on with the next number', async () => {
        await appended(store, anEntry());
        await appended(store, anEntry(), anEntry({ callId: aCallId(9) })).catch(() => undefined);

        await appended(store, anEntry());

        expect(await sequences()).toEqual([1, 2]);
      });

      test.each(['a\0b', 'a\uD800b', 'a\uDC00b', '\0'])('with the text %j is no reason to fail', async (text) => {
        const call = aCall({ instructions: text, greeting: text, metadata: { text } });
        await store.insert({ ...call, callId: aCallId(2) });

        await saved(store, call);
        await appended(
          store,
          anEntry({ type: 'turn.finished', data: { turn: { ...TURN, text: `${text}, and more` } } }),
          anEntry({ type: 'tool.finished', data: { ...TOOL, output: `${text}, and more`, text } }),
          anEntry({ type: `odd.${text}`, data: { [text]: text } }),
        );

        expect(JSON.stringify(await store.timeline(aCallId())).match(/, and more/g)).toHaveLength(2);
        expect((await store.find(aCallId()))?.instructions).toHaveLength(text.length);
      });
    });
  });
}
