// The callee's audio on its way to the AI: nothing lost, nothing out of time, and silence where nothing comes.

import { type AudioFormat, PCM16_16K, PCM16_24K, PCMA_8K, PCMU_8K } from '../../../src/audio/audio-format';
import { CalleeAudio } from '../../../src/media/callee-audio';
import { MediaClock } from '../../../src/media/media-clock';
import { FakeRealtimeSession } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';

const SILENCE = 0xff;

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
    rig.callee.release();
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

    rig.callee.release();
    rig.speak(4);

    expect(rig.heard).toEqual([1, 2, 3, 4]);
  });

  test('is held while the session is congested, five seconds at most; what is lost is counted', () => {
    const rig = Rig.talking();
    rig.session.isCongested = true;
    rig.speak(...Array.from({ length: 260 }, (_, index) => index % 200));

    rig.session.isCongested = false;
    rig.speak(222);

    expect(rig.heard).toHaveLength(250);
    expect(rig.heard.at(-1)).toBe(222);
    expect(rig.callee.stats).toMatchObject({ receivedFrames: 261, droppedMs: 220 });
  });

  test.each([
    ['PCMA', PCMA_8K, 160],
    ['L16 at 16 kHz', PCM16_16K, 640],
  ])('in %s reaches an AI that takes 24 kHz with its full length', (_name, format, frameBytes) => {
    const rig = new Rig(PCM16_24K);
    rig.callee.connect(format);
    rig.callee.release();
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
    rig.callee.release();
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
    rig.callee.release();

    expect(rig.heard.filter((byte) => byte === 7)).toHaveLength(100);
    expect(rig.callee.stats.droppedMs).toBe(0);
  });
});
