// A response sequencer between a test and a server that does what the test says.

import type { RealtimeClientEvent, ResponseCreateEvent } from 'openai/resources/realtime/realtime';
import type { CreatedResponse, GivenUpResponse } from '../../../src/realtime/active-response';
import { ResponseSequencer } from '../../../src/realtime/response-sequencer';
import type { SequencedRequest } from '../../../src/realtime/request-queue';
import { ManualClock } from '../../support/manual-clock';

export const ANSWER_TIMEOUT_MS = 5_000;
export const SOUND_TIMEOUT_MS = 8_000;

/** The sequencer, the time, and everything that it said. */
export class SequencerRig {
  readonly clock = new ManualClock();
  readonly sent: RealtimeClientEvent[] = [];
  readonly dropped: string[] = [];
  readonly givenUp: GivenUpResponse[] = [];
  unanswered = 0;
  readonly sequencer = new ResponseSequencer({
    clock: this.clock,
    send: (event) => this.sent.push(event),
    hasToStay: () => false,
    onGivenUp: (responseId, status) => this.givenUp.push({ responseId, hasSound: status === 'incomplete' }),
    onUnanswered: () => {
      this.unanswered += 1;
    },
    onDropped: (requestId) => this.dropped.push(requestId),
  });

  /** Asks for a response by the words that are its id as well. */
  ask(words: string, changes: Partial<SequencedRequest> = {}): void {
    const response = { instructions: words };
    this.sequencer.request({ requestId: words, response, isMootWhenAnswered: false, isProtected: false, ...changes });
  }

  creates(): ResponseCreateEvent[] {
    return this.sent.filter((event): event is ResponseCreateEvent => event.type === 'response.create');
  }

  /** The words of what was asked for, in order; undefined for whatever the model likes to say. */
  words(): (string | null | undefined)[] {
    return this.creates().map(({ response }) => response?.instructions);
  }

  cancels(): (string | undefined)[] {
    return this.sent.flatMap((event) => (event.type === 'response.cancel' ? [event.response_id] : []));
  }

  /** The server begins the response that was asked for last. */
  begin(responseId: string): CreatedResponse {
    return this.sequencer.onCreated(responseId, this.creates().at(-1)!.response!.metadata);
  }

  /** The server refuses what was asked for last. */
  refuse(isActiveElsewhere: boolean): boolean {
    return this.sequencer.onRefused(this.creates().at(-1)!.event_id!, isActiveElsewhere);
  }

  /** The callee has spoken. */
  hear(): void {
    this.sequencer.onSpeechStarted();
    this.sequencer.onSpeechStopped();
  }

  /** The callee speaks, and the server answers by itself. */
  beginByItself(responseId: string): CreatedResponse {
    this.hear();
    return this.sequencer.onCreated(responseId, null);
  }
}
