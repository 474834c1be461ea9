import fc from 'fast-check';
import { Keypad } from '../../../src/agent/keypad';
import { ManualClock } from '../../support/manual-clock';

const TYPING_GAP_MS = 2_000;
const TWIN_WINDOW_MS = 5_000;

let clock: ManualClock;
let keys: string[];
let typed: string[];
let keypad: Keypad;

function makeKeypad(): void {
  clock = new ManualClock();
  keys = [];
  typed = [];
  keypad = new Keypad({ clock, onKey: (digit) => keys.push(digit), onDigits: (digits) => typed.push(digits) });
}

beforeEach(makeKeypad);

function onStream(digits: string): void {
  for (const digit of digits) keypad.onStreamDigit(digit);
}

function onCarrier(digits: string): void {
  for (const digit of digits) keypad.onCarrierDigit(digit);
}

test('tells a key at once and the digits two seconds after the last one', () => {
  onStream('1');
  expect(keys).toEqual(['1']);
  clock.advance(TYPING_GAP_MS - 1);
  onStream('2');
  clock.advance(TYPING_GAP_MS - 1);
  expect(typed).toEqual([]);

  clock.advance(1);

  expect(typed).toEqual(['12']);
});

test.each([
  ['the stream is first', () => (onStream('42'), onCarrier('42'))],
  ['the webhook is first', () => (onCarrier('42'), onStream('42'))],
  ['they take turns', () => (onStream('4'), onCarrier('42'), onStream('2'))],
  ['the webhooks overtake each other', () => (onStream('42'), onCarrier('24'))],
])('counts a press that both report once when %s', (_, report) => {
  report();
  clock.advance(TYPING_GAP_MS);

  expect(keys).toEqual(['4', '2']);
  expect(typed).toEqual(['42']);
});

test.each([
  ['the stream', onStream],
  ['the webhooks', onCarrier],
])('takes all from %s when nothing else reports', (_, report) => {
  report('1123');
  clock.advance(TYPING_GAP_MS);

  expect(typed).toEqual(['1123']);
});

test('counts one key that is pressed twice twice', () => {
  onStream('77');
  onCarrier('77');

  expect(keys).toEqual(['7', '7']);
});

test('is not shifted by a press that the stream has lost', () => {
  onStream('23');
  onCarrier('123');

  expect(keys).toEqual(['2', '3', '1']);
});

test('does not take a late webhook for another press, even after the digits were told', () => {
  onStream('5');
  clock.advance(TWIN_WINDOW_MS - 1);

  onCarrier('5');

  expect(keys).toEqual(['5']);
  expect(typed).toEqual(['5']);
});

test('forgets a press that one side never reported, so that it does not swallow a later one', () => {
  onCarrier('5');
  clock.advance(TWIN_WINDOW_MS);

  onStream('5');

  expect(keys).toEqual(['5', '5']);
});

test('does so while the callee keeps on typing other keys', () => {
  onCarrier('5');
  for (const digit of '123') {
    clock.advance(TYPING_GAP_MS - 1);
    onStream(digit);
  }

  onStream('5');

  expect(keys.join('')).toBe('51235');
});

test('tells the digits in the order of the stream when a webhook was faster', () => {
  onCarrier('2');
  onStream('12');
  onCarrier('1');
  clock.advance(TYPING_GAP_MS);

  expect(typed).toEqual(['12']);
});

test('does not wait after the key that ends a number', () => {
  onStream('123#');

  expect(keys).toEqual(['1', '2', '3', '#']);
  expect(typed).toEqual(['123#']);
  expect(clock.pendingTimers).toBe(0);
});

test('tells 32 digits without waiting, and begins anew', () => {
  onStream('1'.repeat(33));
  expect(typed).toEqual(['1'.repeat(32)]);

  clock.advance(TYPING_GAP_MS);

  expect(typed).toEqual(['1'.repeat(32), '1']);
});

