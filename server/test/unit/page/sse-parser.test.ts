// Server-sent events as they come over a network: in any pieces, with any line ends.

import fc from 'fast-check';
import { type ServerEvent, SseParser } from '../../../page/sse-parser.ts';

function parse(...pieces: readonly string[]): ServerEvent[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

test('an event has its name, its data and its place', () => {
  expect(parse('id: 7\nevent: calls\ndata: {"a":1}\n\n')).toEqual([{ id: '7', event: 'calls', data: '{"a":1}' }]);
});

test('comments, retry times and empty blocks are no events', () => {
  expect(parse('retry: 1000\n\n:\n\n\n\n: still here\n\n')).toEqual([]);
});

test('the place stays until there is another one, the name does not', () => {
  expect(parse('id: 1\nevent: a\ndata: x\n\ndata: y\n\n')).toEqual([
    { id: '1', event: 'a', data: 'x' },
    { id: '1', event: 'message', data: 'y' },
  ]);
});

test('several lines of data are one text, and a colon in it stays', () => {
  expect(parse('data: a: b\ndata:c\ndata\n\n')).toEqual([{ id: undefined, event: 'message', data: 'a: b\nc\n' }]);
});

test('an event that is not complete is not told', () => {
  expect(parse('event: calls\ndata: half')).toEqual([]);
});

test('it does not matter where the network cuts', () => {
  const text =
    'retry: 1000\r\n\r\nid: 1\r\nevent: a\r\ndata: one\r\n\r\n:\n\nid: 2\ndata: zwei – 2\n\nid: 3\rdata: x\r\r';
  const whole = parse(text, '\n');
  expect(whole.map(({ data }) => data)).toEqual(['one', 'zwei – 2', 'x']);

  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
      expect(parse(...pieces, '\n')).toEqual(whole);
    }),
    { seed: 1, numRuns: 200 },
  );
});
