/**
 * One simulated phone call from the dial to the hang-up: its state, the commands it takes, the webhooks it causes, and
 * the records and waits by which tests look at it. Its sound is leg-media.ts.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeWav } from '../pcm';
import type { DialBody } from './api-schemas';
import type { Hangup } from './hangup';
import { hangups, unansweredHangups } from './hangup';
import type { LegEvents, LegHost, LegState } from './leg-host';
import { LegMedia } from './leg-media';
import type { LegFacts } from './leg-payloads';
import * as payloads from './leg-payloads';
import type { StreamFrameRecord } from './media-socket';
import type { MachineDetectionEvent, PhoneScript } from './phone-script';
import { DEFAULT_RING_MS } from './phone-script';
import type { StreamRequest } from './stream-request';
import { streamRequest } from './stream-request';
import { nowMs, TimerSet } from './timing';
import { Events } from './waiting';

const DEFAULT_RING_TIMEOUT_SECS = 30;
const DEFAULT_TIME_LIMIT_SECS = 14_400;
const LINE_RATE_HZ = 8000;
const MACHINE_DETECTION_MS = 1_000;

/** A leg of the simulated carrier. */
export class SimulatedLeg implements LegFacts {
  // Base64, not base64url: real ids, too, hold characters that have to be percent-encoded in a path.
  readonly carrierCallId = `v3:${randomBytes(39).toString('base64')}`;
  readonly legId = randomUUID();
  readonly sessionId = randomUUID();
  readonly dialBody: DialBody;
  readonly script: PhoneScript;
  readonly startedAtMs = nowMs();
  /** Digits that send_dtmf commands played to the callee. */
  readonly dtmfHeard: string[] = [];
  readonly #host: LegHost;
  readonly #events: Events<LegEvents>;
  readonly #timers = new TimerSet();
  readonly #media: LegMedia;
  #state: LegState = 'dialing';
  #clientState: string | undefined;
  #hangup: Hangup | undefined;
  #answeredAtMs: number | undefined;
  #endedAtMs: number | undefined;

