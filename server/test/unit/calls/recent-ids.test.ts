import { RecentIds } from '../../../src/calls/recent-ids';
import { ManualClock } from '../../support/manual-clock';

test('an id is new once', () => {
  const ids = new RecentIds(new ManualClock());

  expect([ids.add('a'), ids.add('a'), ids.add('b')]).toEqual([true, false, true]);
});

test('an id is remembered for as long as a signature is accepted, and forgotten in the end', () => {
  const clock = new ManualClock();
  const ids = new RecentIds(clock);
  ids.add('a');

  clock.advance(659_000);
  expect(ids.add('a')).toBe(false);
  clock.advance(1_000);

  expect(ids.add('a')).toBe(true);
});

test('a flood of ids pushes out the oldest only', () => {
  const ids = new RecentIds(new ManualClock());
  for (let number = 0; number <= 50_000; number += 1) ids.add(`id-${number}`);

  expect(ids.add('id-50000')).toBe(false);
  expect(ids.add('id-1000')).toBe(false);
  expect(ids.add('id-0')).toBe(true);
});
