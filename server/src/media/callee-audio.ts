// The callee's audio as it comes from the carrier, on the timeline: the AI hears time only by audio, and where none comes,
// silence goes, or it would wait for ever for the end of a sentence. What the session gets of it when is up to its feed.

import { type AudioFormat, bytesPerMs, silenceByte } from '../audio/audio-format';
import type { MediaStats } from '../calls/conversation-events';
import type { AudioTap } from './audio-tap';
import type { MeteredFrame } from './barge-in-hold';
import type { MediaClock, Sleeper } from './media-clock';
import { SessionFeed, type SessionFeedDeps } from './session-feed';
import { FRAME_MS } from './stream/stream-format';
import { VoiceMeter } from './voice-meter';

/** What the callee's audio works with. */
export type CalleeAudioDeps = SessionFeedDeps & {
  readonly clock: MediaClock;
  readonly tap?: AudioTap | undefined;
  /** Told of each frame, when there is somebody who needs to know the voice in it. */
  readonly onVoice?: ((frame: MeteredFrame) => void) | undefined;
  /** No audio for so long that the line must be dead; told once. */
  readonly onDead: (silentMs: number) => void;
};

// The carrier sends a frame every 20 ms, silence included. A packet that TCP has to send again takes 200-400 ms and
// loses nothing: such a pause must not become a silence in the middle of a word.
const SILENT_AFTER_MS = 500;

// While nothing comes, silence goes in steps of this.
const FILL_EVERY_MS = 100;

// This long without a frame, and the line is dead.
const DEAD_AFTER_MS = 10_000;

// Lost frames are filled up to here: more silence than this tells the AI nothing.
const MAX_GAP_MS = 2_000;

// Speech is noticed after its first syllables.
const ONSET_MS = 500;

/** The inbound half of a bridge. */
export class CalleeAudio {
  readonly feed: SessionFeed;
  readonly #deps: CalleeAudioDeps;
  #isConnected = false;
  readonly #sleeper: Sleeper;
  #meter: VoiceMeter | undefined;
  #lastVoiceAtMs: number | undefined;
  #voiceSinceMs = -Infinity;
  #bytesPerMs = 1;
  #frameMs = FRAME_MS;
  /** One frame of silence as the carrier would send it. */
  #silence: Buffer = Buffer.alloc(0);
  #lastFrameAtMs = 0;
  #receivedFrames = 0;
  #filledMs = 0;
  /** How much of the present pause is filled already. */
  #pauseFilledMs = 0;
  /** A pause was noticed, and what waits in the socket has yet to be read. */
  #isDoubted = false;

  constructor(deps: CalleeAudioDeps) {
    this.#deps = deps;
    this.feed = new SessionFeed(deps);
    this.#sleeper = deps.clock.sleeper((nowMs) => this.#onPause(nowMs));
  }

