// An hour of speech over one playout, on a timer as imprecise as a real one: it neither drifts nor bursts.

import fc from 'fast-check';
import { PCMU_8K } from '../../../../src/audio/audio-format';
import type { Clock } from '../../../../src/calls/ports';
import { MediaClock, TICK_MS } from '../../../../src/media/media-clock';
import { Playout, type PlayoutSink } from '../../../../src/media/playout/playout';
import { anItem } from '../../../support/builders';
import { ManualClock } from '../../../support/manual-clock';
import { BYTES_PER_MS, FRAME_BYTES, someBytes } from '../phone-line';

const HOUR_MS = 3_600_000;
const FRAME_MS = 20;

/** How late the timers of a busy process are, and how early those of Node can be. */
const MAX_LATE_MS = 4;
const MAX_EARLY_MS = 0.9;

/** The period of the test audio. */
const PERIOD_BYTES = 251;
const SOURCE = someBytes(PERIOD_BYTES * 20);

/** No message is shorter than a frame, so that two wake-ups of one playout cannot be closer than this. */
const MIN_WAKE_DISTANCE_MS = FRAME_MS - TICK_MS - MAX_LATE_MS - MAX_EARLY_MS;

/** Never more than this waits: an AI does not speak for an hour without a pause. */
const MAX_WAITING_BYTES = 60_000 * BYTES_PER_MS;

type Pace = { readonly leadMs: number; readonly chunkMs: number };

/** Deltas of one size at one distance, and the silence after them. */
type Speech = {
  readonly deltas: number;
  readonly bytes: number;
  readonly distanceMs: number;
  readonly silenceMs: number;
};

/** The clock and the carrier of the hour: it plays at once whatever it is sent, and checks it as it comes. */
class Hour implements PlayoutSink, Clock {
  readonly roundTripMs = 0;
  readonly manual = new ManualClock();
  readonly faults: string[] = [];
  readonly heardMs: number[] = [];
  addedBytes = 0;
  sentBytes = 0;
  readonly #pace: Pace;
  readonly #playout: Playout;
  #playEndMs = 0;
  #lastWakeMs = -Infinity;
  #isAdding = false;
  #random = 1;

