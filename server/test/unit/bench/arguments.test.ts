import { audioModes, wholeNumber } from '../../../bench/arguments';

test('whole numbers from the least on are taken', () => {
  expect(wholeNumber('--calls', '200')).toBe(200);
  expect(wholeNumber('--rounds', '0', 0)).toBe(0);
});

test.each(['', '0', '-1', '1.5', 'many', 'Infinity'])('%j is no number of calls', (text) => {
  expect(() => wholeNumber('--calls', text)).toThrow('--calls takes a whole number from 1 on');
});

test('modes are taken in one order, each once', () => {
  expect(audioModes('--modes', 'pcmu, pcm16,pcmu')).toEqual(['pcm16', 'pcmu']);
});

test('an unknown mode is refused', () => {
  expect(() => audioModes('--modes', 'pcm16,opus')).toThrow("--modes takes pcm16,pcmu, not 'pcm16,opus'.");
});
