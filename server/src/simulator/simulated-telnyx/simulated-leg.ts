/**
 * One simulated phone call from the dial to the hang-up: its state, the commands it takes and the webhooks it causes.
 * Its sound is leg-media.ts, what tests see of it callee-phone.ts.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { DialBody } from './api-schemas';
import { CalleePhone } from './callee-phone';
import type { Hangup } from './hangup';
import { hangups, unansweredHangups } from './hangup';
import type { LegEvents, LegHost, LegState } from './leg-host';
import { LegMedia } from './leg-media';
import type { LegFacts } from './leg-payloads';
import * as payloads from './leg-payloads';
import { MachineDetector } from './machine-detection';
import type { PhoneScript } from './phone-script';
import { DEFAULT_RING_MS } from './phone-script';
import type { StreamRequest } from './stream-request';
import { streamRequest } from './stream-request';
import { nowMs, TimerSet } from './timing';
import type { TransferParty } from './transfer';
import { Transfer } from './transfer';
import { Events } from './waiting';

const DEFAULT_RING_TIMEOUT_SECS = 30;
const DEFAULT_TIME_LIMIT_SECS = 14_400;

/** What a leg is made from. */
export type LegOptions = {
  readonly host: LegHost;
  readonly dialBody: DialBody;
  readonly script: PhoneScript;
  /** The session of the leg that this one is dialled for; default: one of its own. */
  readonly sessionId?: string | undefined;
};

/** A leg of the simulated carrier. */
export class SimulatedLeg extends CalleePhone implements LegFacts, TransferParty {
  // Base64, not base64url: real ids, too, hold characters that have to be percent-encoded in a path.
  readonly carrierCallId = `v3:${randomBytes(39).toString('base64')}`;
  readonly legId = randomUUID();
  readonly sessionId: string;
  readonly dialBody: DialBody;
  readonly script: PhoneScript;
  readonly startedAtMs = nowMs();
  protected readonly events: Events<LegEvents>;
  protected readonly media: LegMedia;
  readonly #host: LegHost;
  readonly #timers = new TimerSet();
  readonly #detector: MachineDetector;
  #transfer: Transfer | undefined;
  #state: LegState = 'dialing';
  #clientState: string | undefined;
  #hangup: Hangup | undefined;
  #answeredAtMs: number | undefined;
  #endedAtMs: number | undefined;

  constructor({ host, dialBody, script, sessionId = randomUUID() }: LegOptions) {
    super();
    this.#host = host;
    this.sessionId = sessionId;
    this.dialBody = dialBody;
    this.script = script;
    this.#clientState = dialBody.client_state;
    this.events = new Events(`Leg to ${dialBody.to}`);
    const publish = (eventType: string, fields: object): void => void this.#publish(eventType, fields);
    this.#detector = new MachineDetector(dialBody.answering_machine_detection, publish);
    this.media = new LegMedia({
      script,
      userId: host.userId,
      isRecorded: host.isRecorded,
      events: this.events,
      clip: (name) => host.clip(name),
      startFields: () => payloads.startFields(this),
      publish,
      detect: (finding) => this.#detector.report(finding),
      hangUp: () => this.hangUp(),
    });
  }

  /** The dialled number. */
  get to(): string {
    return this.dialBody.to;
  }

  /** The caller's number. */
  get from(): string {
    return this.dialBody.from;
  }

  /** Where the call is. */
  get state(): LegState {
    return this.#state;
  }

  /** The client_state of the dial, or of the last command that set one. */
  get clientState(): string | undefined {
    return this.#clientState;
  }

  /** `hangup_cause` of an ended call. */
  get hangupCause(): string | undefined {
    return this.#hangup?.cause;
  }

  /** `hangup_source` of an ended call. */
  get hangupSource(): string | undefined {
    return this.#hangup?.source;
  }

  /** When the callee answered, in milliseconds since 1970. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  /** When the call ended, in milliseconds since 1970. */
  get endedAtMs(): number | undefined {
    return this.#endedAtMs;
  }

  /** The callee hangs up (or, while it rings, rejects the call). */
  hangUp(): void {
    this.end(this.#state === 'answered' ? hangups.byCallee : unansweredHangups.reject);
  }

  /** Places the call; resolves when call.initiated has been delivered, or at least tried. */
  begin(): Promise<void> {
    if (this.#state !== 'dialing') return Promise.resolve();
    const isInitiated = this.#publish('call.initiated', payloads.initiatedFields(this));
    this.#enter('ringing');
    const { ringMs, outcome = 'answer' } = this.script;
    const timeoutSecs = this.dialBody.timeout_secs ?? DEFAULT_RING_TIMEOUT_SECS;
    this.#timers.after(timeoutSecs * this.#host.secondMs, () => this.end(hangups.ringTimeout));
    if (outcome !== 'no-answer' || ringMs !== undefined) {
      this.#timers.after(ringMs ?? DEFAULT_RING_MS, () => {
        if (outcome === 'answer') this.#answer();
        else this.end(unansweredHangups[outcome]);
      });
    }
    return isInitiated;
  }

