import fc from 'fast-check';
import { NumberList, NumberListReader, type WrongLines } from '../../../src/app/number-list';

/** Reads a text in pieces of so many bytes. */
function read(text: string | Uint8Array, pieceBytes = 7): NumberList | WrongLines {
  const reader = new NumberListReader();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.read(bytes.subarray(at, at + pieceBytes));
  return reader.finish();
}

function numbersOf(text: string): NumberList {
  const list = read(text);
  if (!(list instanceof NumberList)) throw new Error(`Lines are wrong: ${list.first.join(', ')}`);
  return list;
}

test('numbers are found however people write them', () => {
  const list = numbersOf(
    [
      '\uFEFF# people who have asked for it',
      '',
      '   ',
      '+12025550101',
      '+1 (202) 555-0102',
      '\t+1.202.555.0103  # since Monday; +12025550199 is not meant',
      '+390612345678\r',
      '# +12025550198',
      '+123456789012345',
      '+1234567',
    ].join('\n'),
  );

  expect(list.size).toBe(6);
  const found = ['+12025550101', '+12025550102', '+12025550103', '+390612345678', '+123456789012345', '+1234567'];
  for (const number of found) expect(list.has(number)).toBe(true);
  for (const number of ['+12025550199', '+12025550198', '+1202555010', '+120255501010'])
    expect(list.has(number)).toBe(false);
});

test.each(['', '\n', '# nobody', '\uFEFF', '\r\n\r\n'])('%j is an empty list', (text) => {
  expect(numbersOf(text).size).toBe(0);
});

test('lines that are no numbers are told by their place, the first ten of them and how many there are', () => {
  const wrong = [
    '2025550101',
    'tel:+12025550101',
    '+0125550101',
    '+123456',
    '+1234567890123456',
    '+1202555o101',
    '+44 (0)20 7946 0123',
    '+12025550101 +12025550102',
    '+12025550101,+12025550102',
    'Anna +12025550101',
    '+',
    '+٢٠٢٥٥٥٠١٠١',
  ];

  expect(read(['+12025550101', ...wrong].join('\n'))).toEqual({
    first: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    count: wrong.length,
  });
});

test('whatever the pieces in which a file is read, it says the same', () => {
  const line = fc.oneof(
    fc.stringMatching(/^\+[1-9]\d{6,14}$/),
    fc.stringMatching(/^[+\d ()#a-]{0,20}$/),
    fc.constantFrom('', '# x', '\r'),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.integer({ min: 1, max: 40 }), (lines, pieceBytes) => {
      const text = lines.join('\n');

      expect(read(text, pieceBytes)).toEqual(read(text, 100_000));
    }),
    { numRuns: 200 },
  );
});

test('of many numbers in any order every one is found, and no other', () => {
  const numbers = Array.from({ length: 50_000 }, (_, index) => 12_020_000_000 + ((index * 7_919) % 50_000) * 2);
  const list = numbersOf(numbers.map((number) => `+${number}`).join('\n'));

  expect(list.size).toBe(50_000);
  expect(numbers.every((number) => list.has(`+${number}`))).toBe(true);
  expect(numbers.some((number) => list.has(`+${number + 1}`))).toBe(false);
});
