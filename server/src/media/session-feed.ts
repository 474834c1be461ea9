// What the realtime session gets of the callee's audio: each frame as it comes, what it could not take as soon as it can,
// and, when another session takes its place, once more what the lost one had not accounted for.

import { type AudioFormat, bytesPerMs, isSameFormat } from '../audio/audio-format';
import { AudioConverter } from '../audio/converter';
import type { RealtimeSession } from '../calls/conversation-ports';
import { KeptAudio } from './kept-audio';
import { UnnoticedVoice } from './unnoticed-voice';

/** What a feed works with. */
export type SessionFeedDeps = {
  readonly session: Pick<RealtimeSession, 'appendAudio' | 'isCongested'>;
  readonly aiFormat: AudioFormat;
  /**
   * Where the callee's words begin that the session has not accounted for; Infinity when there are none. Words that were
   * over before `overdueByte` are not waited for.
   */
  readonly unaccountedFromByte?: ((overdueByte: number) => number) | undefined;
};

// A session that cannot be opened in this time never is, and one that stalls for longer has other problems; then the
// oldest audio goes first.
const MAX_WAITING_MS = 12_000;

// A session that is lost may not have noticed what was said in the last moment.
const RECENT_MS = 1_000;

// Whoever talks for longer than this will not miss the beginning in the answer.
const MAX_KEPT_MS = 60_000;

// Words are written down a second or two after they were said, and after an outage a while later. Without a bound, a
// server that never does it would cost every call a minute of audio.
const OVERDUE_MS = 20_000;

// Audio that has waited goes in steps of this, so that no message is huge.
const STEP_MS = 200;

/** The audio of one call for its sessions; places in it are counted in bytes since the call began. */
export class SessionFeed {
  readonly #deps: SessionFeedDeps;
  readonly #unnoticed = new UnnoticedVoice();
  #kept = new KeptAudio(0);
  /** `lost`: everything is kept for the next session. */
  #flow: 'waiting' | 'open' | 'lost' = 'waiting';
  #format: AudioFormat | undefined;
  #bytesPerMs = 1;
  #converter: AudioConverter | undefined;
  /** The session has got, or will not get, what is before this place; what is behind it waits. */
  #sentByte = 0;
  /** What is before this place waited while there was no session: all of it is heard, however long the new one takes. */
  #catchUpToByte = 0;
  #sentMs = 0;
  #droppedMs = 0;

  constructor(deps: SessionFeedDeps) {
    this.#deps = deps;
  }

  /** What no session could take in time. */
  get droppedMs(): number {
    return this.#droppedMs;
  }

  /** True while what comes has to wait. */
  get isHolding(): boolean {
    return this.#waitingBytes > 0 || !this.#isTaking;
  }

  /** The place of the newest frame on the session's own timeline. */
  get positionMs(): number {
    return this.#sentMs + this.#waitingBytes / this.#bytesPerMs;
  }

  /** The place behind the newest frame. */
  get endByte(): number {
    return this.#kept.endByte;
  }

  /** Where a speech begins that the session has noticed just now, at the earliest. */
  get recentByte(): number {
    return Math.max(this.#kept.startByte, this.#kept.endByte - RECENT_MS * this.#bytesPerMs);
  }

  /** What comes from here on is in this format, and no continuation of what came before. */
  connect(format: AudioFormat): void {
    const isSame = this.#format !== undefined && isSameFormat(format, this.#format);
    this.#format = format;
    this.#bytesPerMs = bytesPerMs(format);
    this.#converter = new AudioConverter(format, this.#deps.aiFormat);
    if (isSame) return;
    // Nothing goes on with audio of another format.
    this.#sentByte = this.#kept.endByte;
    this.#kept = new KeptAudio(MAX_KEPT_MS * this.#bytesPerMs, this.#kept.endByte);
    this.#unnoticed.reset(this.#bytesPerMs);
  }

  /** The next frame; it is borrowed. */
  add(frame: Buffer): void {
    const isNext = !this.isHolding;
    this.#kept.add(frame);
    if (this.#flow === 'lost') return;
    if (isNext) {
      this.#sentByte = this.#kept.endByte;
      this.#send(frame);
    } else this.sendWaiting();
    this.#kept.forgetBefore(this.#accountedByte);
  }

  /** Whether there is a voice in the newest frame. */
  noteVoice(isVoiced: boolean): void {
    this.#unnoticed.onFrame(isVoiced, this.#kept.endByte);
  }

  /** The session hears the callee speak, or stop. */
  onNoticed(isSpeaking: boolean): void {
    this.#unnoticed.onNoticed(isSpeaking);
  }

  /** The session takes audio from now on: what waits goes first. */
  release(): void {
    this.#flow = 'open';
    this.sendWaiting();
  }

  /** As much as the session takes; of what it does not take in time, the oldest goes. */
  sendWaiting(): void {
    if (this.#flow === 'lost') return;
    const stepBytes = STEP_MS * this.#bytesPerMs;
    while (this.#waitingBytes > 0 && this.#isTaking) {
      const audio = this.#kept.read(this.#sentByte, this.#sentByte + stepBytes);
      this.#sentByte += audio.length;
      this.#send(audio);
    }
    const isCaughtUp = this.#sentByte >= this.#catchUpToByte;
    if (isCaughtUp) this.#drop(this.#waitingBytes - MAX_WAITING_MS * this.#bytesPerMs);
  }

  /** The session is lost: what comes is kept for the next one, which begins a timeline of its own. */
  lose(): void {
    if (this.#flow === 'waiting') return;
    this.#flow = 'lost';
    this.#sentMs = 0;
    if (this.#format) this.#converter = new AudioConverter(this.#format, this.#deps.aiFormat);
  }

  /** Another session hears this stretch again; what comes behind it waits for `resume`. */
  replay(fromByte: number, toByte: number): void {
    const stepBytes = STEP_MS * this.#bytesPerMs;
    const audio = this.#kept.read(fromByte, toByte);
    for (let at = 0; at < audio.length; at += stepBytes) this.#send(audio.subarray(at, at + stepBytes));
  }

  /** It hears the rest, from this place on, and whatever comes. */
  resume(fromByte: number): void {
    this.#sentByte = Math.min(Math.max(fromByte, this.#kept.startByte), this.#kept.endByte);
    this.#catchUpToByte = this.#kept.endByte;
    this.release();
  }

  /** The session can take audio just now. */
  get #isTaking(): boolean {
    return this.#flow === 'open' && !this.#deps.session.isCongested;
  }

  get #waitingBytes(): number {
    return this.#kept.endByte - this.#sentByte;
  }

  /** What came before is of no use to any other session. */
  get #accountedByte(): number {
    const overdueByte = this.#kept.endByte - OVERDUE_MS * this.#bytesPerMs;
    const recentByte = this.#sentByte - RECENT_MS * this.#bytesPerMs;
    const unaccountedByte = this.#deps.unaccountedFromByte?.(overdueByte) ?? Infinity;
    return Math.min(recentByte, this.#unnoticed.fromByte, unaccountedByte);
  }

  #send(audio: Buffer): void {
    if (!this.#converter) return;
    this.#sentMs += audio.length / this.#bytesPerMs;
    this.#deps.session.appendAudio(this.#converter.convert(audio));
  }

  #drop(bytes: number): void {
    if (bytes <= 0) return;
    this.#droppedMs += bytes / this.#bytesPerMs;
    this.#sentByte += bytes;
  }
}
