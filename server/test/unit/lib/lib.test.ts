import fc from 'fast-check';
import { assertNever } from '../../../src/lib/assert-never';
import { backoffMs } from '../../../src/lib/backoff';
import { deferred } from '../../../src/lib/deferred';
import { Base64Message } from '../../../src/lib/base64-message';
import { Base64Reader } from '../../../src/lib/base64-reader';
import { hasEscapes, scanInteger, scanString } from '../../../src/lib/json-scan';
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

test('text of any alphabet is read as what it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(messageText(Buffer.from(text))).toBe(Buffer.from(text).toString());
    }),
  );
});

test('base64 is read into the same memory again and again, however long it is', () => {
  const reader = new Base64Reader();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      const read = reader.read(Buffer.from(bytes).toString('base64'));

      expect(read.equals(Buffer.from(bytes))).toBe(true);
    }),
  );
  const long = Buffer.alloc(200_000, 7);
  expect(reader.read(long.toString('base64')).equals(long)).toBe(true);
  expect([...reader.read('AQI=')]).toEqual([1, 2]);
});

test('a message around bytes is its text with their base64 in the middle', () => {
  const message = new Base64Message('{"audio":"', '"}');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      const parsed = JSON.parse(message.around(Buffer.from(bytes)).toString()) as { audio: string };

      expect(parsed.audio).toBe(Buffer.from(bytes).toString('base64'));
    }),
  );
});

test('a message is not overwritten by the next one', () => {
  const message = new Base64Message('<', '>');
  const first = message.around(Buffer.of(1));
  message.around(Buffer.of(2));

  expect(first.toString()).toBe('<AQ==>');
});

test('fields are scanned as JSON.parse would read them, when the text is compact and has no escapes', () => {
  const texts = fc.string().filter((text) => !hasEscapes(JSON.stringify(text)));
  const record = fc.record({ before: texts, text: texts, number: fc.integer(), after: texts });
  fc.assert(
    fc.property(record, (fields) => {
      const json = JSON.stringify({ before: fields.before, deep: fields });

      expect(scanString(json, '"text":"')).toBe(fields.text);
      expect(scanInteger(json, '"number":')).toBe(fields.number);
    }),
  );
});

test.each(['', '{}', '{"text":5}', '{"text":"cut', '{"text": "spaced"}'])('no string is scanned out of %s', (json) => {
  expect(scanString(json, '"text":"')).toBeUndefined();
});

test.each(['', '{}', '{"number":"5"}', '{"number":null}', '{"number":'])('no number is scanned out of %s', (json) => {
  expect(scanInteger(json, '"number":')).toBeUndefined();
});
