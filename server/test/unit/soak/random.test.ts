import { planCall } from '../../../soak/call-plan';
import { Random } from '../../../soak/random';

test('the same seed makes the same calls, another one makes others', () => {
  const plans = (seed: number): string => {
    const random = new Random(seed);
    return JSON.stringify(Array.from({ length: 20 }, (_, index) => planCall(index, random)));
  };

  expect(plans(7)).toBe(plans(7));
  expect(plans(7)).not.toBe(plans(8));
});

test('whole numbers reach both bounds and nothing beyond', () => {
  const random = new Random(1);
  const drawn = new Set(Array.from({ length: 500 }, () => random.between(2, 4)));

  expect([...drawn].sort()).toEqual([2, 3, 4]);
});

test('faults come up, and ordinary calls among them', () => {
  const random = new Random(3);
  const names = Array.from({ length: 300 }, (_, index) => planCall(index, random).faultName);

  expect(new Set(names).size).toBeGreaterThan(20);
  expect(names.filter((name) => name === 'none').length).toBeGreaterThan(60);
});

test('every number dialled is a fictional one, and live calls do not share one', () => {
  const random = new Random(5);
  const numbers = Array.from({ length: 1_000 }, (_, index) => planCall(index, random).to);

  expect(numbers.every((to) => /^\+1202555\d{4}$/.test(to))).toBe(true);
  expect(new Set(numbers).size).toBe(1_000);
});
