/** The media side of one leg: joins its telephone line, its streams and its script, and keeps the frame records. */
import { tone } from '../pcm';
import { LegStreams } from './leg-streams';
import type { MediaSocketListener, StreamFrameRecord } from './media-socket';
import { PhoneLine } from './phone-line';
import type { KeyPath, MachineFinding, PhoneScript, StreamCut } from './phone-script';
import { ScriptRunner } from './script-runner';
import type { StreamRequest } from './stream-request';
import { StreamTimes } from './stream-times';
import { nowMs } from './timing';
import type { Events } from './waiting';

const SPEAK_MS_PER_CHARACTER = 60;
const SPEAK_MIN_MS = 400;
// Quiet and low, so that an announcement stands apart from any voice in the recording.
const SPEAK_TONE = { hz: 300, amplitude: 0.05 };

/** What happens in the media of a leg, by name. */
export type MediaEvents = {
  'stream-started': { readonly atMs: number; readonly streamId: string };
  'stream-failed': { readonly atMs: number; readonly reason: string };
  'stream-closed': { readonly atMs: number; readonly code: number; readonly isByCarrier: boolean };
  media: StreamFrameRecord;
  mark: StreamFrameRecord;
  clear: StreamFrameRecord;
  /** The callee began to hear an utterance. */
  speech: { readonly atMs: number };
  /** The callee began to say something. */
  talk: { readonly atMs: number };
  /** The last step of the script is done. */
  'script-done': { readonly atMs: number };
};

/** What a leg lends to its media. */
export type LegMediaOwner = {
  readonly script: PhoneScript;
  readonly userId: string;
  readonly isRecorded: boolean;
  readonly events: Pick<Events<MediaEvents>, 'emit'>;
  clip(name: string): Int16Array;
  startFields(): Readonly<Record<string, unknown>>;
  publish(eventType: string, fields: object): void;
  /** Answering machine detection finds something out. */
  detect(finding: MachineFinding): void;
  /** The callee hangs up. */
  hangUp(): void;
};

/** Line, streams and script of a leg. */
export class LegMedia {
  readonly received: StreamFrameRecord[] = [];
  readonly sent: StreamFrameRecord[] = [];
  readonly violations: string[] = [];
  readonly times = new StreamTimes();
  readonly line: PhoneLine;
  readonly streams: LegStreams;
  readonly #owner: LegMediaOwner;
  #runner: ScriptRunner | undefined;
  #bridgedEar: ((frame: Int16Array) => void) | undefined;

  constructor(owner: LegMediaOwner) {
    this.#owner = owner;
    this.line = new PhoneLine(
      {
        onFrame: () => this.#runner?.frame(),
        onMarksPlayed: (names) => this.#returnMarks(names),
        onAudio: ({ said, heard }) => this.#sendAudio(said, heard),
        onSpeechHeard: () => owner.events.emit('speech', { atMs: nowMs() }),
        onSpeechSaid: () => owner.events.emit('talk', { atMs: nowMs() }),
      },
      { isRecorded: owner.isRecorded },
    );
    this.streams = new LegStreams({
      script: owner.script,
      userId: owner.userId,
      startFields: () => owner.startFields(),
      publish: (eventType, fields) => owner.publish(eventType, fields),
      onFailed: (reason) => owner.events.emit('stream-failed', { atMs: nowMs(), reason }),
      // Nothing can confirm the marks of a stream that is gone, so they go with its audio.
      onDetached: () => void this.line.playout.clear(),
      listener: this.#streamListener(),
    });
  }

  /** Whether another party is connected. */
  get isBridged(): boolean {
    return this.#bridgedEar !== undefined;
  }

  /** The call is answered: the time line begins, and the stream is opened if the dial asked for one. */
  start(request: StreamRequest | undefined): void {
    this.line.start();
    if (request !== undefined) this.streams.open(request);
  }

  /** The call has ended. */
  end(): void {
    this.unbridge();
    this.streams.stop();
    this.line.stop();
  }

  /** The call is gone without a word: nothing is sent any more, not even a stop. */
  vanish(): void {
    this.unbridge();
    this.streams.destroy();
    this.line.stop();
  }

