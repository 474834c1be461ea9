// A media bridge between a fake carrier stream and a fake AI, and words for what happens on either side.

import { type AudioFormat, PCMU_8K } from '../../../src/audio/audio-format';
import type { ItemRef, ResponseOutcome } from '../../../src/calls/conversation-ports';
import type { ConversationEvent } from '../../../src/calls/conversation-events';
import type { VoiceLineListener } from '../../../src/calls/agent-ports';
import type { SpeechOutcome, SpeechRequest, ToolCall, TurnTaking } from '../../../src/calls/speech';
import { MediaBridge } from '../../../src/media/media-bridge';
import { MediaClock } from '../../../src/media/media-clock';
import { DEFAULT_PLAYOUT } from '../../../src/media/playout/playout';
import { aSpending, anItem } from '../../support/builders';
import { FakeCarrierStream, FakeRealtimeSession } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { FRAME_MS, someAudio } from './phone-line';
import { settlementsOf } from './settlements';

/** A frame of the callee in which nobody speaks. */
export const SILENCE = Buffer.alloc(160, 0xff);

/** A frame of the callee that is loud enough for a voice. */
export const VOICE = someAudio(FRAME_MS);

/** Something that a bridge was asked to say; `outcomes` is empty until it is settled. */
export type FollowedSpeech = { readonly requestId: string; readonly outcomes: readonly SpeechOutcome[] };

type RigOptions = {
  readonly aiFormat?: AudioFormat;
  readonly outboundFormat?: AudioFormat;
  readonly bargeInHoldMs?: number;
};

/** Takes note of everything that a voice line reports. */
export class RecordingLineListener implements VoiceLineListener {
  readonly events: ConversationEvent[] = [];
  /** What happened on the line, in order, in a word each. */
  readonly news: string[] = [];
  readonly toolCalls: ToolCall[] = [];

  onReady(): void {
    this.news.push('ready');
  }

  onStreamStarted(): void {
    this.news.push('stream started');
  }

  onCalleeStarted(): void {
    this.news.push('callee started');
  }

  onCalleeStopped({ cutIn }: { readonly cutIn: boolean }): void {
    this.news.push(cutIn ? 'callee stopped, cut in' : 'callee stopped');
  }

  onAiStarted(): void {
    this.news.push('AI started');
  }

  onAiQuiet(): void {
    this.news.push('AI quiet');
  }

  onToolCall(call: ToolCall): void {
    this.toolCalls.push(call);
  }

  onAiLost(): void {
    this.news.push('AI lost');
  }

  onAiResumed(): void {
    this.news.push('AI resumed');
  }

  onDigit(digit: string): void {
    this.news.push(`key ${digit}`);
  }

  onEvent(event: ConversationEvent): void {
    this.events.push(event);
  }
}

/** One bridge; the AI speaks mu-law unless told otherwise, so that bytes can be compared. */
export class BridgeRig {
  readonly clock = new ManualClock();
  readonly session = new FakeRealtimeSession();
  readonly listener = new RecordingLineListener();
  readonly bridge: MediaBridge;
  stream = new FakeCarrierStream();

  constructor({ aiFormat = PCMU_8K, outboundFormat = PCMU_8K, bargeInHoldMs = 0 }: RigOptions = {}) {
    this.bridge = new MediaBridge({
      session: this.session,
      aiFormat,
      outboundFormat,
      playout: DEFAULT_PLAYOUT,
      bargeInHoldMs,
      clock: this.clock,
      mediaClock: new MediaClock(this.clock),
      listener: this.listener,
    });
    this.bridge.open();
  }

  get events(): ConversationEvent[] {
    return this.listener.events;
  }

  /** What the line reported of callee and AI, in order, without its start. */
  get news(): string[] {
    return this.listener.news.filter((word) => word !== 'ready' && word !== 'stream started');
  }