test('tells nothing after close, and leaves no timer', () => {
  onStream('1');
  keypad.close();
  keypad.close();

  onStream('2');
  onCarrier('3');
  clock.advance(TYPING_GAP_MS);

  expect(keys).toEqual(['1']);
  expect(typed).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('sets no timer when it is closed by the one who is told of a key', () => {
  const closing = new Keypad({ clock, onKey: () => closing.close(), onDigits: (digits) => typed.push(digits) });

  closing.onStreamDigit('#');

  expect(typed).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

type Press = {
  readonly digit: string;
  readonly gapMs: number;
  /** How late each source reports it; null when it never does. */
  readonly streamMs: number | null;
  readonly carrierMs: number | null;
};

type Report = { readonly atMs: number; readonly digit: string; readonly source: 'stream' | 'carrier' };

const delays = fc.integer({ min: 0, max: TWIN_WINDOW_MS - 1 });

function presses({ streamDelays = delays, maxGapMs = 3_000, digits = ['1', '2', '#'] } = {}): fc.Arbitrary<Press[]> {
  return fc.array(
    fc.record({
      digit: fc.constantFrom(...digits),
      gapMs: fc.integer({ min: 40, max: maxGapMs }),
      streamMs: fc.option(streamDelays),
      carrierMs: fc.option(delays),
    }),
    { maxLength: 24 },
  );
}

/** All reports in the order in which they arrive; the stream keeps the order of the presses. */
function reportsOf(pressed: readonly Press[]): Report[] {
  let atMs = 0;
  let streamMs = 0;
  const reports = pressed.flatMap((press): Report[] => {
    atMs += press.gapMs;
    const all: Report[] = [];
    if (press.streamMs !== null) {
      streamMs = Math.max(streamMs, atMs + press.streamMs);
      all.push({ atMs: streamMs, digit: press.digit, source: 'stream' });
    }
    if (press.carrierMs !== null) all.push({ atMs: atMs + press.carrierMs, digit: press.digit, source: 'carrier' });
    return all;
  });
  return reports.sort((a, b) => a.atMs - b.atMs);
}

function play(reports: readonly Report[]): void {
  makeKeypad();
  const startMs = clock.monotonicMs();
  for (const { atMs, digit, source } of reports) {
    clock.advance(startMs + atMs - clock.monotonicMs());
    if (source === 'stream') keypad.onStreamDigit(digit);
    else keypad.onCarrierDigit(digit);
  }
  clock.advance(TYPING_GAP_MS);
}

function countOf(digit: string, digits: readonly string[]): number {
  return digits.filter((other) => other === digit).length;
}

test('never counts a press twice, and tells every key once more with its digits', () => {
  fc.assert(
    fc.property(presses(), (pressed) => {
      play(reportsOf(pressed));

      const reported = pressed.filter(({ streamMs, carrierMs }) => streamMs !== null || carrierMs !== null);
      for (const digit of ['1', '2', '#']) {
        const atMost = countOf(
          digit,
          reported.map((press) => press.digit),
        );
        expect(countOf(digit, keys)).toBeLessThanOrEqual(atMost);
      }
      expect(typed.join('').split('').sort()).toEqual([...keys].sort());
    }),
  );
});

test('loses no press as long as one source is complete, whatever the other loses', () => {
  fc.assert(
    fc.property(presses(), fc.boolean(), (random, isStreamComplete) => {
      const pressed = random.map((press) => ({
        ...press,
        ...(isStreamComplete ? { streamMs: press.streamMs ?? 0 } : { carrierMs: press.carrierMs ?? 0 }),
      }));

      play(reportsOf(pressed));

      expect([...keys].sort()).toEqual(pressed.map(({ digit }) => digit).sort());
    }),
  );
});

test('loses no press while each is reported by somebody and equal keys are far apart', () => {
  fc.assert(
    fc.property(presses(), (random) => {
      const pressed = random
        .filter(({ streamMs, carrierMs }) => streamMs !== null || carrierMs !== null)
        .map((press) => ({ ...press, gapMs: press.gapMs + 2 * TWIN_WINDOW_MS }));

      play(reportsOf(pressed));

      expect([...keys].sort()).toEqual(pressed.map(({ digit }) => digit).sort());
    }),
  );
});

test('keeps the order of a complete and timely stream, however the webhooks arrive', () => {
  const timely = presses({ streamDelays: fc.integer({ min: 0, max: 400 }), maxGapMs: 1_500, digits: ['1', '2', '3'] });
  fc.assert(
    fc.property(timely, (random) => {
      const pressed = random.map((press) => ({ ...press, streamMs: press.streamMs ?? 0 }));

      play(reportsOf(pressed));

      expect(typed.join('')).toBe(pressed.map(({ digit }) => digit).join(''));
    }),
  );
});
