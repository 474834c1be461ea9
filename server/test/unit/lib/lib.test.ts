import fc from 'fast-check';
import { assertNever } from '../../../src/lib/assert-never';
import { backoffMs } from '../../../src/lib/backoff';
import { deferred } from '../../../src/lib/deferred';
import { messageText } from '../../../src/lib/message-text';

test('waits double from try to try, up to the cap', () => {
  const backoff = { firstMs: 500, capMs: 3_000 };

  expect([1, 2, 3, 4, 5, 60, 2_000].map((attempt) => backoffMs(backoff, attempt))).toEqual([
    500, 1_000, 2_000, 3_000, 3_000, 3_000, 3_000,
  ]);
});

test('a deferred promise is settled from outside', async () => {
  const good = deferred<number>();
  const bad = deferred<number>();

  good.resolve(5);
  bad.reject(new Error('no'));

  await expect(good.promise).resolves.toBe(5);
  await expect(bad.promise).rejects.toThrow('no');
});

test('a value that the types rule out is an error', () => {
  expect(() => assertNever('surprise' as never)).toThrow(new TypeError('Unexpected value: "surprise"'));
});

test('the text of a message is the same in each of its forms', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (text, at) => {
      const bytes = Buffer.from(text);
      const cut = bytes.length === 0 ? 0 : at % bytes.length;
      const arrayBuffer = Uint8Array.from(bytes).buffer;

      expect(messageText(bytes)).toBe(text);
      expect(messageText(arrayBuffer)).toBe(text);
      expect(messageText([bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(text);
    }),
  );
});
