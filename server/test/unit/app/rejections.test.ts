// How many unhandled rejections a server bears.

import { Rejections } from '../../../src/app/rejections';
import { ManualClock } from '../../support/manual-clock';

test('a few in a minute are tolerable, more are not', () => {
  const rejections = new Rejections(new ManualClock());

  expect(Array.from({ length: 6 }, () => rejections.add())).toEqual([...Array(5).fill('tolerable'), 'too-many']);
});

test('those of more than a minute ago do not count any more', () => {
  const clock = new ManualClock();
  const rejections = new Rejections(clock);
  for (let i = 0; i < 5; i++) rejections.add();

  clock.advance(60_000);

  expect(rejections.add()).toBe('tolerable');
});