  constructor(host: LegHost, dialBody: DialBody, script: PhoneScript) {
    this.#host = host;
    this.dialBody = dialBody;
    this.script = script;
    this.#clientState = dialBody.client_state;
    this.#events = new Events(`Leg to ${dialBody.to}`);
    this.#media = new LegMedia({
      script,
      userId: host.userId,
      isRecorded: host.isRecorded,
      events: this.#events,
      clip: (name) => host.clip(name),
      startFields: () => payloads.startFields(this),
      publish: (eventType, fields) => void this.#publish(eventType, fields),
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

  /** Every valid frame that the server sent on the media socket. */
  get received(): readonly StreamFrameRecord[] {
    return this.#media.received;
  }

  /** Every frame that was sent to the server. */
  get sent(): readonly StreamFrameRecord[] {
    return this.#media.sent;
  }

  /** Everything on the media socket that broke the protocol; a test asserts that it is empty. */
  get violations(): readonly string[] {
    return this.#media.violations;
  }

  /** Resolves with the next occurrence of an event after this call. */
  next<K extends keyof LegEvents>(event: K, timeoutMs?: number): Promise<LegEvents[K]> {
    return this.#events.next(event, timeoutMs);
  }

  /** Like `next`, but resolves at once if the event has already happened. */
  until<K extends keyof LegEvents>(event: K, timeoutMs?: number): Promise<LegEvents[K]> {
    return this.#events.until(event, timeoutMs);
  }

  /** What the callee heard: 8 kHz in real time from the answer on, silence where nothing played. */
  heard(): Int16Array {
    return this.#media.line.heard();
  }

  /** What the callee said, on the same time line as `heard`. */
  said(): Int16Array {
    return this.#media.line.said();
  }

  /** Milliseconds of the server's audio that have been played. */
  playedMs(): number {
    return this.#media.line.playout.playedMs;
  }

  /** Milliseconds of the server's audio that wait at the carrier. */
  queuedMs(): number {
    return this.#media.line.playout.queuedMs;
  }

  /** Writes the call as a stereo file: left what the callee said, right what the callee heard. */
  writeWav(path: string): void {
    writeWav(path, { sampleRateHz: LINE_RATE_HZ, channels: [this.said(), this.heard()] });
  }

  /** Lets the callee say an 8 kHz clip, after anything still being said. */
  say(clip: Int16Array): void {
    this.#media.line.say(clip);
  }

  /** Presses a key on the callee's phone. */
  dtmf(digit: string): void {
    this.#media.dtmf(digit);
  }

  /** The callee hangs up (or, while it rings, rejects the call). */
  hangUp(): void {
    this.end(this.#state === 'answered' ? hangups.byCallee : unansweredHangups.reject);
  }

  /** Breaks the media connection without a stop frame. */
  dropStream(): void {
    this.#media.streams.live?.drop();
  }

  /** Sends no more media frames, but keeps the socket open. */
  stallStream(): void {
    this.#media.streams.live?.stall();
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

  /** Performs the streaming_start command. */
  startStream(request: StreamRequest): void {
    this.#media.streams.open(request);
  }

  /** Performs the streaming_stop command; returns false if there is no such stream. */
  stopStream(streamId: string | undefined): boolean {
    return this.#media.streams.stop(streamId);
  }

  /** Performs the speak command. */
  speak(text: string, options: { readonly isReplacing: boolean }): void {
    if (options.isReplacing) this.#media.line.stopAnnouncements();
    this.#media.speak(text);
  }

  /** Ends the call for any reason; only the first one counts. */
  end(hangup: Hangup): void {
    if (this.#state === 'ended') return;
    this.#endedAtMs = nowMs();
    this.#hangup = hangup;
    this.#timers.clear();
    this.#media.end();
    void this.#publish('call.hangup', payloads.hangupFields(this, hangup, this.#endedAtMs));
    this.#publishAftermath(this.#endedAtMs);
    this.#enter('ended');
  }

  /** Lets go of every timer and socket without a word to the server. */
  destroy(): void {
    this.#state = 'ended';
    this.#timers.clear();
    this.#media.line.stop();
    this.#media.streams.destroy();
  }

  #answer(): void {
    this.#timers.clear();
    this.#answeredAtMs = nowMs();
    const limitSecs = this.dialBody.time_limit_secs ?? DEFAULT_TIME_LIMIT_SECS;
    this.#timers.after(limitSecs * this.#host.secondMs, () => this.end(hangups.timeLimit));
    void this.#publish('call.answered', payloads.answeredFields(this));
    for (const event of this.#machineDetectionEvents()) {
      const [eventType, fields] = payloads.machineDetection(this, event);
      this.#timers.after(event.afterMs, () => void this.#publish(eventType, fields));
    }
    this.#enter('answered');
    this.#media.start(streamRequest(this.dialBody));
  }

  #machineDetectionEvents(): readonly MachineDetectionEvent[] {
    const mode = this.dialBody.answering_machine_detection ?? 'disabled';
    if (mode === 'disabled') return [];
    const result = mode === 'premium' ? 'human_residence' : 'human';
    return this.script.machineDetection ?? [{ afterMs: MACHINE_DETECTION_MS, kind: 'detection', result }];
  }

  #publishAftermath(endedAtMs: number): void {
    if (this.#answeredAtMs !== undefined && this.dialBody.record !== undefined) {
      void this.#publish('call.recording.saved', payloads.recordingFields(this, endedAtMs));
    }
    if (this.#host.isCostReported) void this.#publish('call.cost', payloads.costFields(this, endedAtMs));
  }

  #publish(eventType: string, fields: object): Promise<void> {
    return this.#host.publish(this, eventType, { ...payloads.commonPayload(this), ...fields });
  }

  #enter(state: 'ringing' | 'answered' | 'ended'): void {
    this.#state = state;
    const atMs = nowMs();
    if (state === 'ended') this.#events.emit(state, { atMs, ...(this.#hangup ?? hangups.byCommand) });
    else this.#events.emit(state, { atMs });
    this.#host.onChanged();
  }
}
