// What happens to the callee's audio until it is on its way to the AI: how late frames come up, and how long the work on
// them takes.
//
// The library tells of a message when the event loop gets to it, so that the work alone leaves out the wait before it, which
// is nearly all that a busy server adds. Only the stream's own clock knows of that: a frame with so many before it should
// come up so much later than the first one. How late it is contains the wait for the loop, and the jitter of the network.
//
// The other direction is not sampled: the AI's audio comes in bursts and waits on purpose for its time. What the server
// adds there is in ai_calls_reply_seconds{part="bridge"}, for the first frame of each reply, which nothing holds back.

import { Histogram, type Registry } from 'prom-client';
import { EarliestArrival } from './earliest-arrival';

// About one frame a second of each call: cheap enough for hundreds of calls, and hundreds of samples a minute. A prime, so
// that what blocks the loop at regular intervals is not always met at the same moment.
const EVERY = 47;

// The first second shows how early frames of this stream can come up: what is measured before that has no measure.
const FRAMES_UNMEASURED = 50;

// Frames that are numbered anew, most likely: a call with so much of it is over.
const NO_LATENESS_MS = 60_000;

const WORK_BUCKETS_SECONDS = [0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05];
const LATENESS_BUCKETS_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1];

/** A socket whose messages somebody else works on. */
export type MessageSource<Message> = {
  prependListener(event: 'message', listener: (message: Message) => void): unknown;
  on(event: 'message', listener: () => void): unknown;
};

/** The place of a message in the callee's audio, milliseconds; undefined for one without. */
export type PositionOf<Message> = (message: Message) => number | undefined;

/** Samples messages of media streams. */
export class FrameMeasure {
  readonly #clock: { monotonicMs(): number };
  readonly #every: number;
  readonly #work: Histogram;
  readonly #lateness: Histogram;

  /** @param every One in so many messages is a sample. */
  constructor(registry: Registry, clock: { monotonicMs(): number }, every = EVERY) {
    this.#clock = clock;
    this.#every = every;
    const registers = [registry];
    this.#work = new Histogram({
      name: 'ai_calls_frame_work_seconds',
      help: 'How long the work on a frame of the callee takes, until its audio is on its way to the AI; a sample of frames.',
      buckets: WORK_BUCKETS_SECONDS,
      registers,
    });
    this.#lateness = new Histogram({
      name: 'ai_calls_frame_lateness_seconds',
      help: "How late a frame of the callee comes up, by the stream's own clock: the wait for the event loop, and the jitter of the network; a sample of frames.",
      buckets: LATENESS_BUCKETS_SECONDS,
      registers,
    });
  }

  /** Measures the socket's messages from now on; whoever works on them has to listen already. */
  watch<Message>(socket: MessageSource<Message>, positionOf: PositionOf<Message>): void {
    const earliest = new EarliestArrival();
    let messages = 0;
    let startedAtMs = -1;
    // Listeners run one after the other: one before the work, one after it. Of most messages they only count.
    socket.prependListener('message', (message) => {
      messages += 1;
      startedAtMs = -1;
      const isSample = messages > FRAMES_UNMEASURED && messages % this.#every === 0;
      if (!isSample && messages > FRAMES_UNMEASURED) return;
      const nowMs = this.#clock.monotonicMs();
      const positionMs = positionOf(message);
      const lateMs = positionMs === undefined ? undefined : earliest.lateness(nowMs, positionMs);
      if (!isSample) return;
      if (lateMs !== undefined && lateMs < NO_LATENESS_MS) this.#lateness.observe(lateMs / 1000);
      startedAtMs = this.#clock.monotonicMs();
    });
    socket.on('message', () => {
      if (startedAtMs >= 0) this.#work.observe((this.#clock.monotonicMs() - startedAtMs) / 1000);
    });
  }
}