  get stats(): Pick<MediaStats, 'receivedFrames' | 'filledMs' | 'droppedMs'> {
    const droppedMs = Math.round(this.feed.droppedMs);
    return { receivedFrames: this.#receivedFrames, filledMs: this.#filledMs, droppedMs };
  }

  /** A stream is there; its audio is no continuation of an earlier one's, but time has gone on. */
  connect(format: AudioFormat): void {
    this.#deps.tap?.onStream(format);
    this.#isConnected = true;
    this.feed.connect(format);
    this.#meter = new VoiceMeter(format);
    this.#bytesPerMs = bytesPerMs(format);
    this.#silence = Buffer.alloc(FRAME_MS * this.#bytesPerMs, silenceByte(format));
    if (this.#receivedFrames > 0) this.#fillGap(this.#deps.clock.nowMs - this.#lastFrameAtMs);
    this.#onAlive();
  }

  /** Takes the next frame; `frame` is borrowed. */
  onFrame(frame: Buffer): void {
    if (!this.#isConnected || frame.length === 0) return;
    this.#receivedFrames += 1;
    this.#frameMs = frame.length / this.#bytesPerMs;
    this.#onAlive();
    this.#deps.tap?.onCallee(frame, this.#lastFrameAtMs);
    this.feed.add(frame);
    const isVoiced = this.#meter?.push(frame) === true;
    this.feed.noteVoice(isVoiced);
    if (isVoiced) this.#lastVoiceAtMs = this.#lastFrameAtMs;
    this.#deps.onVoice?.({ isVoiced, frameMs: this.#frameMs });
  }

  /**
   * When the audio at a place on the session's timeline came in; of an unknown place, when the last of the callee's voice
   * did.
   */
  arrivedAtMs(sessionMs: number | undefined): number {
    const { nowMs } = this.#deps.clock;
    if (this.#receivedFrames === 0) return nowMs;
    if (sessionMs === undefined) return this.#voiceEndMs;
    const aheadMs = this.feed.positionMs - sessionMs;
    return Math.min(nowMs, this.#lastFrameAtMs + this.#pauseFilledMs - aheadMs);
  }

  /** Frames were lost: silence of their length takes their place. */
  onMissing(frames: number): void {
    if (!this.#isConnected) return;
    const durationMs = frames * this.#frameMs;
    this.#deps.tap?.onCalleeMissing(durationMs, this.#deps.clock.nowMs);
    this.#fillGap(durationMs);
  }

  /** The callee begins to speak: voice of before belongs to something else. */
  onSpeechStarted(): void {
    this.feed.onNoticed(true);
    // The beginning of it has come in already.
    this.#voiceSinceMs = this.#deps.clock.nowMs - ONSET_MS;
  }

  /** The callee has stopped. */
  onSpeechStopped(): void {
    this.feed.onNoticed(false);
  }

  /** The stream is gone: nothing is expected of it. */
  disconnect(): void {
    this.#isConnected = false;
    this.#sleeper.cancel();
  }

  #onAlive(): void {
    this.#lastFrameAtMs = this.#deps.clock.nowMs;
    this.#pauseFilledMs = 0;
    this.#isDoubted = false;
    this.#sleeper.wakeAt(this.#lastFrameAtMs + SILENT_AFTER_MS);
  }

  /**
   * Looks twice before it believes in a pause: when the process itself was held up, timers run before the sockets are
   * read, and the frames are there.
   */
  #onPause(nowMs: number): void {
    this.#isDoubted = !this.#isDoubted;
    if (this.#isDoubted) return this.#sleeper.wakeAt(nowMs + 1);
    const silentMs = nowMs - this.#lastFrameAtMs;
    if (silentMs >= DEAD_AFTER_MS) return this.#deps.onDead(Math.round(silentMs));
    this.#pauseFilledMs += this.#fill(silentMs - this.#pauseFilledMs);
    this.#sleeper.wakeAt(nowMs + FILL_EVERY_MS);
  }

  /** Fills a gap, but for what of it was filled while it lasted. */
  #fillGap(gapMs: number): void {
    const boundedMs = Math.min(gapMs, MAX_GAP_MS);
    this.#fill(boundedMs - this.#pauseFilledMs);
    this.#pauseFilledMs = Math.max(0, this.#pauseFilledMs - boundedMs);
  }

  /** Whole frames of silence, as many as fit; returns their length. */
  #fill(durationMs: number): number {
    this.feed.sendWaiting();
    const frames = Math.max(0, Math.floor(durationMs / FRAME_MS));
    // Silence must not push words out of what waits: a little of it says all there is to say.
    const isEnough = this.feed.isHolding && this.#pauseFilledMs >= MAX_GAP_MS;
    if (isEnough) return frames * FRAME_MS;
    for (let i = 0; i < frames; i++) this.feed.add(this.#silence);
    this.#filledMs += frames * FRAME_MS;
    return frames * FRAME_MS;
  }

  /** When the last voice of the present speech came in; now, when it is too soft to tell. */
  get #voiceEndMs(): number {
    const { nowMs } = this.#deps.clock;
    const lastMs = this.#lastVoiceAtMs;
    return lastMs !== undefined && lastMs >= this.#voiceSinceMs ? lastMs : nowMs;
  }
}
