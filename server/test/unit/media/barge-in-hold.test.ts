import fc from 'fast-check';
import { BargeInHold } from '../../../src/media/barge-in-hold';

const FRAME_MS = 20;
const HOLD_MS = 200;

/** The milliseconds after which a hold lets an interruption through; each frame is a letter, V for voiced. */
function interruptionsMs(hold: BargeInHold, frames: string): number[] {
  return Array.from(frames).flatMap((frame, index) =>
    hold.onFrame({ isVoiced: frame === 'V', frameMs: FRAME_MS }) ? [(index + 1) * FRAME_MS] : [],
  );
}

function armed(holdMs = HOLD_MS): BargeInHold {
  const hold = new BargeInHold({ holdMs });
  hold.onSpeechStarted();
  return hold;
}

test('interrupts once, as soon as the callee has spoken for as long as it takes', () => {
  expect(interruptionsMs(armed(), 'V'.repeat(100))).toEqual([HOLD_MS]);
});

test('without a hold, interrupts at the word of the server', () => {
  const hold = new BargeInHold({ holdMs: 0 });

  expect(hold.onSpeechStarted()).toBe(true);
  expect(interruptionsMs(hold, 'VVVV')).toEqual([]);
  expect(hold.onSpeechStopped()).toBeUndefined();
});

test('with a hold, does not take the word of the server', () => {
  expect(new BargeInHold({ holdMs: HOLD_MS }).onSpeechStarted()).toBe(false);
});

test('does not interrupt before the server reports speech', () => {
  const hold = new BargeInHold({ holdMs: HOLD_MS });

  expect(interruptionsMs(hold, 'V'.repeat(100))).toEqual([]);
});

test('counts voice from the report on only', () => {
  const hold = new BargeInHold({ holdMs: HOLD_MS });
  interruptionsMs(hold, 'V'.repeat(9));
  hold.onSpeechStarted();

  expect(interruptionsMs(hold, 'V'.repeat(20))).toEqual([HOLD_MS]);
});

test('takes pauses off what was said', () => {
  // 5 frames of voice, 2 of pause: 3 are left, and 7 more make 10.
  expect(interruptionsMs(armed(), `${'V'.repeat(5)}..${'V'.repeat(20)}`)).toEqual([(5 + 2 + 7) * FRAME_MS]);
});

test('does not let a pause make the next word count for less than nothing', () => {
  const frames = `${'.'.repeat(50)}${'V'.repeat(20)}`;

  expect(interruptionsMs(armed(), frames)).toEqual([50 * FRAME_MS + HOLD_MS]);
});

test('does not add up coughs that are far apart', () => {
  expect(interruptionsMs(armed(), `${'V'.repeat(7)}${'.'.repeat(15)}`.repeat(20))).toEqual([]);
});

test('tells how near the callee came to interrupting when the speech ends first', () => {
  const hold = armed();
  interruptionsMs(hold, `VVV.VVVV${'.'.repeat(25)}`);

  expect(hold.onSpeechStopped()).toEqual({ voicedMs: (3 - 1 + 4) * FRAME_MS });
});

test('tells of speech in which no voice was found', () => {
  expect(armed().onSpeechStopped()).toEqual({ voicedMs: 0 });
});

test('tells of no hold when the callee has interrupted', () => {
  const hold = armed();
  interruptionsMs(hold, 'V'.repeat(10));

  expect(hold.onSpeechStopped()).toBeUndefined();
});

test('tells of no hold when no speech was reported', () => {
  expect(new BargeInHold({ holdMs: HOLD_MS }).onSpeechStopped()).toBeUndefined();
});

test('tells of the end of one speech once, and does not interrupt after it', () => {
  const hold = armed();
  hold.onSpeechStopped();

  expect(interruptionsMs(hold, 'V'.repeat(100))).toEqual([]);
  expect(hold.onSpeechStopped()).toBeUndefined();
});

test('starts from nothing with each speech', () => {
  const hold = armed();
  interruptionsMs(hold, 'V'.repeat(9));
  hold.onSpeechStopped();
  hold.onSpeechStarted();

  expect(interruptionsMs(hold, 'V'.repeat(4))).toEqual([]);
  expect(hold.onSpeechStopped()).toEqual({ voicedMs: 4 * FRAME_MS });
});

test('interrupts again in the next speech', () => {
  const hold = armed();
  interruptionsMs(hold, 'V'.repeat(30));
  hold.onSpeechStopped();
  hold.onSpeechStarted();

  expect(interruptionsMs(hold, 'V'.repeat(30))).toEqual([HOLD_MS]);
});

test('either interrupts or tells a count below the hold, of which a shorter hold would have made an interruption', () => {
  const frames = fc.array(fc.constantFrom('V', '.'), { maxLength: 80 }).map((letters) => letters.join(''));
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 600 }), (speech, holdMs) => {
      const hold = armed(holdMs);
      const isInterrupted = interruptionsMs(hold, speech).length > 0;
      const heldOff = hold.onSpeechStopped();

      expect(heldOff === undefined).toBe(isInterrupted);
      if (!heldOff) return;
      expect(heldOff.voicedMs).toBeLessThan(holdMs);
      if (heldOff.voicedMs > 0) expect(interruptionsMs(armed(heldOff.voicedMs), speech)).toHaveLength(1);
      expect(interruptionsMs(armed(heldOff.voicedMs + 1), speech)).toHaveLength(0);
    }),
  );
});