  constructor(pace: Pace) {
    this.#pace = pace;
    this.#playout = new Playout(
      { ...pace, clock: new MediaClock(this), format: PCMU_8K },
      { onStarted: () => undefined, onHeard: (_item, heardMs) => this.heardMs.push(heardMs) },
    );
    this.#playout.connect(this);
  }

  nowMs(): number {
    return this.manual.nowMs();
  }

  monotonicMs(): number {
    return this.manual.monotonicMs();
  }

  after(delayMs: number, task: () => void) {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    const share = this.#random / 2_147_483_647;
    return this.manual.after(delayMs - MAX_EARLY_MS + share * (MAX_LATE_MS + MAX_EARLY_MS), task);
  }

  sendAudio(audio: Buffer): void {
    const { leadMs, chunkMs } = this.#pace;
    const added = audio.subarray(0, this.#waitingBytes);
    const offset = this.sentBytes % PERIOD_BYTES;
    this.#expect(added.equals(SOURCE.subarray(offset, offset + added.length)), 'other audio than was added');
    this.#expect(audio.length % FRAME_BYTES === 0 && audio.length > 0, 'not whole frames');
    this.#expect(audio.length <= chunkMs * BYTES_PER_MS, 'longer than a chunk');
    if (!this.#isAdding) this.#checkWake();
    this.sentBytes += audio.length;
    this.#playEndMs = Math.max(this.#playEndMs, this.monotonicMs()) + audio.length / BYTES_PER_MS;
    this.#expect(this.#aheadMs <= leadMs + chunkMs, 'too far ahead');
  }

  sendMark(name: string): void {
    this.manual.after(this.#aheadMs, () => this.#playout.onMark(name));
  }

  clear(): void {
    this.#expect(false, 'cleared');
  }

  speak({ deltas, bytes, distanceMs, silenceMs }: Speech): void {
    for (let delta = 0; delta < deltas && this.#waitingBytes < MAX_WAITING_BYTES; delta += 1) {
      const offset = this.addedBytes % PERIOD_BYTES;
      this.addedBytes += bytes;
      this.#whileAdding(() => this.#playout.add(anItem(), SOURCE.subarray(offset, offset + bytes)));
      this.#checkLead();
      this.manual.advance(distanceMs);
    }
    this.#checkLead();
    this.manual.advance(silenceMs);
  }

  finish(): void {
    this.#whileAdding(() => this.#playout.finish(anItem()));
    this.manual.advance(MAX_WAITING_BYTES);
  }

  get #aheadMs(): number {
    return Math.max(this.#playEndMs - this.monotonicMs(), 0);
  }

  get #waitingBytes(): number {
    return this.addedBytes - this.sentBytes;
  }

  #whileAdding(action: () => void): void {
    this.#isAdding = true;
    action();
    this.#isAdding = false;
  }

  /** It sends because time has passed. All that goes out in one wake-up goes out at one moment. */
  #checkWake(): void {
    const nowMs = this.monotonicMs();
    if (nowMs === this.#lastWakeMs) return;
    this.#checkLead();
    this.#expect(nowMs - this.#lastWakeMs >= MIN_WAKE_DISTANCE_MS, 'two wake-ups in a tick');
    this.#lastWakeMs = nowMs;
  }

  /** While audio waits, the carrier has plenty. */
  #checkLead(): void {
    if (this.#waitingBytes < FRAME_BYTES) return;
    const { leadMs, chunkMs } = this.#pace;
    this.#expect(this.#aheadMs >= leadMs - chunkMs - TICK_MS - MAX_LATE_MS, 'too little ahead');
  }

  #expect(isTrue: boolean, fault: string): void {
    if (!isTrue) this.faults.push(`${fault} at ${this.monotonicMs()} ms`);
  }
}

const bursts = fc.record({
  deltas: fc.integer({ min: 1, max: 60 }),
  bytes: fc.integer({ min: 1, max: 4_000 }),
  distanceMs: fc.integer({ min: 0, max: 50 }),
  silenceMs: fc.integer({ min: 0, max: 20_000 }),
});

/** In real time, but for what the two clocks differ by. */
const realTime = fc.record({
  deltas: fc.integer({ min: 1, max: 1_000 }),
  bytes: fc.constantFrom(FRAME_BYTES, 2 * FRAME_BYTES, FRAME_BYTES - 1),
  distanceMs: fc.constantFrom(19.9, 20, 20.1),
  silenceMs: fc.integer({ min: 0, max: 2_000 }),
});

const paces = fc.constantFrom(
  { leadMs: 400, chunkMs: 100 },
  { leadMs: 200, chunkMs: 20 },
  { leadMs: 600, chunkMs: 60 },
);

test('over an hour of bursts and of speech in real time nothing drifts, bursts or is lost', () => {
  fc.assert(
    fc.property(paces, fc.array(fc.oneof(bursts, realTime), { minLength: 3, maxLength: 10 }), (pace, speeches) => {
      const hour = new Hour(pace);
      const endMs = hour.monotonicMs() + HOUR_MS;

      for (let turn = 0; hour.monotonicMs() < endMs; turn += 1) {
        hour.speak(speeches[turn % speeches.length]!);
        hour.manual.advance(1);
      }
      hour.finish();

      expect(hour.faults.slice(0, 3)).toEqual([]);
      expect(hour.sentBytes).toBe(Math.ceil(hour.addedBytes / FRAME_BYTES) * FRAME_BYTES);
      expect(hour.heardMs).toEqual([hour.addedBytes / BYTES_PER_MS]);
      expect(hour.manual.pendingTimers).toBe(0);
    }),
    { numRuns: 5 },
  );
});
