import fc from 'fast-check';
import { planCorrections } from '../../../src/media/barge-in';
import type { ClearedSpan } from '../../../src/media/playout/playout-span';
import { anItem } from '../../support/builders';

function aSpan(changes: Partial<ClearedSpan> = {}): ClearedSpan {
  return { item: anItem(), heardMs: 500, sentMs: 1_000, generatedMs: 2_000, isFinished: false, ...changes };
}

test.each<[string, Partial<ClearedSpan>, string]>([
  ['heard to its end', { heardMs: 2_000, sentMs: 2_000, isFinished: true }, 'keep'],
  ['heard but for less than a frame', { heardMs: 1_981, sentMs: 2_000, isFinished: true }, 'keep'],
  ['heard but for a frame', { heardMs: 1_980, sentMs: 2_000, isFinished: true }, 'truncate'],
  ['heard as far as it was made, with more to come', { heardMs: 2_000, sentMs: 2_000 }, 'truncate'],
  ['heard in part', {}, 'truncate'],
  ['heard for a frame', { heardMs: 20 }, 'truncate'],
  ['heard for less than a frame', { heardMs: 19.9 }, 'delete'],
  ['not heard', { heardMs: 0 }, 'delete'],
  ['not even sent', { heardMs: 0, sentMs: 0, isFinished: true }, 'delete'],
])('an item %s: %#', (_what, changes, kind) => {
  expect(planCorrections([aSpan(changes)])).toMatchObject([{ kind, item: anItem() }]);
});

test('a short item of which nothing was heard is deleted, not kept', () => {
  const span = aSpan({ heardMs: 0, sentMs: 10, generatedMs: 10, isFinished: true });

  expect(planCorrections([span])).toMatchObject([{ kind: 'delete' }]);
});

test('the model is told whole milliseconds, rounded down', () => {
  expect(planCorrections([aSpan({ heardMs: 731.875 })])).toMatchObject([{ kind: 'truncate', heardMs: 731 }]);
});

test('the model is never told more than was sent', () => {
  expect(planCorrections([aSpan({ heardMs: 5_000, sentMs: 940 })])).toMatchObject([{ heardMs: 940 }]);
});

test('each item gets its own correction, in playing order', () => {
  const spans = [
    aSpan({ item: anItem({ itemId: 'a' }), heardMs: 2_000, sentMs: 2_000, isFinished: true }),
    aSpan({ item: anItem({ itemId: 'b' }) }),
    aSpan({ item: anItem({ itemId: 'c' }), heardMs: 0, sentMs: 0 }),
  ];

  expect(planCorrections(spans).map(({ kind, item }) => [item.itemId, kind])).toEqual([
    ['a', 'keep'],
    ['b', 'truncate'],
    ['c', 'delete'],
  ]);
});

test('nothing to correct when nothing was playing', () => {
  expect(planCorrections([])).toEqual([]);
});

test('whatever was heard, a truncation is a positive integer that fits into what was sent', () => {
  const ms = fc.double({ min: 0, max: 100_000, noNaN: true });
  fc.assert(
    fc.property(ms, ms, ms, fc.boolean(), (heardMs, sentMs, generatedMs, isFinished) => {
      const [correction] = planCorrections([aSpan({ heardMs, sentMs, generatedMs, isFinished })]);

      if (correction?.kind !== 'truncate') return;
      expect(Number.isInteger(correction.heardMs)).toBe(true);
      expect(correction.heardMs).toBeGreaterThan(0);
      expect(correction.heardMs).toBeLessThanOrEqual(sentMs);
    }),
  );
});
