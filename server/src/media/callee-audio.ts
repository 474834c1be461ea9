// The callee's audio on its way to the AI: converted frame by frame, held while the session cannot take it, and kept on
// the timeline. The AI hears time only by audio: where none comes, silence goes, or it would wait for ever for the end
// of a sentence.

import { type AudioFormat, bytesPerMs, silenceByte } from '../audio/audio-format';
import { AudioConverter } from '../audio/converter';
import type { MediaStats, RealtimeSession } from '../calls/conversation-ports';
import type { MeteredFrame } from './barge-in-hold';
import { HeldAudio } from './held-audio';
import type { MediaClock, Sleeper } from './media-clock';
import { FRAME_MS } from './stream-format';
import { VoiceMeter } from './voice-meter';

/** What the callee's audio works with. */
export type CalleeAudioDeps = {
  readonly session: Pick<RealtimeSession, 'appendAudio' | 'isCongested'>;
  readonly aiFormat: AudioFormat;
  readonly clock: MediaClock;
  /** Told of each frame, when there is somebody who needs to know the voice in it. */
  readonly onVoice?: ((frame: MeteredFrame) => void) | undefined;
  /** No audio for so long that the line must be dead; told once. */
  readonly onDead: (silentMs: number) => void;
};

// A session that takes longer than this has other problems; then the oldest audio goes first.
const MAX_HELD_MS = 5_000;

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
  readonly #deps: CalleeAudioDeps;
  readonly #held: HeldAudio;
  readonly #sleeper: Sleeper;
  #converter: AudioConverter | undefined;
  #meter: VoiceMeter | undefined;
  #lastVoiceAtMs: number | undefined;
  #voiceSinceMs = -Infinity;
  /** Audio on its way to the session so far: the place of the last frame on the session's own timeline. */
  #positionMs = 0;
  #bytesPerMs = 1;
  #frameMs = FRAME_MS;
  /** One frame of silence as the carrier would send it. */
  #silence: Buffer = Buffer.alloc(0);
  #isReady = false;
  #lastFrameAtMs = 0;
  #receivedFrames = 0;
  #filledMs = 0;
  /** How much of the present pause is filled already. */
  #pauseFilledMs = 0;
  /** A pause was noticed, and what waits in the socket has yet to be read. */
  #isDoubted = false;

  constructor(deps: CalleeAudioDeps) {
    this.#deps = deps;
    this.#held = new HeldAudio(MAX_HELD_MS * bytesPerMs(deps.aiFormat));
    this.#sleeper = deps.clock.sleeper((nowMs) => this.#onPause(nowMs));
  }

  get stats(): Pick<MediaStats, 'receivedFrames' | 'filledMs' | 'droppedMs'> {
    const droppedMs = this.#held.droppedBytes / bytesPerMs(this.#deps.aiFormat);
    return { receivedFrames: this.#receivedFrames, filledMs: this.#filledMs, droppedMs: Math.round(droppedMs) };
  }

  /** A stream is there; its audio is no continuation of an earlier one's, but time has gone on. */
  connect(format: AudioFormat): void {
    this.#converter = new AudioConverter(format, this.#deps.aiFormat);
    this.#meter = new VoiceMeter(format);
    this.#bytesPerMs = bytesPerMs(format);
    this.#silence = Buffer.alloc(FRAME_MS * this.#bytesPerMs, silenceByte(format));
    if (this.#receivedFrames > 0) this.#fillGap(this.#deps.clock.nowMs - this.#lastFrameAtMs);
    this.#onAlive();
  }

  /** The session takes audio from now on: what was held goes first. */
  release(): void {
    this.#isReady = true;
    this.#forwardHeld();
  }

  /** Takes the next frame; `frame` is borrowed. */
  onFrame(frame: Buffer): void {
    if (!this.#converter || frame.length === 0) return;
    this.#receivedFrames += 1;
    this.#frameMs = frame.length / this.#bytesPerMs;
    this.#onAlive();
    this.#forward(frame);
    const isVoiced = this.#meter?.push(frame) === true;
    if (isVoiced) this.#lastVoiceAtMs = this.#lastFrameAtMs;
    this.#deps.onVoice?.({ isVoiced, frameMs: this.#frameMs });
  }

  /**
   * When the audio at a place on the session's timeline came in; of an unknown place, when the last of the callee's voice
   * did. What was dropped never became part of that timeline.
   */
  arrivedAtMs(sessionMs: number | undefined): number {
    const { nowMs } = this.#deps.clock;
    if (this.#receivedFrames === 0) return nowMs;
    if (sessionMs === undefined) return this.#voiceEndMs;
    const aheadMs = this.#positionMs - this.stats.droppedMs - sessionMs;
    return Math.min(nowMs, this.#lastFrameAtMs + this.#pauseFilledMs - aheadMs);
  }

  /** Frames were lost: silence of their length takes their place. */
  onMissing(frames: number): void {
    this.#fillGap(frames * this.#frameMs);
  }

  /** The callee begins to speak: voice of before belongs to something else. */
  onSpeechStarted(): void {
    // The beginning of it has come in already.
    this.#voiceSinceMs = this.#deps.clock.nowMs - ONSET_MS;
  }

  /** The stream is gone: nothing is expected of it. */
  disconnect(): void {
    this.#converter = undefined;
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
    this.#forwardHeld();
    const frames = Math.max(0, Math.floor(durationMs / FRAME_MS));
    // Silence must not push words out of what is held: a little of it says all there is to say.
    const isEnough = this.#isHolding && this.#pauseFilledMs >= MAX_GAP_MS;
    if (isEnough) return frames * FRAME_MS;
    for (let i = 0; i < frames; i++) this.#forward(this.#silence);
    this.#filledMs += frames * FRAME_MS;
    return frames * FRAME_MS;
  }

  /** When the last voice of the present speech came in; now, when it is too soft to tell. */
  get #voiceEndMs(): number {
    const { nowMs } = this.#deps.clock;
    const lastMs = this.#lastVoiceAtMs;
    return lastMs !== undefined && lastMs >= this.#voiceSinceMs ? lastMs : nowMs;
  }

  get #isHolding(): boolean {
    return !this.#isReady || !this.#held.isEmpty || this.#deps.session.isCongested;
  }

  #forward(frame: Buffer): void {
    if (!this.#converter) return;
    const audio = this.#converter.convert(frame);
    this.#positionMs += frame.length / this.#bytesPerMs;
    const { session } = this.#deps;
    if (!this.#isHolding) return session.appendAudio(audio);
    this.#held.add(audio);
    this.#forwardHeld();
  }

  #forwardHeld(): void {
    const { session } = this.#deps;
    while (this.#isReady && !session.isCongested) {
      const audio = this.#held.takeOldest();
      if (!audio) return;
      session.appendAudio(audio);
    }
  }
}
