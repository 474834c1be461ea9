import { BoundedLog } from '../../../src/calls/bounded-log';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';

let clock: ManualClock;
let log: RecordingLogger;
let bounded: BoundedLog;

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  bounded = new BoundedLog(log, clock);
});

test('a stranger who tries a hundred thousand times in a minute causes one line', () => {
  for (let attempt = 0; attempt < 100_000; attempt += 1) bounded.warn('Refused', { attempt });

  expect(log.lines).toEqual([{ level: 'warn', message: 'Refused', fields: { attempt: 0 } }]);
});

test('the next line of the kind says how many were left out', () => {
  for (const attempt of [1, 2, 3]) bounded.warn('Refused', { attempt });
  clock.advance(60_000);
  for (const attempt of [4, 5]) bounded.warn('Refused', { attempt });
  clock.advance(60_000);
  bounded.warn('Refused', { attempt: 6 });

  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { attempt: 1 },
    { attempt: 4, leftOut: 2 },
    { attempt: 6, leftOut: 1 },
  ]);
});

test('an hour of attempts without a pause is sixty lines', () => {
  for (let second = 0; second < 3_600; second += 1) {
    bounded.warn('Refused');
    clock.advance(1_000);
  }

  expect(log.lines).toHaveLength(60);
});

test('one kind does not silence another', () => {
  bounded.warn('A stream was refused');
  bounded.warn('A webhook was refused');

  expect(log.lines).toHaveLength(2);
});

test('nothing is left behind that would keep the process', () => {
  bounded.warn('Refused');
  bounded.warn('Refused');

  expect(clock.pendingTimers).toBe(0);
});
