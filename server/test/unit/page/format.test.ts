// Numbers, times and money as the page shows them.

import { duration, megabytes, moment, phone, seconds, timeOfDay, usd } from '../../../page/format.ts';

test('a duration has minutes and seconds, and hours when there are some', () => {
  expect([0, 7.9, 65, 3_599, 3_661].map(duration)).toEqual(['0:00', '0:07', '1:05', '59:59', '1:01:01']);
});

test('a duration is never negative, however wrong the clocks are', () => {
  expect(duration(-5)).toBe('0:00');
});

test('money below a dollar shows the fractions of a cent that a call costs', () => {
  expect([0, 0.01234, 0.99, 1, 12.5].map(usd)).toEqual(['$0.0000', '$0.0123', '$0.9900', '$1.00', '$12.50']);
});

test('what is not known is neither nothing nor zero', () => {
  expect([usd(null), usd(undefined), seconds(null)]).toEqual(['–', '–', '–']);
});

test('waits are in seconds, sizes in megabytes', () => {
  expect([seconds(662), megabytes(115_200_000)]).toEqual(['0.66 s', '115.2 MB']);
});

test('a number whose gaps are not known stays as it is', () => {
  expect([phone('+12025550123'), phone('+999123'), phone('sip:desk@example.com')]).toEqual([
    '+1 202 555 0123',
    '+999123',
    'sip:desk@example.com',
  ]);
});

test('a moment of today is a time, one of before has its day', () => {
  const now = new Date(2026, 10, 21, 15, 0, 0);
  const [today, before] = [new Date(2026, 10, 21, 9, 5, 7), new Date(2026, 10, 20, 23, 59, 1)];

  expect(timeOfDay(today.toISOString())).toBe('09:05:07');
  expect(moment(today.toISOString(), now.getTime())).toBe('09:05:07');
  expect(moment(before.toISOString(), now.getTime())).toBe('2026-11-20 23:59');
});
