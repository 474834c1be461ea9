// Getting the media stream of an answered call to start, and to start again when it is lost. It was requested in the dial;
// when it does not come, fails or is lost, it is requested anew a few times, and then the call is given up.

import type { CallTimers, Deadlines } from './call-timers';
import type { CarrierLeg } from './carrier-leg';
import { type EndCall, endCall } from './end-call';
import { CarrierError } from './errors';
import type { Logger, MediaEndpoint } from './ports';

// The first at once when the carrier reports a failure, the others apart: together they fit into the deadline.
const MAX_REQUESTS = 3;

// A hang-up that takes the stream along, or a carrier that connects again by itself, is there sooner than that.
const RESTART_DELAY_MS = 250;

// A line that is lost so often is no conversation.
const MAX_LOSSES = 5;

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
  #losses = 0;
  /** Close code, while the stream is lost. */
  #lostWith: number | undefined;
  /** The carrier says that there is no call any more. */
  #isCallGone = false;
  /** Counts starts: an answer to an earlier one means nothing. */
  #generation = 0;

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
    this.#reset();
    this.#deps.timers.clear('stream-start');
    this.#deps.timers.clear('stream-retry');
    this.#deps.timers.clear('hangup-report');
  }

  /** The stream has ended. The hang-up's own webhook knows the cause better; it has a moment to arrive. */
  onGone(otherwise: EndCall): void {
    const { timers, deadlines, giveUp } = this.#deps;
    timers.set('hangup-report', deadlines.hangupReportMs, () => giveUp(otherwise));
  }

  /** The stream's socket went away without a word: the call may be over, or it needs another stream. */
  onLost(closeCode: number): void {
    const { leg, mediaEndpoint, timers, deadlines } = this.#deps;
    this.#reset();
    this.#lostWith = closeCode;
    this.#losses += 1;
    if (this.#losses > MAX_LOSSES) return this.onGone(endCall('stream-lost', { closeCode, losses: this.#losses }));
    this.#isAwaited = true;
    mediaEndpoint.reopen(leg.callId);
    timers.set('stream-start', deadlines.streamStartMs, () => this.#giveUp());
    timers.set('stream-retry', Math.min(RESTART_DELAY_MS, deadlines.streamRetryMs), () => this.#request());
  }

  /** The carrier could not open the stream. Before the answer that is the shadow of an unanswered call. */
  onFailed(failure: string): void {
    this.#failure = failure;
    if (!this.#isAwaited) return;
    if (this.#requests >= MAX_REQUESTS) return this.#giveUp();
    // The first failure may be a hiccup; a carrier that fails again needs a moment.
    if (this.#requests === 0) this.#request();
  }

  #reset(): void {
    this.#generation += 1;
    this.#requests = 0;
    this.#failure = undefined;
    this.#lostWith = undefined;
    this.#isCallGone = false;
  }

  #request(): void {
    if (this.#isCallGone) return this.#giveUp();
    const { leg, mediaEndpoint, timers, deadlines, onRequested } = this.#deps;
    timers.set('stream-retry', deadlines.streamRetryMs, () => this.#request());
    if (this.#requests >= MAX_REQUESTS) return;
    this.#requests += 1;
    onRequested(this.#requests);
    const generation = this.#generation;
    leg
      .startStream(mediaEndpoint.issueStream(leg.callId))
      .catch((error: unknown) => this.#onRefused(error, generation));
  }

  /** A refusal may mean that the call is over: then its hang-up has until the next request to be reported. */
  async #onRefused(error: unknown, generation: number): Promise<void> {
    const { leg, log } = this.#deps;
    const { callId } = leg;
    log.warn('The stream could not be requested', { callId, error });
    if (!(error instanceof CarrierError) || error.failure !== 'refused') return;
    try {
      const isAlive = await leg.isAlive();
      if (generation === this.#generation) this.#isCallGone = !isAlive;
    } catch (failed) {
      log.warn('The carrier does not say whether the call is alive', { callId, error: failed });
    }
  }

  #giveUp(): void {
    this.#deps.giveUp(this.#verdict());
  }

  #verdict(): EndCall {
    if (this.#isCallGone) return endCall('callee-hung-up');
    const facts = { failure: this.#failure, requests: this.#requests };
    if (this.#lostWith === undefined) return endCall('stream-not-started', facts);
    return endCall('stream-lost', { closeCode: this.#lostWith, ...facts });
  }
}
