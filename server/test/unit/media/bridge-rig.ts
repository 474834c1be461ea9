// A media bridge between a fake carrier stream and a fake AI, and words for what happens on either side.

import { type AudioFormat, PCMU_8K } from '../../../src/audio/audio-format';
import type { ConversationEvent, ItemRef } from '../../../src/calls/conversation-ports';
import { MediaBridge } from '../../../src/media/media-bridge';
import { MediaClock } from '../../../src/media/media-clock';
import { DEFAULT_PLAYOUT } from '../../../src/media/playout';
import { anItem, aUsage } from '../../support/builders';
import { FakeCarrierStream, FakeRealtimeSession } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { someAudio } from './phone-line';

type RigOptions = {
  readonly aiFormat?: AudioFormat;
  readonly outboundFormat?: AudioFormat;
  readonly greeting?: string;
};

/** One bridge; the AI speaks mu-law unless told otherwise, so that bytes can be compared. */
export class BridgeRig {
  readonly clock = new ManualClock();
  readonly session = new FakeRealtimeSession();
  readonly events: ConversationEvent[] = [];
  readonly bridge: MediaBridge;
  stream = new FakeCarrierStream();

  constructor({ aiFormat = PCMU_8K, outboundFormat = PCMU_8K, greeting }: RigOptions = {}) {
    this.bridge = new MediaBridge({
      session: this.session,
      aiFormat,
      outboundFormat,
      playout: DEFAULT_PLAYOUT,
      greeting,
      clock: this.clock,
      mediaClock: new MediaClock(this.clock),
      report: (event) => this.events.push(event),
    });
    this.bridge.open();
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

  /** The AI makes audio, and its words. */
  say(item: ItemRef = anItem(), ms = 1_000, text = 'one two three four five'): void {
    this.session.listener.onAudio(item, Buffer.from(someAudio(ms)));
    this.session.listener.onAssistantText(item, { delta: text });
  }

  finish(item: ItemRef = anItem()): void {
    this.session.listener.onAudioDone(item);
  }

  done(responseId = 'response-a'): void {
    this.session.finishResponse(responseId, aUsage({ responses: 1 }));
  }

  bargeIn(): void {
    this.session.listener.onSpeechStarted('callee-item');
  }

  /** Lets time pass on a line whose carrier echoes marks the moment it has played up to them. */
  play(ms: number): void {
    for (let elapsedMs = 0; elapsedMs < ms; elapsedMs += 20) {
      this.hear(someAudio(20));
      this.clock.advance(Math.min(20, ms - elapsedMs));
    }
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