  /** Lets another party hear the callee from now on; a script that waits for no stream begins. */
  bridge(ear: (frame: Int16Array) => void): void {
    this.#bridgedEar = ear;
    this.#runner ??= this.#startScript();
  }

  /** The other party is gone. */
  unbridge(): void {
    this.#bridgedEar = undefined;
    this.line.stopBridged();
  }

  /** Presses a key on the callee's phone. */
  dtmf(digit: string, via: KeyPath = 'both'): void {
    if (via !== 'webhook') this.streams.live?.sendDtmf(digit);
    if (via !== 'stream') this.#owner.publish('call.dtmf.received', { digit });
  }

  /** Makes an announcement as long as the text would take to speak; a tone stands in for the voice. */
  speak(text: string): void {
    const pcm = tone({ ...SPEAK_TONE, ms: Math.max(SPEAK_MIN_MS, text.length * SPEAK_MS_PER_CHARACTER) });
    this.line.announce({
      pcm,
      onStarted: () => this.#owner.publish('call.speak.started', {}),
      onEnded: (isComplete) =>
        this.#owner.publish('call.speak.ended', { status: isComplete ? 'completed' : 'call_hangup' }),
    });
  }

  #streamListener(): Omit<MediaSocketListener, 'onFailed'> {
    const { events } = this.#owner;
    const { playout } = this.line;
    return {
      onOpen: (streamId) => {
        this.#runner ??= this.#startScript();
        const atMs = nowMs();
        this.times.noteStarted(atMs);
        events.emit('stream-started', { atMs, streamId });
      },
      onClosed: ({ code, isByCarrier }) => events.emit('stream-closed', { atMs: nowMs(), code, isByCarrier }),
      onAudio: (pcm) => {
        this.times.noteAudio(pcm);
        playout.enqueue(pcm);
      },
      onMark: (name) => {
        if (!playout.mark(name)) this.#returnMarks([name]);
      },
      onClear: () => {
        this.#returnMarks(playout.clear());
        this.times.noteClear(playout.playedMs);
      },
      onReceived: (record) => this.#noteReceived(record),
      onSent: (record) => this.#note(this.sent, record),
      onViolation: (text) => void this.violations.push(text),
    };
  }

  #startScript(): ScriptRunner {
    const { line, streams, times } = this;
    const isBridged = (): boolean => this.isBridged;
    const owner = this.#owner;
    const phone = {
      get isTalking() {
        return line.isTalking;
      },
      get isHearingSpeech() {
        return line.isHearingSpeech;
      },
      get silentMs() {
        return line.silentMs;
      },
      get isBridged() {
        return isBridged();
      },
      get clears() {
        return times.clears.length;
      },
      clip: (name: string) => owner.clip(name),
      say: (pcm: Int16Array) => line.say(pcm),
      dtmf: (key: string, via?: KeyPath) => this.dtmf(key, via),
      detect: (finding: MachineFinding) => owner.detect(finding),
      hangUp: () => owner.hangUp(),
      dropStream: (cut: StreamCut) => streams.drop(cut),
      stallStream: () => streams.live?.stall(),
    };
    const onDone = (): void => owner.events.emit('script-done', { atMs: nowMs() });
    return new ScriptRunner(phone, owner.script.steps ?? [], onDone);
  }

  #sendAudio(said: Int16Array, heard: Int16Array): void {
    this.streams.live?.sendAudio('inbound', said);
    this.streams.live?.sendAudio('outbound', heard);
    this.#bridgedEar?.(said);
  }

  #returnMarks(names: readonly string[]): void {
    for (const name of names) this.streams.live?.sendMark(name);
  }

  #noteReceived(record: StreamFrameRecord): void {
    this.#note(this.received, record);
    if (record.event === 'media') this.#owner.events.emit('media', record);
    else if (record.event === 'mark') this.#owner.events.emit('mark', record);
    else this.#owner.events.emit('clear', record);
  }

  #note(records: StreamFrameRecord[], record: StreamFrameRecord): void {
    // A load test of many calls would otherwise spend its memory on audio frames.
    if (this.#owner.isRecorded || record.event !== 'media') records.push(record);
  }
}
