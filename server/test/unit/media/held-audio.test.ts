import { HeldAudio } from '../../../src/media/held-audio';

const MAX_BYTES = 4_800;

function released(held: HeldAudio): Buffer[] {
  const frames: Buffer[] = [];
  for (let frame = held.takeOldest(); frame; frame = held.takeOldest()) frames.push(frame);
  return frames;
}

test('gives back what it holds in order, once', () => {
  const held = new HeldAudio(MAX_BYTES);
  held.add(Buffer.from('one'));
  held.add(Buffer.from('two'));

  expect(held.isEmpty).toBe(false);
  expect(released(held).map(String)).toEqual(['one', 'two']);
  expect(held.isEmpty).toBe(true);
});

test('keeps copies: frames are only lent', () => {
  const held = new HeldAudio(MAX_BYTES);
  const frame = Buffer.from('one');
  held.add(frame);

  frame.write('two');

  expect(released(held).map(String)).toEqual(['one']);
});

test('keeps the newest when there is too much, and counts the rest', () => {
  const held = new HeldAudio(MAX_BYTES);
  for (let frame = 0; frame < 30; frame += 1) held.add(Buffer.alloc(480, frame));

  const frames = released(held);

  expect(frames.map((frame) => frame[0])).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  expect(held.droppedBytes).toBe(20 * 480);
});

test('has room again for what was taken out', () => {
  const held = new HeldAudio(MAX_BYTES);
  held.add(Buffer.alloc(MAX_BYTES));
  released(held);

  held.add(Buffer.alloc(MAX_BYTES));

  expect(released(held)).toHaveLength(1);
  expect(held.droppedBytes).toBe(0);
});

test('does not keep a single frame that is larger than everything it may hold', () => {
  const held = new HeldAudio(MAX_BYTES);

  held.add(Buffer.alloc(MAX_BYTES + 1));
  held.add(Buffer.from('next'));

  expect(released(held).map(String)).toEqual(['next']);
});
