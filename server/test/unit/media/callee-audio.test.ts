// The callee's audio on its way to the AI: nothing lost, nothing out of time, and silence where nothing comes.

import { type AudioFormat, PCM16_16K, PCM16_24K, PCMA_8K, PCMU_8K } from '../../../src/audio/audio-format';
import { CalleeAudio } from '../../../src/media/callee-audio';
import { MediaClock } from '../../../src/media/media-clock';
import { FakeRealtimeSession } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';

const SILENCE = 0xff;

/** As loud as mu-law gets. */
const LOUD = 0x00;

class Rig {
  readonly clock = new ManualClock();
  readonly session = new FakeRealtimeSession();
  readonly deadAfterMs: number[] = [];
  readonly callee: CalleeAudio;

  constructor(aiFormat: AudioFormat = PCMU_8K) {
    this.callee = new CalleeAudio({
      session: this.session,
      aiFormat,
      clock: new MediaClock(this.clock),
      onDead: (silentMs) => this.deadAfterMs.push(silentMs),
    });
  }

  static talking(aiFormat?: AudioFormat): Rig {
    const rig = new Rig(aiFormat);
    rig.callee.connect(PCMU_8K);
    rig.callee.feed.release();
    return rig;
  }

  /** Frames of 20 ms in real time, each filled with one byte. */
  speak(...bytes: readonly number[]): void {
    for (const byte of bytes) {
      this.callee.onFrame(Buffer.alloc(160, byte));
      this.clock.advance(20);
    }
  }

  /** What the AI has heard: the first byte of each 20 ms. */
  get heard(): number[] {
    const audio = this.session.appended;
    return Array.from({ length: audio.length / 160 }, (_, frame) => audio[frame * 160]!);
  }

  get silentFrames(): number {
    return this.heard.filter((byte) => byte === SILENCE).length;
  }
}

describe('audio that comes', () => {
  test('is forwarded frame by frame, at once', () => {
    const rig = Rig.talking();

    rig.callee.onFrame(Buffer.alloc(160, 1));

    expect(rig.heard).toEqual([1]);
  });

  test('is held until the session takes it, and arrives whole and in order', () => {
    const rig = new Rig();
    rig.callee.connect(PCMU_8K);
    rig.speak(1, 2, 3);
    expect(rig.heard).toEqual([]);

    rig.callee.feed.release();
    rig.speak(4);

    expect(rig.heard).toEqual([1, 2, 3, 4]);
  });

  test('is held while the session is congested, twelve seconds at most; what is lost is counted', () => {
    const rig = Rig.talking();
    rig.session.isCongested = true;
    rig.speak(...Array.from({ length: 610 }, (_, index) => index % 200));

    rig.session.isCongested = false;
    rig.speak(222);

    expect(rig.heard).toHaveLength(601);
    expect(rig.heard.at(-1)).toBe(222);
    expect(rig.callee.stats).toMatchObject({ receivedFrames: 611, droppedMs: 200 });
  });

  test.each([
    ['PCMA', PCMA_8K, 160],
    ['L16 at 16 kHz', PCM16_16K, 640],
  ])('in %s reaches an AI that takes 24 kHz with its full length', (_name, format, frameBytes) => {
    const rig = new Rig(PCM16_24K);
    rig.callee.connect(format);
    rig.callee.feed.release();
    for (let frame = 0; frame < 50; frame += 1) rig.callee.onFrame(Buffer.alloc(frameBytes, 0x55));

    expect(rig.session.appended).toHaveLength(48_000);
  });
});

