// A bridge over a steady session, and the sessions that this is made of, one after the other.

import { PCMU_8K } from '../../../../src/audio/audio-format';
import type { EndCall } from '../../../../src/calls/end-call';
import { endCall } from '../../../../src/calls/end-call';
import type { ConversationEvent } from '../../../../src/calls/conversation-events';
import type { SpeechRequest } from '../../../../src/calls/speech';
import { MediaBridge } from '../../../../src/media/media-bridge';
import { MediaClock } from '../../../../src/media/media-clock';
import { DEFAULT_PLAYOUT } from '../../../../src/media/playout/playout';
import { SteadySession } from '../../../../src/media/session/steady-session';
import { aSpending, anItem } from '../../../support/builders';
import { FakeCarrierStream, FakeRealtimeSession } from '../../../support/fakes';
import { ManualClock } from '../../../support/manual-clock';
import { type FollowedSpeech, RecordingLineListener, SILENCE } from '../bridge-rig';
import { FRAME_MS, someAudio } from '../phone-line';
import { settlementsOf } from '../settlements';

/** A session among several: knows whether it was opened, and what for. */
export class SessionInTurn extends FakeRealtimeSession {
  readonly readyTimeoutMs: number | undefined;

  constructor(readyTimeoutMs: number | undefined, expiresAtMs: number | undefined) {
    super();
    this.readyTimeoutMs = readyTimeoutMs;
    this.expiresAtMs = expiresAtMs;
  }

  /** The texts of what it was told of the conversation, in order. */
  get history(): string[] {
    return this.restored.map((item) => (item.kind === 'tool' ? `tool: ${item.name}` : `${item.role}: ${item.text}`));
  }
}

/** One bridge whose sessions come and go. */
export class SteadyRig {
  readonly clock = new ManualClock();
  readonly sessions: SessionInTurn[] = [];
  readonly listener = new RecordingLineListener();
  readonly bridge: MediaBridge;
  stream = new FakeCarrierStream();
  /** How long each session that is made from now on may last. */
  lifetimeMs = 60 * 60_000;

  constructor(bargeInHoldMs = 0) {
    const session = new SteadySession({
      clock: this.clock,
      bytesPerMs: 8,
      openSession: ({ readyTimeoutMs }) => {
        const made = new SessionInTurn(readyTimeoutMs, this.clock.nowMs() + this.lifetimeMs);
        this.sessions.push(made);
        return made;
      },
    });
    this.bridge = new MediaBridge({
      session,
      aiFormat: PCMU_8K,
      outboundFormat: PCMU_8K,
      playout: DEFAULT_PLAYOUT,
      bargeInHoldMs,
      clock: this.clock,
      mediaClock: new MediaClock(this.clock),
      listener: this.listener,
    });
    this.bridge.open();
  }

  /** A bridge in the middle of a call. */
  static talking(bargeInHoldMs = 0): SteadyRig {
    const rig = new SteadyRig(bargeInHoldMs);
    rig.ready();
    rig.bridge.attach(rig.stream);
    return rig;
  }

  /** The session that was made last. */
  get session(): SessionInTurn {
    const last = this.sessions.at(-1);
    if (!last) throw new Error('No session was made.');
    return last;
  }

  /** The words that the session was asked for, or the kind of what it was asked for, in order. */
  get asked(): string[] {
    return this.session.of('request').map(({ request: { content } }) => {
      return content.kind === 'words' ? content.words : content.kind;
    });
  }

  ready(session = this.session): void {
    session.listener.onReady({ sessionId: `session-${this.sessions.indexOf(session) + 1}`, connectMs: 100 });
  }

  /** The session that is in use, or being opened, fails. */
  fail(verdict: EndCall = endCall('ai-connection-lost', { closeCode: 1006 }), session = this.session): void {
    session.closed = true;
    session.listener.onFailed(verdict);
  }

  /** Lost, and replaced at once. */
  replace(): void {
    this.fail();
    this.clock.advance(1);
    this.ready();
  }

  speak(changes: Partial<SpeechRequest> = {}): FollowedSpeech {
    const outcomes = settlementsOf(
      this.bridge.speak({ content: { kind: 'words', words: 'one two three four five' }, ...changes }),
    );
    return { requestId: this.session.of('request').at(-1)?.request.requestId ?? 'none', outcomes };
  }

  /** The AI begins a response, by itself unless it was asked for. */
  begin(responseId: string, requestId?: string): void {
    this.session.listener.onResponseStarted({ responseId, requestId, isUnwanted: false });
  }

  /** The AI says something, and is not done with it. */
  say(responseId: string, text = 'one two', ms = 400): void {
    const item = anItem({ responseId, itemId: `item-of-${responseId}` });
    this.session.listener.onAudio(item, Buffer.from(someAudio(ms)));
    this.session.listener.onAssistantText(item, { delta: text });
  }

  finish(responseId: string): void {
    const { listener } = this.session;
    listener.onAudioDone(anItem({ responseId, itemId: `item-of-${responseId}` }));
    listener.onResponseDone({ responseId, status: 'completed', spending: aSpending() });
  }

  /** A response from beginning to end. */
  respond(responseId: string, text?: string, requestId?: string): void {
    this.begin(responseId, requestId);
    this.say(responseId, text);
    this.finish(responseId);
  }

  startSpeech(itemId: string): void {
    this.session.listener.onSpeechStarted(itemId);
  }

  stopSpeech(isAnswered = true): void {
    this.session.listener.onSpeechStopped({ endMs: undefined, isAnswered });
  }

  write(itemId: string, text: string): void {
    this.session.listener.onCalleeText(itemId, text, aSpending());
  }

  /** A turn of the callee that the server has written down and is about to answer. */
  turn(itemId: string, text: string): void {
    this.startSpeech(itemId);
    this.hear(400);
    this.stopSpeech();
    this.write(itemId, text);
  }

  /** The callee's line is lost. */
  loseLine(): void {
    if (!this.stream.closed) this.stream.listener.onLost(1006);
  }

  /** It is back, as another stream. */
  regainLine(): void {
    if (!this.stream.closed) return;
    this.stream = new FakeCarrierStream();
    this.bridge.attach(this.stream);
  }

  /** So much audio of the callee in real time, every byte of it alike; none of it is a voice. */
  hear(ms: number, byte = 0xff): void {
    for (let at = 0; at < ms; at += FRAME_MS) {
      this.stream.listener.onAudio(Buffer.alloc(SILENCE.length, byte));
      this.clock.advance(FRAME_MS);
    }
  }

  /** The callee hears everything that went out. */
  hearOut(ms = 3_000): void {
    this.hear(ms);
    const marks = this.stream.sent.flatMap((frame) => (frame.type === 'mark' ? [frame.name] : []));
    for (const name of marks) this.stream.listener.onMark(name);
  }

  of<T extends ConversationEvent['type']>(type: T): Extract<ConversationEvent, { type: T }>[] {
    return this.listener.events.filter((event): event is Extract<ConversationEvent, { type: T }> => {
      return event.type === type;
    });
  }
}
