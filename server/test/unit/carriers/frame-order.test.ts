// The order of caller frames: whatever a network does to them, each is heard once and in its place.

import fc from 'fast-check';
import { FrameOrder } from '../../../src/carriers/telnyx/frame-order';
import { ManualClock } from '../../support/manual-clock';

type Report = { readonly frame: string } | { readonly missing: number };

function order(clock = new ManualClock()): { readonly order: FrameOrder; readonly reports: Report[] } {
  const reports: Report[] = [];
  const frameOrder = new FrameOrder(clock, {
    onFrame: (frame) => reports.push({ frame }),
    onMissing: (missing) => reports.push({ missing }),
  });
  return { order: frameOrder, reports };
}

function taken(chunks: readonly number[]): Report[] {
  const { order: frameOrder, reports } = order();
  for (const chunk of chunks) frameOrder.take(chunk, `f${chunk}`);
  return reports;
}

function frames(...chunks: readonly number[]): Report[] {
  return chunks.map((chunk) => ({ frame: `f${chunk}` }));
}

test('frames in order pass at once', () => {
  expect(taken([1, 2, 3])).toEqual(frames(1, 2, 3));
});

test('a frame that overtook its predecessor waits for it', () => {
  expect(taken([1, 3, 2, 4])).toEqual(frames(1, 2, 3, 4));
});

test('a repeated frame is heard once, be it old or still waiting', () => {
  expect(taken([1, 2, 2, 1, 4, 4, 3, 5])).toEqual(frames(1, 2, 3, 4, 5));
});

test('a frame that does not come is reported missing once four later ones wait, and its successors go on', () => {
  expect(taken([1, 3, 4, 5, 6])).toEqual(frames(1));
  expect(taken([1, 3, 4, 5, 6, 7])).toEqual([...frames(1), { missing: 1 }, ...frames(3, 4, 5, 6, 7)]);
});

test('a run of lost frames is reported with its length', () => {
  expect(taken([1, 11, 12, 13, 14, 15])).toEqual([...frames(1), { missing: 9 }, ...frames(11, 12, 13, 14, 15)]);
});

test('a frame that comes after it was given up is dropped', () => {
  expect(taken([1, 3, 4, 5, 6, 7, 2, 8])).toEqual([...frames(1), { missing: 1 }, ...frames(3, 4, 5, 6, 7, 8)]);
});

test('the end of a stream delivers what still waits', () => {
  const { order: frameOrder, reports } = order();
  frameOrder.take(1, 'f1');
  frameOrder.take(3, 'f3');

  frameOrder.finish();

  expect(reports).toEqual([...frames(1), { missing: 1 }, ...frames(3)]);
});

test.each([
  ['starts anew', [5_000, 5_001, 1, 2, 3, 4, 5, 6], [5_000, 5_001, 1, 2, 3, 4, 5, 6]],
  ['starts anew early', [58, 59, 60, 1, 2, 3, 4, 5, 6], [58, 59, 60, 1, 2, 3, 4, 5, 6]],
  ['jumps ahead', [1, 2, 90_000, 90_001, 90_002, 90_003, 90_004], [1, 2, 90_000, 90_001, 90_002, 90_003, 90_004]],
])('a counter that %s is followed without a gap', (_what, chunks, heard) => {
  expect(taken(chunks)).toEqual(frames(...heard));
});

test.each([[[900]], [[900, 901]], [[900, 905, 12]]])('old frames %j among new ones are dropped', (old) => {
  expect(taken([998, 999, ...old, 1_000, 1_001])).toEqual(frames(998, 999, 1_000, 1_001));
});

test('an old stretch that comes again, mixed with what is new, is dropped', () => {
  expect(taken([10, 11, 4, 12, 5, 13, 6, 14, 7, 15, 8, 16])).toEqual(frames(10, 11, 12, 13, 14, 15, 16));
});

test('the first two frames of a stream may be swapped too', () => {
  expect(taken([2, 1, 3])).toEqual(frames(1, 2, 3));
});

test('a missing frame is waited for 100 ms at most, even when the stream pauses', () => {
  const clock = new ManualClock();
  const { order: frameOrder, reports } = order(clock);
  for (const chunk of [1, 3, 4]) frameOrder.take(chunk, `f${chunk}`);
  clock.advance(99);
  expect(reports).toEqual(frames(1));

  clock.advance(1);

  expect(reports).toEqual([...frames(1), { missing: 1 }, ...frames(3, 4)]);
  expect(clock.pendingTimers).toBe(0);
});

test('a frame that came in time leaves no timer behind', () => {
  const clock = new ManualClock();
  const { order: frameOrder } = order(clock);
  for (const chunk of [1, 3, 2]) frameOrder.take(chunk, '');

  expect(clock.pendingTimers).toBe(0);
});

test('frames without a number pass as they come, and do not disturb those with one', () => {
  const { order: frameOrder, reports } = order();
  frameOrder.take(undefined, 'a');
  frameOrder.take(7, 'f7');
  frameOrder.take(undefined, 'b');
  frameOrder.take(8, 'f8');

  expect(reports.map((report) => 'frame' in report && report.frame)).toEqual(['a', 'f7', 'b', 'f8']);
});

test('what was out of order is counted', () => {
  const { order: frameOrder } = order();
  for (const chunk of [1, 3, 2, 2, 5, 6, 7, 8, 9]) frameOrder.take(chunk, '');

  expect(frameOrder.stats).toEqual({ reordered: 1, duplicates: 1, missing: 1 });
});

test('however frames within the window are swapped, repeated and lost, each is heard at most once and in order', () => {
  const jitter = fc.array(fc.record({ late: fc.nat(3), copies: fc.nat(2) }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(jitter, (journeys) => {
      const arrivals = journeys
        .flatMap(({ late, copies }, index) =>
          Array.from({ length: copies }, (_, copy) => ({ at: index + late + copy * 0.25, chunk: index + 1 })),
        )
        .sort((a, b) => a.at - b.at);
      const { order: frameOrder, reports } = order();
      // The first frame tells where the counter stands.
      frameOrder.take(0, 'f0');
      for (const { chunk } of arrivals) frameOrder.take(chunk, `f${chunk}`);
      frameOrder.finish();

      const heard = reports.flatMap((report) => ('frame' in report ? [Number(report.frame.slice(1))] : []));
      const sent = [0, ...new Set(arrivals.map(({ chunk }) => chunk))].sort((a, b) => a - b);
      const lost = reports.reduce((sum, report) => sum + ('missing' in report ? report.missing : 0), 0);
      expect(heard).toEqual(sent);
      expect(heard.length + lost).toBe((heard.at(-1) ?? 0) + 1);
    }),
  );
});