describe('audio that does not come', () => {
  test('a pause that a network may take is left to the network', () => {
    const rig = Rig.talking();
    rig.speak(1);

    rig.clock.advance(470);
    rig.speak(2);

    expect(rig.heard).toEqual([1, 2]);
    expect(rig.callee.stats.filledMs).toBe(0);
  });

  test('a longer one becomes silence of the same length, so that the AI hears the end of a sentence', () => {
    const rig = Rig.talking();
    rig.speak(1);

    rig.clock.advance(2_000);

    expect(rig.silentFrames * 20).toBeGreaterThanOrEqual(1_880);
    expect(rig.silentFrames * 20).toBeLessThanOrEqual(2_000);
    expect(rig.callee.stats.filledMs).toBe(rig.silentFrames * 20);
  });

  test('what comes late after all is not lost', () => {
    const rig = Rig.talking();
    rig.speak(1);
    rig.clock.advance(1_000);

    rig.callee.onFrame(Buffer.alloc(160, 2));
    rig.callee.onFrame(Buffer.alloc(160, 3));

    expect(rig.heard.filter((byte) => byte !== SILENCE)).toEqual([1, 2, 3]);
  });

  test('lost frames become silence of their length', () => {
    const rig = Rig.talking();
    rig.speak(1);

    rig.callee.onMissing(3);
    rig.speak(2);

    expect(rig.heard).toEqual([1, SILENCE, SILENCE, SILENCE, 2]);
    expect(rig.callee.stats).toMatchObject({ receivedFrames: 2, filledMs: 60 });
  });

  test('a loss that was filled while it lasted is not filled once more', () => {
    const rig = Rig.talking();
    rig.speak(1);
    rig.clock.advance(980);
    const filled = rig.silentFrames;

    rig.callee.onMissing(50);
    rig.speak(2);

    expect(filled).toBeGreaterThan(40);
    expect(rig.silentFrames).toBe(50);
  });

  test('an absurd loss is filled by two seconds at most', () => {
    const rig = Rig.talking();
    rig.speak(1);

    rig.callee.onMissing(1_400);

    expect(rig.silentFrames * 20).toBe(2_000);
  });

  test('the length of a lost frame is that of its neighbours', () => {
    const rig = Rig.talking();
    rig.callee.onFrame(Buffer.alloc(480, 1));

    rig.callee.onMissing(2);

    expect(rig.silentFrames * 20).toBe(120);
  });

  test('ten seconds of nothing are a dead line, told once', () => {
    const rig = Rig.talking();
    rig.speak(1);

    rig.clock.advance(30_000);

    expect(rig.deadAfterMs).toHaveLength(1);
    expect(rig.deadAfterMs[0]).toBeGreaterThanOrEqual(10_000);
    expect(rig.deadAfterMs[0]).toBeLessThan(10_200);
  });

  test('nothing is expected before a stream is there, nor after it is gone', () => {
    const rig = new Rig();
    rig.callee.feed.release();
    rig.clock.advance(60_000);
    rig.callee.connect(PCMU_8K);
    rig.speak(1);

    rig.callee.disconnect();
    rig.clock.advance(60_000);

    expect(rig.heard).toEqual([1]);
    expect(rig.deadAfterMs).toEqual([]);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test('a stream that never sends a frame is dead after ten seconds too', () => {
    const rig = Rig.talking();

    rig.clock.advance(10_200);

    expect(rig.deadAfterMs).toHaveLength(1);
  });

  test('a process that was held up does not take what waits in its sockets for a pause', () => {
    const rig = Rig.talking();
    rig.speak(1);

    // Timers run before sockets are read: the pause is noticed, and then the frames come, all at once.
    rig.clock.advance(480);
    for (let frame = 0; frame < 25; frame += 1) rig.callee.onFrame(Buffer.alloc(160, 2));
    rig.clock.advance(5);

    expect(rig.silentFrames).toBe(0);
    expect(rig.callee.stats.filledMs).toBe(0);
  });

  test('the time between two streams of a call is silence for the AI', () => {
    const rig = Rig.talking();
    rig.speak(1);
    rig.callee.disconnect();
    rig.clock.advance(580);

    rig.callee.connect(PCMU_8K);
    rig.speak(2);

    expect(rig.heard[0]).toBe(1);
    expect(rig.heard.at(-1)).toBe(2);
    expect(rig.silentFrames * 20).toBe(600);
  });

  test('what a stream still sends after it was left is dropped', () => {
    const rig = Rig.talking();
    rig.callee.disconnect();

    rig.speak(1);

    expect(rig.heard).toEqual([]);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test('silence does not push out words that wait for the session', () => {
    const rig = new Rig();
    rig.callee.connect(PCMU_8K);
    rig.speak(...Array.from({ length: 100 }, () => 7));

    rig.clock.advance(9_000);
    rig.callee.feed.release();

    expect(rig.heard.filter((byte) => byte === 7)).toHaveLength(100);
    expect(rig.callee.stats.droppedMs).toBe(0);
  });
});

describe('when audio came in', () => {
  const STARTED_AT_MS = 1_000;

  test('is told of any place in it', () => {
    const rig = Rig.talking();
    rig.speak(...Array.from({ length: 50 }, () => 7));

    // The frame that ends there was the tenth, the twenty-fifth, the last.
    expect([200, 500, 1_000].map((placeMs) => rig.callee.arrivedAtMs(placeMs))).toEqual(
      [180, 480, 980].map((afterMs) => STARTED_AT_MS + afterMs),
    );
  });

  test('is now before there was any', () => {
    const rig = Rig.talking();

    expect([100, undefined].map((placeMs) => rig.callee.arrivedAtMs(placeMs))).toEqual([STARTED_AT_MS, STARTED_AT_MS]);
  });

  test('is when the last voice did, for a place that nobody knows', () => {
    const rig = Rig.talking();
    rig.speak(...Array.from({ length: 10 }, () => SILENCE), LOUD, LOUD, ...Array.from({ length: 25 }, () => SILENCE));

    expect(rig.callee.arrivedAtMs(undefined)).toBe(STARTED_AT_MS + 220);
  });

  test('is now for a place that nobody knows when there was no voice yet', () => {
    const rig = Rig.talking();
    rig.speak(...Array.from({ length: 10 }, () => SILENCE));

    expect(rig.callee.arrivedAtMs(undefined)).toBe(rig.clock.monotonicMs());
  });

  test('is never later than now', () => {
    const rig = Rig.talking();
    rig.speak(1, 2, 3);

    expect(rig.callee.arrivedAtMs(10_000)).toBe(rig.clock.monotonicMs());
  });

  test('does not depend on when the session could take it', () => {
    const rig = new Rig();
    rig.callee.connect(PCMU_8K);
    rig.speak(...Array.from({ length: 50 }, () => 7));

    rig.callee.feed.release();

    expect(rig.callee.arrivedAtMs(500)).toBe(STARTED_AT_MS + 480);
  });

  test('leaves out what was dropped, of which the session knows nothing', () => {
    const rig = new Rig();
    rig.callee.connect(PCMU_8K);
    rig.speak(...Array.from({ length: 650 }, () => 7));

    rig.callee.feed.release();

    // One second went; the session's first second is the call's second one.
    expect(rig.callee.stats.droppedMs).toBe(1_000);
    expect(rig.callee.arrivedAtMs(1_000)).toBe(STARTED_AT_MS + 1_980);
  });

  test('counts the silence that stood in for lost frames', () => {
    const rig = Rig.talking();
    rig.speak(1, 2);
    rig.callee.onMissing(3);
    rig.clock.advance(60);
    rig.speak(3, 4);

    // Two frames, three lost ones, two more: 140 ms; the sixth came in at 100.
    expect([120, 140].map((placeMs) => rig.callee.arrivedAtMs(placeMs))).toEqual(
      [100, 120].map((afterMs) => STARTED_AT_MS + afterMs),
    );
  });

  test('counts the silence that stands in for a pause, while it lasts and afterwards', () => {
    const rig = Rig.talking();
    rig.speak(...Array.from({ length: 50 }, () => 7));
    rig.clock.advance(1_980);
    const whileItLasts = rig.callee.arrivedAtMs(500);

    rig.callee.onMissing(99);
    rig.speak(8);

    expect(whileItLasts).toBe(STARTED_AT_MS + 480);
    expect(rig.callee.arrivedAtMs(500)).toBe(STARTED_AT_MS + 480);
    expect(rig.callee.arrivedAtMs(3_000)).toBe(STARTED_AT_MS + 2_980);
  });

  test('counts frames of other lengths by their own', () => {
    const rig = Rig.talking();
    for (let frame = 0; frame < 10; frame += 1) {
      rig.callee.onFrame(Buffer.alloc(480, 1));
      rig.clock.advance(60);
    }

    expect(rig.callee.arrivedAtMs(300)).toBe(STARTED_AT_MS + 240);
  });

  test('goes on over a change of the stream', () => {
    const rig = Rig.talking();
    rig.speak(...Array.from({ length: 50 }, () => 7));
    rig.callee.disconnect();
    rig.clock.advance(580);
    rig.callee.connect(PCMU_8K);
    rig.speak(8);

    // A second of speech, 600 ms of silence, and the first frame of the new stream.
    expect([1_000, 1_620].map((placeMs) => rig.callee.arrivedAtMs(placeMs))).toEqual(
      [960, 1_580].map((afterMs) => STARTED_AT_MS + afterMs),
    );
  });
});