  /** Who takes the turns, as the session was told last. */
  get turns(): TurnTaking | undefined {
    return this.session.of('turns').at(-1)?.by;
  }

  /** A bridge in the middle of a call. */
  static talking(options: RigOptions = {}): BridgeRig {
    const rig = new BridgeRig(options);
    rig.ready();
    rig.connect();
    return rig;
  }

  ready(): void {
    this.session.listener.onReady({ sessionId: 'session-1', connectMs: 300 });
  }

  connect(stream = new FakeCarrierStream()): FakeCarrierStream {
    this.stream = stream;
    this.bridge.attach(stream);
    return stream;
  }

  /** The AI begins a response. */
  respond(responseId = 'response-a', isUnwanted = false): void {
    this.session.listener.onResponseStarted({ responseId, isUnwanted });
  }

  /** Has the AI say something, as an agent does. */
  speak(changes: Partial<SpeechRequest> = {}): FollowedSpeech {
    const outcomes = settlementsOf(
      this.bridge.speak({ content: { kind: 'words', words: 'one two three' }, ...changes }),
    );
    return { requestId: this.lastRequestId, outcomes };
  }

  /** The request that the session got last. */
  get lastRequestId(): string {
    const last = this.session.of('request').at(-1);
    if (!last) throw new Error('Nothing was asked for.');
    return last.request.requestId;
  }

  /** The AI begins the response that was asked for. */
  begin({ requestId }: FollowedSpeech, responseId = 'response-a', isUnwanted = false): void {
    this.session.listener.onResponseStarted({ responseId, requestId, isUnwanted });
  }

  /** The AI makes audio, and its words. */
  say(item: ItemRef = anItem(), ms = 1_000, text = 'one two three four five'): void {
    this.session.listener.onAudio(item, Buffer.from(someAudio(ms)));
    this.session.listener.onAssistantText(item, { delta: text });
  }

  finish(item: ItemRef = anItem()): void {
    this.session.listener.onAudioDone(item);
  }

  done(responseId = 'response-a', status: ResponseOutcome['status'] = 'completed'): void {
    this.session.listener.onResponseDone({ responseId, status, spending: aSpending({ responses: 1 }) });
  }

  /** A response from its beginning to its end, all of it sent to the line. */
  respondWhole(responseId: string, ms = 300): void {
    const item = anItem({ responseId, itemId: `item-of-${responseId}` });
    this.respond(responseId);
    this.say(item, ms);
    this.finish(item);
    this.done(responseId);
  }

  bargeIn(): void {
    this.session.listener.onSpeechStarted('callee-item');
  }

  /** The callee stops; the server answers by itself when it was told to take the turns, unless a test says otherwise. */
  stopSpeaking(endMs?: number, { isAnswered = this.turns === 'server' }: { readonly isAnswered?: boolean } = {}): void {
    this.session.listener.onSpeechStopped({ endMs, isAnswered });
  }

  /** Lets time pass while the callee's frames come in; no mark comes back by itself. */
  play(ms: number, frame: Uint8Array = VOICE): void {
    for (let elapsedMs = 0; elapsedMs < ms; elapsedMs += FRAME_MS) {
      this.hear(frame);
      this.clock.advance(Math.min(FRAME_MS, ms - elapsedMs));
    }
  }

  /** Lets time pass until so much was played, and the carrier says so. */
  hearOut(ms: number): void {
    this.play(ms, SILENCE);
    this.echoMarks();
  }

  hear(audio: Uint8Array): void {
    if (!this.stream.closed) this.stream.listener.onAudio(Buffer.from(audio));
  }

  echoMarks(): void {
    const names = this.stream.sent.flatMap((frame) => (frame.type === 'mark' ? [frame.name] : []));
    for (const name of names) this.stream.listener.onMark(name);
  }

  of<T extends ConversationEvent['type']>(type: T): Extract<ConversationEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ConversationEvent, { type: T }> => event.type === type);
  }
}
