// Where frames stand in a recording when the network, the clocks and the AI do as they like.

import fc from 'fast-check';
import { latenessMs, PER_MS, randomNumbers, RecorderRig } from './recorder-rig';

const TEN_MINUTES_MS = 600_000;
const TOLERANCE_MS = 20;

// The recorder holds back so much: until then, a quicker frame moves the row to where it belongs.
const HOLD_MS = 1_500;

/** The greatest error of place from a moment on, milliseconds. */
function worstErrorMs(pcm: Int16Array, fromMs = 0): number {
  let worst = 0;
  for (let i = fromMs * PER_MS; i < pcm.length; i += PER_MS) {
    worst = Math.max(worst, Math.abs(latenessMs(pcm[i]!, i) ?? 0));
  }
  return worst;
}

/** How often what follows is not the next millisecond, silence aside. */
function breaks(pcm: Int16Array): number {
  let count = 0;
  for (let i = PER_MS; i < pcm.length; i += PER_MS) {
    const [last, next] = [pcm[i - PER_MS]!, pcm[i]!];
    if (last !== 0 && next !== 0 && next - last !== 1 && last - next !== 29_999) count += 1;
  }
  return count;
}

/** Milliseconds of sound. */
function soundMs(pcm: Int16Array): number {
  let samples = 0;
  for (const sample of pcm) if (sample !== 0) samples += 1;
  return samples / PER_MS;
}

type Network = { readonly seed: number; readonly jitterMs: number; readonly frameMs: number; readonly startMs: number };

const NETWORK = fc.record({
  seed: fc.integer(),
  jitterMs: fc.integer({ min: 0, max: 100 }),
  frameMs: fc.integer({ min: 5, max: 60 }),
  startMs: fc.integer({ min: 0, max: 3_000 }),
});

test.each([
  [10_000, 30],
  [TEN_MINUTES_MS, 1],
])(
  'frames of any size and with any jitter stand in one row, where the quickest of its first puts them, for %d ms',
  (callMs, numRuns) => {
    const run = ({ seed, jitterMs, frameMs, startMs }: Network): void => {
      const random = randomNumbers(seed);
      const rig = RecorderRig.streaming();
      let arrivedMs = 0;
      // What no frame was quicker than counts as the way from there to here.
      let wayMs = Infinity;
      for (let ms = startMs; ms < callMs; ms += frameMs) {
        arrivedMs = Math.max(arrivedMs, ms + random() * jitterMs);
        if (ms - startMs <= HOLD_MS) wayMs = Math.min(wayMs, arrivedMs - ms);
        rig.at(arrivedMs).callee(ms, frameMs);
      }
      const { left } = rig.at(callMs).finish();

      expect(breaks(left)).toBe(0);
      // A sample tells its place to the millisecond.
      expect(worstErrorMs(left)).toBeLessThan(wayMs + 1);
      expect(Math.abs(soundMs(left) - (callMs - startMs))).toBeLessThan(jitterMs + frameMs + 1);
    };

    // The quick frames of these came only when what was before was in the file.
    const slowAtFirst: readonly Network[] = [
      { seed: -1_803_354_156, jitterMs: 81, frameMs: 10, startMs: 0 },
      { seed: -2_147_483_628, jitterMs: 88, frameMs: 8, startMs: 0 },
    ];
    fc.assert(fc.property(NETWORK, run), {
      numRuns: numRuns + slowAtFirst.length,
      examples: slowAtFirst.map((network) => [network]),
    });
  },
);

test.each([150, 400, 800, 1_400])('what waited %d ms on its way stands where it was spoken', (stallMs) => {
  const rig = RecorderRig.streaming();
  for (let ms = 0; ms < 10_000; ms += 20) {
    const isHeldUp = ms >= 5_000 && ms < 5_000 + stallMs;
    rig.at(isHeldUp ? 5_000 + stallMs : ms).callee(ms);
  }

  const { left } = rig.at(10_000).finish();

  expect(breaks(left)).toBe(0);
  expect(soundMs(left)).toBe(10_000);
  expect(worstErrorMs(left)).toBe(0);
});

