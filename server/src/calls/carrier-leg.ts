// The carrier's leg of one call: dialled at most once, and taken down until the carrier agrees that it is gone.

import { randomUUID } from 'node:crypto';
import { type Backoff, backoffMs } from '../lib/backoff';
import { deferred } from '../lib/deferred';
import { type EndCall, endCall } from './end-call';
import { CarrierError, carrierFacts } from './errors';
import type { Carrier, Clock, DialRequest, LegCommand, Logger, StreamTarget, TransferRequest } from './ports';
import { firstWithin } from './wait';

// A leg that stays up costs money: keep trying for about five minutes, then leave it to the carrier's own time limit.
const HANG_UP_BACKOFF: Backoff = { firstMs: 500, capMs: 30_000 };
const MAX_HANG_UP_TRIES = 15;

/** What became of the dial command. */
export type DialOutcome =
  | { readonly kind: 'accepted'; readonly carrierCallId: string }
  /** The phone may be ringing or not; only webhooks can tell. `verdict` holds if none comes. */
  | { readonly kind: 'unknown'; readonly verdict: EndCall }
  /** The phone is certainly not ringing. */
  | { readonly kind: 'failed'; readonly verdict: EndCall };

/** What a leg works with. */
export type CarrierLegDeps = { readonly carrier: Carrier; readonly clock: Clock; readonly log: Logger };

/** One leg at the carrier. */
export class CarrierLeg {
  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly callId: string;
  /** Settled when the leg has an id, or will not get one from the dial. */
  readonly #identified = deferred<void>();
  readonly #down = deferred<void>();
  #carrierCallId: string | undefined;
  #isDown = false;
  #dialing: Promise<DialOutcome> | undefined;
  #takingDown: Promise<void> = Promise.resolve();

  constructor(callId: string, deps: CarrierLegDeps) {
    this.callId = callId;
    this.#carrier = deps.carrier;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  get carrierCallId(): string | undefined {
    return this.#carrierCallId;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** True while the carrier knows the leg and has not agreed that it is gone. */
  get isUp(): boolean {
    return this.#carrierCallId !== undefined && !this.#isDown;
  }

  /** Places the call. A second request gets the outcome of the first: a leg is never dialled twice. */
  dial(request: DialRequest): Promise<DialOutcome> {
    this.#dialing ??= this.#dialOnce(request).finally(() => this.#identified.resolve());
    return this.#dialing;
  }

  /**
   * Takes note of the id that the carrier gave the leg, from whichever source comes first. Returns false when the id
   * belongs to another leg than the one already known.
   */
  learn(carrierCallId: string): boolean {
    this.#carrierCallId ??= carrierCallId;
    this.#identified.resolve();
    return this.#carrierCallId === carrierCallId;
  }

  /** The carrier reported the end of the leg. */
  markDown(): void {
    this.#isDown = true;
    this.#down.resolve();
  }

  /** Asks for the stream of the answered leg once more; rejects with CarrierError. */
  async startStream(stream: StreamTarget): Promise<void> {
    const command = this.#command();
    if (command) await this.#carrier.startStream(command, stream);
  }

  /** Lets the carrier speak; rejects with CarrierError. */
  async speak(text: string): Promise<void> {
    const command = this.#command();
    if (command) await this.#carrier.speak(command, text);
  }

  /** Plays touch tones to the other end; rejects with CarrierError. */
  async sendDigits(digits: string): Promise<void> {
    const command = this.#command();
    if (command) await this.#carrier.sendDigits(command, digits);
  }

  /** Rings somebody else and joins the leg with them; rejects with CarrierError. */
  async transfer(request: TransferRequest): Promise<void> {
    const command = this.#command();
    if (command) await this.#carrier.transfer(command, request);
  }

  /** Resolves when the leg is down, was never up, or the carrier would not take it down for minutes. */
  takeDown(): Promise<void> {
    // One after the other: the second finds the work done, or knows more than the first did.
    this.#takingDown = this.#takingDown.then(() => this.#takeDownOnce());
    return this.#takingDown;
  }

  async #takeDownOnce(): Promise<void> {
    // A dial on its way may still bring a leg; a webhook may bring its id before the dial is answered.
    if (this.#dialing) await this.#identified.promise;
    for (let attempt = 1; attempt <= MAX_HANG_UP_TRIES; attempt += 1) {
      const command = this.#command();
      if (!command || this.#isDown) return;
      if (await this.#tryHangUp(command, attempt)) return;
      await firstWithin(this.#clock, backoffMs(HANG_UP_BACKOFF, attempt), [this.#down.promise]);
    }
    this.#log.error('The carrier would not hang up; its own time limit will', { callId: this.callId });
  }

  async #dialOnce(request: DialRequest): Promise<DialOutcome> {
    try {
      const { carrierCallId } = await this.#carrier.dial(request);
      this.learn(carrierCallId);
      return { kind: 'accepted', carrierCallId };
    } catch (error) {
      return this.#dialFailed(error);
    }
  }

  #dialFailed(error: unknown): DialOutcome {
    if (!(error instanceof CarrierError)) {
      this.#log.error('The dial failed inside the server', { callId: this.callId, error });
      return { kind: 'failed', verdict: endCall('internal-error') };
    }
    this.#log.warn('The dial failed', { callId: this.callId, error });
    const facts = carrierFacts(error);
    if (error.failure === 'refused') return { kind: 'failed', verdict: endCall('carrier-refused', facts) };
    if (error.failure === 'unavailable') return { kind: 'failed', verdict: endCall('carrier-unavailable', facts) };
    const reason = error.httpStatus === undefined ? 'dial-outcome-unknown' : 'carrier-unavailable';
    return { kind: 'unknown', verdict: endCall(reason, facts) };
  }

  async #tryHangUp(command: LegCommand, attempt: number): Promise<boolean> {
    try {
      await this.#carrier.hangUp(command);
      this.markDown();
      return true;
    } catch (error) {
      this.#log.warn('The hang-up failed, trying again', { callId: this.callId, attempt, error });
      return false;
    }
  }

  /** Each command has an id of its own: the carrier would take a repeated id for a duplicate and skip it. */
  #command(): LegCommand | undefined {
    if (this.#carrierCallId === undefined) return undefined;
    return { callId: this.callId, carrierCallId: this.#carrierCallId, commandId: randomUUID() };
  }
}
