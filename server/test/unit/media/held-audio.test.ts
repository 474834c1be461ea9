import { HeldAudio } from '../../../src/media/held-audio';

const MAX_HELD_BYTES = 5 * 24_000 * 2;

test('releases what it holds in order, once', () => {
  const held = new HeldAudio();
  held.add(Buffer.from('one'));
  held.add(Buffer.from('two'));

  expect(held.release().map(String)).toEqual(['one', 'two']);
  expect(held.release()).toEqual([]);
});

test('keeps the newest when there is too much', () => {
  const held = new HeldAudio();
  for (let frame = 0; frame < 300; frame += 1) held.add(Buffer.alloc(960, frame));

  const frames = held.release();

  expect(frames.reduce((sum, { length }) => sum + length, 0)).toBe(MAX_HELD_BYTES);
  expect(frames[0]![0]).toBe(50);
  expect(frames.at(-1)![0]).toBe(299 % 256);
});

test('counts anew after a release', () => {
  const held = new HeldAudio();
  held.add(Buffer.alloc(MAX_HELD_BYTES));
  held.release();

  held.add(Buffer.alloc(MAX_HELD_BYTES));

  expect(held.release()).toHaveLength(1);
});

test('does not keep a single frame that is larger than everything it may hold', () => {
  const held = new HeldAudio();

  held.add(Buffer.alloc(MAX_HELD_BYTES + 1));
  held.add(Buffer.from('next'));

  expect(held.release().map(String)).toEqual(['next']);
});
