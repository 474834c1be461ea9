// How long the callee waited for a reply, and who took the time: collects the moments of one reply as they pass. It
// only does sums; which response answers the callee is for those to know who report the moments.

import type { ReplyLatency } from '../calls/conversation-events';

/** The end of what the callee said, in milliseconds that never jump. */
export type CalleeStop = {
  /** When the last of it was spoken. */
  readonly speechEndedAtMs: number;
  /** When this process got to know that it was the last. */
  readonly noticedAtMs: number;
};

/** The first frame of a reply on its way to the carrier. */
export type FirstFrame = {
  readonly atMs: number;
  /** When the carrier will play it: later than `atMs` when something else still plays. */
  readonly startsPlayingAtMs: number;
  readonly roundTripMs: number;
};

/** Measures one reply at a time; what has no beginning gives no figure. */
export class ReplyStopwatch {
  #stop: CalleeStop | undefined;
  #modelAudioAtMs: number | undefined;

  /** The callee speaks (again): nothing that comes now answers what was said before. */
  onCalleeStarted(): void {
    this.forget();
  }

  /** The wait begins; takes the place of one that nobody answered. */
  onCalleeStopped(stop: CalleeStop): void {
    this.#stop = stop;
    this.#modelAudioAtMs = undefined;
  }

  /** Audio of a response to the callee came from the model; only the first after a stop counts. */
  onModelAudio(atMs: number): void {
    this.#modelAudioAtMs ??= atMs;
  }

  /**
   * Audio goes to the carrier. Ends the wait if the model made it since the callee stopped; a held greeting or the
   * rest of an earlier response answers nobody, and the wait goes on.
   */
  onFrameOut(frame: FirstFrame): ReplyLatency | undefined {
    const stop = this.#stop;
    const modelAudioAtMs = this.#modelAudioAtMs;
    if (!stop || modelAudioAtMs === undefined) return undefined;
    this.forget();
    return latencyOf(stop, modelAudioAtMs, frame);
  }

  /** Nothing that comes now is a reply. */
  forget(): void {
    this.#stop = undefined;
    this.#modelAudioAtMs = undefined;
  }
}

/**
 * The end of the speech is reckoned on the server's timeline of the audio and may lie anywhere by our clock: moments
 * are brought into order, between that end and the frame. Rounding the moments, not the parts, keeps the sum exact.
 */
function latencyOf(stop: CalleeStop, modelAudioAtMs: number, frame: FirstFrame): ReplyLatency {
  const sinceEndMs = (atMs: number): number => Math.round(Math.max(0, atMs - stop.speechEndedAtMs));
  const latencyMs = sinceEndMs(frame.atMs);
  const vadMs = Math.min(sinceEndMs(stop.noticedAtMs), latencyMs);
  const untilAudioMs = Math.min(Math.max(sinceEndMs(modelAudioAtMs), vadMs), latencyMs);
  const waitsMs = Math.max(0, frame.startsPlayingAtMs - frame.atMs);
  return {
    latencyMs,
    vadMs,
    modelMs: untilAudioMs - vadMs,
    bridgeMs: latencyMs - untilAudioMs,
    heardAfterMs: latencyMs + Math.round(waitsMs + Math.max(0, frame.roundTripMs) / 2),
  };
}
