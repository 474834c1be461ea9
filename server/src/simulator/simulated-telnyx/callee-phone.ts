/**
 * The callee's end of a leg, as tests use it: what was heard and said, when the media did what, the waits for it, and
 * what the callee can do by hand. The life of the call is simulated-leg.ts.
 */
import { writeWav } from '../pcm';
import type { LegEvents } from './leg-host';
import type { LegMedia } from './leg-media';
import type { StreamFrameRecord } from './media-socket';
import type { KeyPath, StreamCut } from './phone-script';
import type { ClearRecord } from './stream-times';
import type { Events } from './waiting';

const LINE_RATE_HZ = 8000;

/** What every leg offers to those who look on. */
export abstract class CalleePhone {
  /** Keys that send_dtmf commands and `send_digits_on_answer` played to the callee. */
  readonly dtmfHeard: string[] = [];
  protected abstract readonly media: LegMedia;
  protected abstract readonly events: Events<LegEvents>;

  /** Every valid frame that the server sent on the media socket. */
  get received(): readonly StreamFrameRecord[] {
    return this.media.received;
  }

  /** Every frame that was sent to the server. */
  get sent(): readonly StreamFrameRecord[] {
    return this.media.sent;
  }

  /** Everything on the media socket that broke the protocol; a test asserts that it is empty. */
  get violations(): readonly string[] {
    return this.media.violations;
  }

  /** When the first stream was open, in milliseconds since 1970. */
  get streamStartedAtMs(): number | undefined {
    return this.media.times.startedAtMs;
  }

  /** When the first audio of the server that is not silence arrived, in milliseconds since 1970. */
  get firstAudioAtMs(): number | undefined {
    return this.media.times.firstAudioAtMs;
  }

  /** Every clear of the server's, oldest first. */
  get clears(): readonly ClearRecord[] {
    return this.media.times.clears;
  }

  /** Milliseconds of the server's audio played when each clear took effect, exact to the sample. */
  get playedMsAtClear(): readonly number[] {
    return this.clears.map(({ playedMs }) => playedMs);
  }

  /** Whether the callee is connected with the other party of a transfer. */
  get isBridged(): boolean {
    return this.media.isBridged;
  }

  /** Resolves with the next occurrence of an event after this call. */
  next<K extends keyof LegEvents>(event: K, timeoutMs?: number): Promise<LegEvents[K]> {
    return this.events.next(event, timeoutMs);
  }

  /** Like `next`, but resolves at once if the event has already happened. */
  until<K extends keyof LegEvents>(event: K, timeoutMs?: number): Promise<LegEvents[K]> {
    return this.events.until(event, timeoutMs);
  }

  /** What the callee heard: 8 kHz in real time from the answer on, silence where nothing played. */
  heard(): Int16Array {
    return this.media.line.heard();
  }

  /** What the callee said, on the same time line as `heard`. */
  said(): Int16Array {
    return this.media.line.said();
  }

  /** Milliseconds of the server's audio that have been played. */
  playedMs(): number {
    return this.media.line.playout.playedMs;
  }

  /** Milliseconds of the server's audio that wait at the carrier. */
  queuedMs(): number {
    return this.media.line.playout.queuedMs;
  }

  /** Writes the call as a stereo file: left what the callee said, right what the callee heard. */
  writeWav(path: string): void {
    writeWav(path, { sampleRateHz: LINE_RATE_HZ, channels: [this.said(), this.heard()] });
  }

  /** Lets the callee say an 8 kHz clip, after anything still being said. */
  say(clip: Int16Array): void {
    this.media.line.say(clip);
  }

  /** Presses one key on the callee's phone. */
  dtmf(key: string, via?: KeyPath): void {
    this.media.dtmf(key, via);
  }

  /** Breaks the media connection without a stop frame; the carrier connects again by itself only if told to. */
  dropStream(cut: StreamCut = {}): void {
    this.media.streams.drop(cut);
  }

  /** Sends no more media frames, but keeps the socket open. */
  stallStream(): void {
    this.media.streams.live?.stall();
  }
}
