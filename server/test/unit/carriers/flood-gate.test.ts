import fc from 'fast-check';
import { FloodGate } from '../../../src/carriers/telnyx/flood-gate';
import { ManualClock } from '../../support/manual-clock';

const FRAME_BYTES = 300;

let clock: ManualClock;
let gate: FloodGate;

beforeEach(() => {
  clock = new ManualClock();
  gate = new FloodGate(clock);
});

/** How many frames of some size pass at once. */
function passing(bytes: number, most = 10_000): number {
  for (let count = 0; count < most; count += 1) if (!gate.take(bytes)) return count;
  return most;
}

test('an hour of a phone call passes, both tracks and a clock that runs fast included', () => {
  let passed = true;
  for (let frame = 0; frame < 3_600 * 90; frame += 1) {
    passed &&= gate.take(FRAME_BYTES);
    clock.advance(1_000 / 90);
  }

  expect(passed).toBe(true);
});

test('what a stall of half a minute held back passes at once, and the call goes on', () => {
  clock.advance(30_000);
  expect(passing(0, 1_500)).toBe(1_500);
  clock.advance(1_000);

  expect(passing(0, 100)).toBe(100);
});

test('1,500 frames at once are all that there may be, however long it was silent', () => {
  clock.advance(3_600_000);

  expect(passing(0)).toBe(1_500);
});

test('a large frame counts for as many as it is long', () => {
  expect(passing(64 * 1024)).toBe(Math.floor(1_500 / 17));
});

test('twice the rate of a phone call does not pass for long', () => {
  let frames = 0;
  while (gate.take(FRAME_BYTES)) {
    frames += 1;
    clock.advance(5);
  }

  expect(frames).toBeLessThan(3_000);
});

test('never does more pass than the burst and a hundred a second', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ waitMs: fc.nat(500), frames: fc.nat(400), bytes: fc.nat(70_000) }), { maxLength: 60 }),
      (rounds) => {
        const start = new ManualClock();
        const fresh = new FloodGate(start);
        let cost = 0;
        let elapsedMs = 0;
        for (const { waitMs, frames, bytes } of rounds) {
          start.advance(waitMs);
          elapsedMs += waitMs;
          for (let count = 0; count < frames && fresh.take(bytes); count += 1) cost += 1 + bytes / 4_096;
        }
        expect(cost).toBeLessThanOrEqual(1_500 + elapsedMs * 0.1 + 1e-6);
      },
    ),
  );
});
