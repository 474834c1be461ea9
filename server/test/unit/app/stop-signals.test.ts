import { StopSignals } from '../../../src/app/stop-signals';
import { ManualClock } from '../../support/manual-clock';

test('the same Ctrl-C twice, from the terminal and from npm, is told once', () => {
  const signals = new StopSignals(new ManualClock());

  expect([signals.add('SIGINT'), signals.add('SIGINT')]).toEqual(['told', 'echo']);
});

test('a second Ctrl-C of somebody who is in a hurry is told', () => {
  const clock = new ManualClock();
  const signals = new StopSignals(clock);
  signals.add('SIGINT');

  clock.advance(600);

  expect(signals.add('SIGINT')).toBe('told');
});

test('signals without end are told again and again', () => {
  const clock = new ManualClock();
  const signals = new StopSignals(clock);
  let told = 0;

  for (let i = 0; i < 20; i++) {
    if (signals.add('SIGINT') === 'told') told += 1;
    clock.advance(100);
  }

  expect(told).toBe(4);
});

test('another signal is no echo: who asked for an orderly stop first wants it now', () => {
  const clock = new ManualClock();
  const signals = new StopSignals(clock);
  signals.add('SIGTERM');

  clock.advance(100);

  expect([signals.add('SIGQUIT'), signals.add('SIGINT')]).toEqual(['told', 'told']);
});

test('two signals that take turns are told each, and their echoes are not', () => {
  const signals = new StopSignals(new ManualClock());

  const told = (['SIGTERM', 'SIGINT', 'SIGTERM', 'SIGINT'] as const).map((signal) => signals.add(signal));

  expect(told).toEqual(['told', 'told', 'echo', 'echo']);
});

test('a demand to stop now is told each time', () => {
  const signals = new StopSignals(new ManualClock());

  expect([signals.add('SIGQUIT'), signals.add('SIGQUIT')]).toEqual(['told', 'told']);
});