test.each([40, 200, 3_000])('%d ms that never came are silence, and what follows stands in its place', (lostMs) => {
  const rig = RecorderRig.streaming();
  for (let ms = 0; ms < 20_000; ms += 20) {
    const isLost = ms >= 5_000 && ms < 5_000 + lostMs;
    const isPause = ms % 1_000 >= 800;
    rig.at(ms);
    if (isPause && !isLost) rig.recorder.onCallee(Buffer.alloc(320), rig.clock.nowMs);
    else if (!isLost) rig.callee(ms);
  }

  const { left } = rig.at(20_000).finish();

  expect(left.length).toBe(20_000 * PER_MS);
  expect(worstErrorMs(left, 9_000)).toBeLessThanOrEqual(TOLERANCE_MS);
});

test.each([-200, 200])('a clock that is off by %d millionths does not drift away', (ppm) => {
  const rig = RecorderRig.streaming();
  for (let ms = 0; ms < TEN_MINUTES_MS; ms += 20) {
    rig.at(ms * (1 + ppm / 1e6));
    // Words with pauses between them.
    if (ms % 2_000 < 1_500) rig.callee(ms);
    else rig.recorder.onCallee(Buffer.alloc(320), rig.clock.nowMs);
  }

  const { left } = rig.finish();

  const endMs = TEN_MINUTES_MS * (1 + ppm / 1e6);
  expect(Math.abs(left.length / PER_MS - endMs)).toBeLessThanOrEqual(TOLERANCE_MS);
  let worstMs = 0;
  for (let i = 0; i < left.length; i += PER_MS) {
    const offMs = latenessMs(left[i]!, i);
    const driftMs = (i / PER_MS) * (ppm / 1e6);
    if (offMs !== undefined) worstMs = Math.max(worstMs, Math.abs(offMs - driftMs));
  }
  expect(worstMs).toBeLessThanOrEqual(TOLERANCE_MS);
});

test('frames that come faster than real time fill neither the memory nor the file', () => {
  const rig = RecorderRig.streaming();
  for (let ms = 0; ms < 30_000; ms += 20) rig.at(ms / 3).callee(ms);

  const { left } = rig.at(10_000).finish();

  expect(left.length / PER_MS).toBeLessThan(10_000 + 200);
});

test('what the AI said is in the file up to where it was cut off, at any moment, and not beyond', () => {
  const speech = fc.record({
    pauseMs: fc.integer({ min: 0, max: 2_000 }),
    lengthMs: fc.integer({ min: 100, max: 4_000 }),
    leadMs: fc.integer({ min: 20, max: 1_000 }),
    cutAfterMs: fc.integer({ min: 1, max: 5_000 }),
    trembleMs: fc.integer({ min: -15, max: 15 }),
  });
  fc.assert(
    fc.property(fc.array(speech, { minLength: 1, maxLength: 20 }), (speeches) => {
      const rig = RecorderRig.streaming();
      let nowMs = 0;
      const heard: [number, number][] = [];
      for (const { pauseMs, lengthMs, leadMs, cutAfterMs, trembleMs } of speeches) {
        const startMs = nowMs + pauseMs;
        const cutMs = startMs + cutAfterMs;
        for (let sentMs = 0; sentMs < lengthMs; sentMs += 20) {
          const sendAtMs = Math.max(startMs, startMs + sentMs - leadMs);
          if (sendAtMs > cutMs) break;
          rig.at(sendAtMs).ai(startMs + sentMs, 20, startMs + sentMs + (sentMs % 60 === 0 ? 0 : trembleMs));
        }
        rig.at(cutMs);
        rig.clearAi(cutMs);
        heard.push([startMs, Math.min(startMs + Math.ceil(lengthMs / 20) * 20, cutMs)]);
        nowMs = cutMs;
      }
      const { right } = rig.at(nowMs + 500).finish();

      expect(worstErrorMs(right)).toBeLessThanOrEqual(TOLERANCE_MS);
      expect(Math.round(soundMs(right))).toBe(heard.reduce((sum, [from, to]) => sum + to - from, 0));
      expect(right.length).toBe((nowMs + 500) * PER_MS);
    }),
    { numRuns: 40 },
  );
});
