import { CallTimers } from '../../../src/calls/call-timers';
import { ManualClock } from '../../support/manual-clock';

let clock: ManualClock;
let timers: CallTimers;
let fired: string[];

beforeEach(() => {
  clock = new ManualClock();
  timers = new CallTimers(clock);
  fired = [];
});

test('a deadline that passes runs its task once', () => {
  timers.set('ring', 1_000, () => fired.push('ring'));

  clock.advance(999);
  expect(fired).toEqual([]);
  clock.advance(5_000);

  expect(fired).toEqual(['ring']);
});

test('setting a deadline again replaces it', () => {
  timers.set('ring', 1_000, () => fired.push('first'));
  timers.set('ring', 3_000, () => fired.push('second'));

  clock.advance(10_000);

  expect(fired).toEqual(['second']);
});

test('a cleared deadline does nothing, and others go on', () => {
  timers.set('ring', 1_000, () => fired.push('ring'));
  timers.set('max-duration', 1_000, () => fired.push('max-duration'));

  timers.clear('ring');
  clock.advance(1_000);

  expect(fired).toEqual(['max-duration']);
});

test('clearing all leaves nothing behind', () => {
  timers.set('ring', 1_000, () => fired.push('ring'));
  timers.set('stream-start', 2_000, () => fired.push('stream-start'));

  timers.clearAll();
  clock.advance(10_000);

  expect(fired).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('a task may set its own deadline anew', () => {
  const again = (): void => {
    fired.push('retry');
    if (fired.length < 3) timers.set('stream-retry', 1_000, again);
  };
  timers.set('stream-retry', 1_000, again);

  clock.advance(10_000);

  expect(fired).toEqual(['retry', 'retry', 'retry']);
  expect(clock.pendingTimers).toBe(0);
});

test('a deadline that has run can be cleared without touching its successor', () => {
  timers.set('stream-retry', 1_000, () => timers.set('stream-retry', 1_000, () => fired.push('second')));
  clock.advance(1_000);

  timers.clear('ring');
  clock.advance(1_000);

  expect(fired).toEqual(['second']);
});
