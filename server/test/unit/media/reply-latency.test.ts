import fc from 'fast-check';
import { type FirstFrame, ReplyStopwatch } from '../../../src/media/reply-latency';

let stopwatch: ReplyStopwatch;

beforeEach(() => {
  stopwatch = new ReplyStopwatch();
});

/** A frame that plays as soon as it arrives, over a line without delay. */
function aFrame(atMs: number, changes: Partial<FirstFrame> = {}): FirstFrame {
  return { atMs, startsPlayingAtMs: atMs, roundTripMs: 0, ...changes };
}

test('tells how long each party took', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 1_000, noticedAtMs: 1_500 });
  stopwatch.onModelAudio(1_820);

  const latency = stopwatch.onFrameOut(aFrame(1_823));

  expect(latency).toEqual({ latencyMs: 823, vadMs: 500, modelMs: 320, bridgeMs: 3, heardAfterMs: 823 });
});

test('adds what plays before the reply and half a round trip to what the callee hears', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 1_000, noticedAtMs: 1_500 });
  stopwatch.onModelAudio(1_800);

  const latency = stopwatch.onFrameOut(aFrame(1_800, { startsPlayingAtMs: 1_950, roundTripMs: 60 }));

  expect(latency).toMatchObject({ latencyMs: 800, heardAfterMs: 800 + 150 + 30 });
});

test('does not let the callee hear a frame before it is sent', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 1_000, noticedAtMs: 1_500 });
  stopwatch.onModelAudio(1_800);

  const latency = stopwatch.onFrameOut(aFrame(1_800, { startsPlayingAtMs: 1_700, roundTripMs: 60 }));

  expect(latency?.heardAfterMs).toBe(830);
});

test('counts the first audio of the model only', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 0, noticedAtMs: 500 });
  stopwatch.onModelAudio(700);
  stopwatch.onModelAudio(750);

  expect(stopwatch.onFrameOut(aFrame(760))).toMatchObject({ modelMs: 200, bridgeMs: 60 });
});

test('tells of a reply once', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 0, noticedAtMs: 500 });
  stopwatch.onModelAudio(700);
  stopwatch.onFrameOut(aFrame(701));

  stopwatch.onModelAudio(720);

  expect(stopwatch.onFrameOut(aFrame(721))).toBeUndefined();
});

test('takes nothing for a reply before the callee has said something', () => {
  stopwatch.onModelAudio(700);

  expect(stopwatch.onFrameOut(aFrame(701))).toBeUndefined();
});

test('takes audio made before the callee stopped for no reply', () => {
  stopwatch.onModelAudio(700);
  stopwatch.onCalleeStopped({ speechEndedAtMs: 800, noticedAtMs: 1_300 });

  expect(stopwatch.onFrameOut(aFrame(1_301))).toBeUndefined();
});

test('goes on waiting while other audio goes out', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 800, noticedAtMs: 1_300 });
  stopwatch.onFrameOut(aFrame(1_320));

  stopwatch.onModelAudio(1_700);

  expect(stopwatch.onFrameOut(aFrame(1_700))).toMatchObject({ latencyMs: 900 });
});

test('measures from the last stop when the callee stops twice', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 0, noticedAtMs: 500 });
  stopwatch.onModelAudio(700);
  stopwatch.onCalleeStopped({ speechEndedAtMs: 2_000, noticedAtMs: 2_500 });

  expect(stopwatch.onFrameOut(aFrame(2_510))).toBeUndefined();
  stopwatch.onModelAudio(2_800);
  expect(stopwatch.onFrameOut(aFrame(2_800))).toMatchObject({ latencyMs: 800, vadMs: 500, modelMs: 300 });
});

test.each([
  ['the callee speaks again', (): void => stopwatch.onCalleeStarted()],
  ['it is told to forget', (): void => stopwatch.forget()],
])('takes nothing for a reply after %s', (_, act) => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 0, noticedAtMs: 500 });
  stopwatch.onModelAudio(700);

  act();
  stopwatch.onModelAudio(900);

  expect(stopwatch.onFrameOut(aFrame(901))).toBeUndefined();
});

test('keeps the parts within the whole when the end of the speech lies after its report', () => {
  stopwatch.onCalleeStopped({ speechEndedAtMs: 600, noticedAtMs: 500 });
  stopwatch.onModelAudio(550);

  const latency = stopwatch.onFrameOut(aFrame(700));

  expect(latency).toMatchObject({ latencyMs: 100, vadMs: 0, modelMs: 0, bridgeMs: 100 });
});

test('has parts that are whole, never negative, and exactly the sum, whatever the clocks say', () => {
  const moment = fc.double({ min: 0, max: 20_000, noNaN: true });
  const moments = fc.record({
    speechEndedAtMs: moment,
    noticedAtMs: moment,
    audioAtMs: moment,
    atMs: moment,
    startsPlayingAtMs: moment,
    roundTripMs: fc.double({ min: 0, max: 500, noNaN: true }),
  });
  fc.assert(
    fc.property(moments, ({ speechEndedAtMs, noticedAtMs, audioAtMs, ...frame }) => {
      stopwatch.onCalleeStopped({ speechEndedAtMs, noticedAtMs });
      stopwatch.onModelAudio(audioAtMs);

      const latency = stopwatch.onFrameOut(frame)!;

      for (const ms of Object.values(latency)) {
        expect(Number.isSafeInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
      }
      expect(latency.vadMs + latency.modelMs + latency.bridgeMs).toBe(latency.latencyMs);
      expect(latency.latencyMs).toBe(Math.round(Math.max(0, frame.atMs - speechEndedAtMs)));
      expect(latency.heardAfterMs).toBeGreaterThanOrEqual(latency.latencyMs);
    }),
  );
});
