/**
 * The sound of one answered call, 20 ms at a time: what the callee says goes out, what the server sent is played to
 * the callee's ear, and both are recorded on one time line that begins with the answer.
 */
import { concatPcm } from '../pcm';
import { FRAME_SAMPLES, PlayoutQueue } from './playout-queue';
import { SpeechDetector } from './speech-detector';
import { FrameClock } from './timing';

const SILENCE = new Int16Array(FRAME_SAMPLES);

/** Who is told what happens on the line; called once per frame in the order of the members. */
export type PhoneLineListener = {
  /** A frame begins. */
  onFrame(): void;
  /** The audio before these marks has been played. */
  onMarksPlayed(names: readonly string[]): void;
  /** The callee's next frame and the one that the callee hears meanwhile. */
  onAudio(audio: { readonly said: Int16Array; readonly heard: Int16Array }): void;
  /** The callee begins to hear an utterance. */
  onSpeechHeard(): void;
  /** The callee begins to say something. */
  onSpeechSaid(): void;
};

/** An announcement of the carrier's own (a `speak` command), mixed into what the callee hears. */
export type Announcement = {
  readonly pcm: Int16Array;
  readonly onStarted: () => void;
  readonly onEnded: (isComplete: boolean) => void;
};

/** The line of one leg. */
export class PhoneLine {
  readonly playout = new PlayoutQueue();
  readonly #voice = new PlayoutQueue();
  readonly #announcer = new PlayoutQueue();
  readonly #bridged = new PlayoutQueue();
  readonly #detector = new SpeechDetector();
  readonly #voiceDetector = new SpeechDetector();
  readonly #clock = new FrameClock(() => this.#frame());
  readonly #listener: PhoneLineListener;
  readonly #isRecorded: boolean;
  readonly #said: Int16Array[] = [];
  readonly #heard: Int16Array[] = [];
  #announcements: Announcement[] = [];
  #isAnnouncing = false;

  constructor(listener: PhoneLineListener, options: { readonly isRecorded: boolean }) {
    this.#listener = listener;
    this.#isRecorded = options.isRecorded;
  }

  /** How long the callee has heard nothing, infinite before the first sound. */
  get silentMs(): number {
    return this.#detector.silentMs;
  }

  /** Whether the callee hears somebody speak. */
  get isHearingSpeech(): boolean {
    return this.#detector.isSpeaking;
  }

  /** Whether the callee has something left to say. */
  get isTalking(): boolean {
    return this.#voice.queuedMs > 0;
  }

  /** Begins the time line: the call has been answered. */
  start(): void {
    this.#clock.start();
  }

  /** Ends the time line, and with it announcements that were being made. */
  stop(): void {
    this.#clock.stop();
    this.stopAnnouncements();
  }

  /** Lets the callee say something, after what is still to be said. */
  say(pcm: Int16Array): void {
    this.#voice.enqueue(pcm);
  }

  /** Plays a frame of the bridged party, mixed into what the callee hears. */
  hearBridged(frame: Int16Array): void {
    this.#bridged.enqueue(frame);
  }

  /** Drops what the bridged party said and the callee has not heard yet. */
  stopBridged(): void {
    this.#bridged.clear();
  }

  /** Adds an announcement, after those still to be made. */
  announce(announcement: Announcement): void {
    this.#announcements.push(announcement);
  }

  /** Breaks off the announcement being made and drops the others. */
  stopAnnouncements(): void {
    const current = this.#isAnnouncing ? this.#announcements[0] : undefined;
    this.#announcements = [];
    this.#announcer.clear();
    this.#isAnnouncing = false;
    current?.onEnded(false);
  }

  /** What the callee said so far, silence included. */
  said(): Int16Array {
    return concatPcm(this.#said);
  }

  /** What the callee heard so far, silence included. */
  heard(): Int16Array {
    return concatPcm(this.#heard);
  }

  #frame(): void {
    this.#listener.onFrame();
    const marks = this.playout.takePlayedMarks();
    if (marks.length > 0) this.#listener.onMarksPlayed(marks);
    const said = this.#voice.takeFrame();
    const ofCarrier = mix(this.playout.takeFrame(), this.#announcementFrame());
    const heard = mix(ofCarrier, this.#bridged.takeFrame());
    if (this.#isRecorded) this.#record(said ?? SILENCE, heard ?? SILENCE);
    this.#listener.onAudio({ said: said ?? SILENCE, heard: heard ?? SILENCE });
    if (this.#voiceDetector.push(said)) this.#listener.onSpeechSaid();
    if (this.#detector.push(heard)) this.#listener.onSpeechHeard();
  }

  #record(said: Int16Array, heard: Int16Array): void {
    this.#said.push(said);
    this.#heard.push(heard);
  }

  #announcementFrame(): Int16Array | undefined {
    const frame = this.#announcer.takeFrame();
    if (frame !== undefined) return frame;
    if (this.#isAnnouncing) this.#announcements.shift()?.onEnded(true);
    const next = this.#announcements[0];
    this.#isAnnouncing = next !== undefined;
    if (next === undefined) return undefined;
    this.#announcer.enqueue(next.pcm);
    next.onStarted();
    return this.#announcer.takeFrame();
  }
}

function mix(one: Int16Array | undefined, other: Int16Array | undefined): Int16Array | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.map((sample, index) => Math.max(-32768, Math.min(32767, sample + (other[index] ?? 0))));
}
