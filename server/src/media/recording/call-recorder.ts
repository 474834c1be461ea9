// The recording of one call: stereo, the callee left, the AI right as it was heard, on one timeline that begins with the
// first stream. Lives on the calls it gets, in the path of the frames: no timers, and no memory but a few seconds.

import type { AudioFormat, SampleRateHz } from '../../audio/audio-format';
import type { AudioTap } from '../audio-tap';
import type { MediaClock } from '../media-clock';
import { RecorderAi } from './recorder-ai';
import { RecorderCallee } from './recorder-callee';
import { RecorderSamples } from './recorder-samples';
import { RecorderTimeline } from './recorder-timeline';

/** Where a recording goes. Must not throw and must not block. */
export interface RecordingSink {
  /** The next samples, 16-bit little-endian, left and right in turn; borrowed. */
  write(stereoPcm: Buffer): void;
}

/** What a recorder works with. */
export type CallRecorderDeps = {
  readonly clock: Pick<MediaClock, 'nowMs'>;
  /** What the callee hears; what they say is announced by each stream. */
  readonly outboundFormat: AudioFormat;
  /** Called with the first stream: a call that nobody answers has no recording. */
  readonly open: (settings: { readonly sampleRateHz: SampleRateHz }) => RecordingSink;
};

/** Until then a frame may turn out to have only waited. What the AI says is taken back from the present moment on. */
const HOLD_MS = 1_500;

/** Fewer and larger writes. */
const WRITE_EVERY_MS = 250;

/** The AI's audio comes before it is heard: by the lead, the way there, and a message. */
const AHEAD_MS = 2_250;

/** From the first stream on. */
type Running = {
  readonly sampleRateHz: SampleRateHz;
  readonly startedAtMs: number;
  readonly timeline: RecorderTimeline;
  readonly callee: RecorderCallee;
  readonly ai: RecorderAi;
  readonly aiSamples: RecorderSamples;
  /** Of the present stream. */
  calleeSamples: RecorderSamples;
};

/** Listens in on a call and writes what both have heard. */
export class CallRecorder implements AudioTap {
  readonly #deps: CallRecorderDeps;
  #running: Running | undefined;
  #isClosed = false;

  constructor(deps: CallRecorderDeps) {
    this.#deps = deps;
  }

  onStream(format: AudioFormat): void {
    if (this.#isClosed) return;
    this.#running ??= this.#start(format);
    const { callee, sampleRateHz } = this.#running;
    this.#running.calleeSamples = new RecorderSamples(format, sampleRateHz);
    callee.startRow();
  }

  onCallee(audio: Buffer, atMs: number): void {
    const running = this.#running;
    if (!running) return;
    this.#advance(running, atMs);
    running.callee.push(running.calleeSamples.read(audio), placeOf(running, atMs));
  }

  onCalleeMissing(durationMs: number, atMs: number): void {
    const running = this.#running;
    if (!running) return;
    running.callee.skip(Math.round((durationMs * running.sampleRateHz) / 1000), placeOf(running, atMs));
  }

  onAi(audio: Buffer, startsAtMs: number): void {
    const running = this.#running;
    if (!running) return;
    const { nowMs } = this.#deps.clock;
    this.#advance(running, nowMs);
    const now = placeOf(running, nowMs);
    running.ai.push(running.aiSamples.read(audio), { startsAt: placeOf(running, startsAtMs), now });
  }

  onAiCleared(fromMs: number): void {
    if (this.#running) this.#running.ai.clear(placeOf(this.#running, fromMs));
  }

  close(): void {
    this.#isClosed = true;
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    const now = placeOf(running, this.#deps.clock.nowMs);
    // Nobody hears what would have come after the end.
    running.ai.clear(now);
    running.timeline.writeTo(Math.max(now, running.callee.end));
  }

  #start(format: AudioFormat): Running {
    const { clock, outboundFormat, open } = this.#deps;
    const sampleRateHz = higherOf(format.sampleRateHz, outboundFormat.sampleRateHz);
    const sink = open({ sampleRateHz });
    const windowMs = HOLD_MS + WRITE_EVERY_MS + AHEAD_MS;
    const timeline = new RecorderTimeline((windowMs * sampleRateHz) / 1000, (stereoPcm) => sink.write(stereoPcm));
    return {
      sampleRateHz,
      startedAtMs: clock.nowMs,
      timeline,
      callee: new RecorderCallee(timeline, sampleRateHz),
      ai: new RecorderAi(timeline, sampleRateHz),
      aiSamples: new RecorderSamples(outboundFormat, sampleRateHz),
      calleeSamples: new RecorderSamples(format, sampleRateHz),
    };
  }

  /** Writes what cannot change any more; that makes room for what comes now. */
  #advance({ timeline, sampleRateHz, startedAtMs }: Running, nowMs: number): void {
    const writtenMs = (timeline.written * 1000) / sampleRateHz;
    const finalMs = nowMs - startedAtMs - HOLD_MS;
    if (finalMs - writtenMs >= WRITE_EVERY_MS) timeline.writeTo(Math.floor((finalMs * sampleRateHz) / 1000));
  }
}

function placeOf({ startedAtMs, sampleRateHz }: Running, atMs: number): number {
  return Math.max(0, Math.round(((atMs - startedAtMs) * sampleRateHz) / 1000));
}

function higherOf(a: SampleRateHz, b: SampleRateHz): SampleRateHz {
  return a > b ? a : b;
}
