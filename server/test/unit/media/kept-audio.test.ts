// The last of the callee's audio: every byte in its place, and no more of it than is wanted.

import fc from 'fast-check';
import { KeptAudio } from '../../../src/media/kept-audio';

const MAX_BYTES = 20_000;

const STEP = fc.oneof(
  fc.record({ add: fc.integer({ min: 0, max: 9_000 }) }),
  fc.record({ forget: fc.integer({ min: 0, max: 30_000 }) }),
);

test('whatever is added and forgotten, what is read is what came', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 30 }), (steps) => {
      const kept = new KeptAudio(MAX_BYTES);
      const all: number[] = [];
      for (const step of steps) {
        if ('forget' in step) kept.forgetBefore(step.forget);
        else {
          const frame = Uint8Array.from({ length: step.add }, (_, index) => (all.length + index) % 251);
          all.push(...frame);
          kept.add(frame);
        }
      }

      expect(kept.endByte).toBe(all.length);
      expect(kept.endByte - kept.startByte).toBeLessThanOrEqual(MAX_BYTES);
      expect(kept.read(0).equals(Buffer.from(all.slice(kept.startByte)))).toBe(true);
      const [from, to] = [kept.startByte + 100, kept.endByte - 100];
      expect(kept.read(from, to).equals(Buffer.from(all.slice(from, Math.max(from, to))))).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('the frame that was added is the caller’s again', () => {
  const kept = new KeptAudio(MAX_BYTES);
  const frame = Uint8Array.of(1, 2, 3);
  kept.add(frame);
  frame.fill(9);

  expect([...kept.read(0)]).toEqual([1, 2, 3]);
});
