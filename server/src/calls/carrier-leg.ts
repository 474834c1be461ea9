// The carrier's leg of one call: dialled at most once, and taken down until the carrier agrees that it is gone.

import { randomUUID } from 'node:crypto';
import { type Backoff, backoffMs } from '../lib/backoff';
import { deferred } from '../lib/deferred';
import { type EndCall, endCall } from './end-call';
import { CarrierError, carrierFacts } from './errors';
import type { Carrier, Clock, DialRequest, LegCommand, Logger, StreamTarget, TransferRequest } from './ports';
import { firstWithin } from './wait';

// A leg that stays up costs money: whoever waits for its end waits for five minutes, and the tries go on.
const HANG_UP_BACKOFF: Backoff = { firstMs: 500, capMs: 30_000 };
const PATIENCE_MS = 300_000;
const SLOW_RETRY_MS = 60_000;

// No carrier keeps a call for longer; ours have shorter limits.
const LONGEST_CALL_MS = 4 * 3_600_000;

// A leg that was dialled this moment may not count as alive yet: the first failure tells nothing.
const ASKED_FROM_TRY = 2;

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
  /** What the carrier was given to say and has not finished. */
  #sentences = 0;
  #dialing: Promise<DialOutcome> | undefined;
  /** The dial may have been carried out, and nothing has been heard of it. */
  #isInDoubt = false;
  #searching: Promise<void> | undefined;
  /** To be taken down, if not now, then as soon as its id is known. */
  #isUnwanted = false;
  #hangingUp: Promise<void> | undefined;

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
    if (this.#isUnwanted) void this.takeDown();
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
    if (!command) return;
    this.#sentences += 1;
    try {
      await this.#carrier.speak(command, text);
    } catch (error) {
      this.#sentences -= 1;
      throw error;
    }
  }

  /** A sentence of the carrier has ended; returns whether it was the last. */
  onSpeechEnded(): boolean {
    this.#sentences = Math.max(0, this.#sentences - 1);
    return this.#sentences === 0;
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

  /** Whether the carrier still has the leg; a leg without an id may be on its way. Rejects with CarrierError. */
  async isAlive(): Promise<boolean> {
    return this.#carrierCallId === undefined || this.#carrier.isAlive(this.#carrierCallId);
  }

  /** Resolves when the leg is down, was never up, or the carrier would not take it down for minutes; the tries go on. */
  async takeDown(): Promise<void> {
    this.#isUnwanted = true;
    // A dial on its way may still bring a leg; a webhook may bring its id before the dial is answered.
    if (this.#dialing) await this.#identified.promise;
    if (this.#isInDoubt) await (this.#searching ??= this.#search());
    if (!this.isUp) return;
    this.#hangingUp ??= this.#hangUp();
    await Promise.race([this.#down.promise, this.#hangingUp]);
  }

  /** Resolves when the leg that was up is down for certain, however long that takes. */
  whenDown(): Promise<void> {
    return this.#down.promise;
  }

  async #hangUp(): Promise<void> {
    const startedAtMs = this.#clock.monotonicMs();
    const elapsedMs = (): number => this.#clock.monotonicMs() - startedAtMs;
    for (let attempt = 1; !this.#isDown && elapsedMs() < PATIENCE_MS; attempt += 1) {
      await this.#tryHangUp(attempt);
      if (!this.#isDown) await firstWithin(this.#clock, backoffMs(HANG_UP_BACKOFF, attempt), [this.#down.promise]);
    }
    if (!this.#isDown) void this.#hangUpSlowly(elapsedMs);
  }

  async #hangUpSlowly(elapsedMs: () => number): Promise<void> {
    this.#log.error('The carrier does not hang up, trying on every minute', { callId: this.callId });
    for (let attempt = 1; !this.#isDown && elapsedMs() < LONGEST_CALL_MS; attempt += 1) {
      await this.#tryHangUp(attempt);
      if (!this.#isDown) await firstWithin(this.#clock, SLOW_RETRY_MS, [this.#down.promise]);
    }
    this.markDown();
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
    this.#isInDoubt = true;
    const reason = error.httpStatus === undefined ? 'dial-outcome-unknown' : 'carrier-unavailable';
    return { kind: 'unknown', verdict: endCall(reason, facts) };
  }

  /** Webhooks that are lost tell nothing of a dial that was carried out without an answer; the carrier's list does. */
  async #search(): Promise<void> {
    if (this.#carrierCallId !== undefined) return;
    try {
      const found = (await this.#carrier.liveLegs()).find(({ callId }) => callId === this.callId);
      if (found) this.learn(found.carrierCallId);
    } catch (error) {
      this.#log.warn('Whether a dial was carried out could not be found out', { callId: this.callId, error });
    }
  }

  async #tryHangUp(attempt: number): Promise<void> {
    const command = this.#command();
    if (!command) return;
    try {
      await this.#carrier.hangUp(command);
      this.markDown();
    } catch (error) {
      this.#log.warn('The hang-up failed, trying again', { callId: this.callId, attempt, error });
      if (attempt >= ASKED_FROM_TRY) await this.#checkAlive();
    }
  }

  /** What cannot be hung up may be gone already. */
  async #checkAlive(): Promise<void> {
    try {
      if (!(await this.isAlive())) this.markDown();
    } catch (error) {
      this.#log.warn('The carrier does not say whether the leg is alive', { callId: this.callId, error });
    }
  }

  /** Each command has an id of its own: the carrier would take a repeated id for a duplicate and skip it. */
  #command(): LegCommand | undefined {
    if (this.#carrierCallId === undefined) return undefined;
    return { callId: this.callId, carrierCallId: this.#carrierCallId, commandId: randomUUID() };
  }
}
