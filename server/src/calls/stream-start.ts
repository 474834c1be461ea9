// Getting the media stream of an answered call to start. It was requested in the dial; when it does not come, or the
// carrier says that it failed, it is requested anew a few times, and then the call is given up. When it ends, so does the call.

import type { CallTimers, Deadlines } from './call-timers';
import type { CarrierLeg } from './carrier-leg';
import { type EndCall, endCall } from './end-call';
import type { Logger, MediaEndpoint } from './ports';

// The first at once when the carrier reports a failure, the others apart: together they fit into the deadline.
const MAX_REQUESTS = 3;

/** What starting a stream needs from its call. */
export type StreamStartDeps = {
  readonly leg: CarrierLeg;
  readonly mediaEndpoint: MediaEndpoint;
  readonly timers: CallTimers;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  /** The carrier is asked for the stream once more. */
  readonly onRequested: (attempt: number) => void;
  readonly giveUp: (verdict: EndCall) => void;
};

/** The start of one call's stream. */
export class StreamStart {
  readonly #deps: StreamStartDeps;
  #isAwaited = false;
  #requests = 0;
  #failure: string | undefined;

  constructor(deps: StreamStartDeps) {
    this.#deps = deps;
  }

  /** The call is answered and has no stream yet. */
  await(): void {
    const { timers, deadlines } = this.#deps;
    this.#isAwaited = true;
    timers.set('stream-start', deadlines.streamStartMs, () => this.#giveUp());
    if (this.#failure !== undefined) return this.#request();
    timers.set('stream-retry', deadlines.streamRetryMs, () => this.#request());
  }

  /** The stream is there. */
  onStarted(): void {
    this.#isAwaited = false;
    // Should another one be needed later, it is a start of its own.
    this.#requests = 0;
    this.#failure = undefined;
    this.#deps.timers.clear('stream-start');
    this.#deps.timers.clear('stream-retry');
    this.#deps.timers.clear('hangup-report');
  }

  /** The stream has ended. The hang-up's own webhook knows the cause better; it has a moment to arrive. */
  onGone(otherwise: EndCall): void {
    const { timers, deadlines, giveUp } = this.#deps;
    timers.set('hangup-report', deadlines.hangupReportMs, () => giveUp(otherwise));
  }

  /** The carrier could not open the stream. Before the answer that is the shadow of an unanswered call. */
  onFailed(failure: string): void {
    this.#failure = failure;
    if (!this.#isAwaited) return;
    if (this.#requests >= MAX_REQUESTS) return this.#giveUp();
    // The first failure may be a hiccup; a carrier that fails again needs a moment.
    if (this.#requests === 0) this.#request();
  }

  #request(): void {
    if (this.#requests >= MAX_REQUESTS) return;
    this.#requests += 1;
    const { leg, mediaEndpoint, timers, deadlines, log, onRequested } = this.#deps;
    timers.set('stream-retry', deadlines.streamRetryMs, () => this.#request());
    onRequested(this.#requests);
    leg.startStream(mediaEndpoint.issueStream(leg.callId)).catch((error: unknown) => {
      log.warn('The stream could not be requested', { callId: leg.callId, error });
    });
  }

  #giveUp(): void {
    this.#deps.giveUp(endCall('stream-not-started', { failure: this.#failure, requests: this.#requests }));
  }
}