  /** Takes the client_state of a command, for all webhooks after it. */
  updateClientState(clientState: string | undefined): void {
    this.#clientState = clientState ?? this.#clientState;
  }

  /** Performs the hangup command. */
  hangUpByCommand(): void {
    this.end(this.#state === 'answered' ? hangups.byCommand : hangups.cancelled);
  }

  /** Performs the send_dtmf command; pauses take no time here. */
  playDigits(digits: string): void {
    this.dtmfHeard.push(...Array.from(digits).filter((digit) => digit.toLowerCase() !== 'w'));
  }

  /** Whether a transfer of the call is ringing or has succeeded. */
  get isInTransfer(): boolean {
    return this.#transfer !== undefined && this.#transfer.state !== 'over';
  }

  /** Performs the transfer command, whose new leg has yet to begin. */
  transferTo(target: SimulatedLeg, options: { readonly isParkedAfter: boolean }): void {
    this.#transfer = new Transfer({ original: this, target, ...options });
    target.#transfer = this.#transfer;
  }

  /** Connects the callee with the other party of a transfer. */
  bridge(other: TransferParty, options: { readonly isReported: boolean }): void {
    if (options.isReported) void this.#publish('call.bridged', {});
    this.media.bridge((frame) => other.hearBridged(frame));
    this.events.emit('bridged', { atMs: nowMs(), otherCarrierCallId: other.carrierCallId });
  }

  /** Plays a frame of the other party's. */
  hearBridged(frame: Int16Array): void {
    this.media.line.hearBridged(frame);
  }

  /** The other party is gone, but the call goes on. */
  unbridge(): void {
    this.media.unbridge();
  }

  /** Performs the streaming_start command. */
  startStream(request: StreamRequest): void {
    this.media.streams.open(request);
  }

  /** Performs the streaming_stop command; returns false if there is no such stream. */
  stopStream(streamId: string | undefined): boolean {
    return this.media.streams.stop(streamId);
  }

  /** Performs the speak command. */
  speak(text: string, options: { readonly isReplacing: boolean }): void {
    if (options.isReplacing) this.media.line.stopAnnouncements();
    this.media.speak(text);
  }

  /** Ends the call for any reason; only the first one counts. */
  end(hangup: Hangup): void {
    if (this.#state === 'ended') return;
    this.#endedAtMs = nowMs();
    this.#hangup = hangup;
    this.#timers.clear();
    this.media.end();
    void this.#publish('call.hangup', payloads.hangupFields(this, hangup, this.#endedAtMs));
    this.#publishAftermath(this.#endedAtMs);
    this.#enter('ended');
    this.#transfer?.ended(this);
  }

  /** The call is gone at the carrier, which tells nobody: no webhook, and no stop on its stream. */
  vanish(): void {
    if (this.#state === 'ended') return;
    this.#endedAtMs = nowMs();
    this.#hangup = hangups.lost;
    this.#timers.clear();
    this.media.vanish();
    this.#enter('ended');
    this.#transfer?.ended(this);
  }

  /** Lets go of every timer and socket without a word to the server. */
  destroy(): void {
    this.#state = 'ended';
    this.#timers.clear();
    this.media.line.stop();
    this.media.streams.destroy();
  }

  #answer(): void {
    this.#timers.clear();
    this.#answeredAtMs = nowMs();
    const limitSecs = this.dialBody.time_limit_secs ?? DEFAULT_TIME_LIMIT_SECS;
    this.#timers.after(limitSecs * this.#host.secondMs, () => this.end(hangups.timeLimit));
    void this.#publish('call.answered', payloads.answeredFields(this));
    for (const finding of this.#detector.planned(this.script)) {
      this.#timers.after(finding.afterMs, () => this.#detector.report(finding));
    }
    this.playDigits(this.dialBody.send_digits_on_answer ?? '');
    this.#enter('answered');
    this.media.start(streamRequest(this.dialBody));
    this.#transfer?.answered();
  }

  #publishAftermath(endedAtMs: number): void {
    if (this.#answeredAtMs !== undefined && this.dialBody.record !== undefined) {
      void this.#publish('call.recording.saved', payloads.recordingFields(this, endedAtMs));
    }
    if (this.#host.isCostReported) void this.#publish('call.cost', payloads.costFields(this, endedAtMs));
  }

  #publish(eventType: string, fields: object): Promise<void> {
    return this.#host.publish(this, eventType, { ...payloads.commonPayload(this, eventType), ...fields });
  }

  #enter(state: 'ringing' | 'answered' | 'ended'): void {
    this.#state = state;
    const atMs = nowMs();
    if (state === 'ended') this.events.emit(state, { atMs, ...(this.#hangup ?? hangups.byCommand) });
    else this.events.emit(state, { atMs });
    this.#host.onChanged();
  }
}
