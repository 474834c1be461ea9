import fc from 'fast-check';
import { csvTable } from '../../../src/http/csv';

function cell(value: string | number): string {
  return csvTable(['name'], [{ name: value }])
    .split('\r\n')
    .slice(1, -1)
    .join('\r\n');
}

test('names on top, a line for each row, each ended as the standard says', () => {
  const rows = [
    { day: '2026-11-20', calls: 2 },
    { day: '2026-11-21', calls: 0 },
  ];

  expect(csvTable(['day', 'calls'], rows)).toBe('day,calls\r\n2026-11-20,2\r\n2026-11-21,0\r\n');
  expect(csvTable(['day', 'calls'], [])).toBe('day,calls\r\n');
});

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "no"', '"say ""no"""'],
  ['two\r\nlines', '"two\r\nlines"'],
  ['', ''],
])('the text %j is written as %j', (text, written) => {
  expect(cell(text)).toBe(written);
});

test.each([
  ['=1+1', "'=1+1"],
  ['+cmd|x', "'+cmd|x"],
  ['-2+3', "'-2+3"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', '"\'\r=1"'],
  ['=A1,B1', '"\'=A1,B1"'],
])('no spreadsheet takes %j for a formula', (text, written) => {
  expect(cell(text)).toBe(written);
});

test.each(['+12025550123', '-5', '+1.5', '42'])('the number %s is none, and stays as it is', (text) => {
  expect(cell(text)).toBe(text);
});

test.each([
  [0.1, '0.1'],
  [-3, '-3'],
  [0.000_000_06, '0.00000006'],
  [0, '0'],
])('the figure %p is written as %s', (figure, written) => {
  expect(cell(figure)).toBe(written);
});

test('whatever a cell holds, a reader of CSV gets it back, but for the apostrophe', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (first, second) => {
      const [, line = []] = parsed(csvTable(['a', 'b'], [{ a: first, b: second }]));
      expect(
        line.map((read, index) =>
          read.startsWith("'") && read.slice(1) === [first, second][index] ? read.slice(1) : read,
        ),
      ).toEqual([first, second]);
    }),
  );
});

/** A reader of its own, by the grammar of RFC 4180. */
function parsed(csv: string): string[][] {
  const records: string[][] = [[]];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (const [, quoted, plain = '', separator] of csv.matchAll(cells)) {
    records.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (separator === '\r\n') records.push([]);
  }
  return records.slice(0, -1);
}
