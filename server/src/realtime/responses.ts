// The responses of one session: asked for in line, asked for again when they fail, told as they come; and the tools that
// they call.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { NO_SPENDING } from '../calls/cost';
import type { ItemRef, RealtimeListener } from '../calls/conversation-ports';
import { type EndCall, endCall } from '../calls/end-call';
import type { Clock } from '../calls/ports';
import type { TurnTaking } from '../calls/speech';
import { Base64Reader } from '../lib/base64-reader';
import type { EndedResponse } from './active-response';
import { FailedResponses } from './failed-responses';
import { priceResponse } from './pricing';
import { classifyError, errorFacts } from './realtime-errors';
import {
  type AudioDelta,
  itemRef,
  type RealtimeErrorBody,
  type ResponseDone,
  type ResponseEvent,
} from './realtime-protocol';
import type { SequencedRequest } from './request-queue';
import { type Ending, isToBeRepeated, statusOf } from './response-ending';
import { ResponseSequencer } from './response-sequencer';
import { ToolCalls } from './tool-calls';

/** What they work with. */
export type ResponsesDeps = {
  readonly clock: Clock;
  /** By which they are paid for. */
  readonly model: string;
  readonly send: (event: RealtimeClientEvent) => void;
  readonly listener: () => RealtimeListener | undefined;
  /** The session is of no use any more. */
  readonly fail: (verdict: EndCall) => void;
};

/** All responses of one session. */
export class Responses {
  readonly #deps: ResponsesDeps;
  readonly #sequencer: ResponseSequencer;
  readonly #failures: FailedResponses;
  readonly #tools: ToolCalls;
  readonly #deltas = new Base64Reader();
  /** The item whose audio comes. */
  #item: ItemRef | undefined;
  #hasResponded = false;

  constructor(deps: ResponsesDeps) {
    const { clock, send, listener } = deps;
    this.#deps = deps;
    this.#tools = new ToolCalls({ send, listener });
    this.#sequencer = new ResponseSequencer({
      clock,
      send,
      onUnanswered: (cause) => this.#failures.onUnanswered(cause),
      // It is asked for again: whoever waits for it goes on waiting.
      hasToStay: (responseId) => this.#tools.hasRun(responseId),
      onGivenUp: (responseId, status) => listener()?.onResponseDone({ responseId, status, spending: NO_SPENDING }),
      onDropped: (requestId) => listener()?.onRequestDropped(requestId),
    });
    this.#failures = new FailedResponses(clock, { retry: () => this.#sequencer.repeat(), giveUp: deps.fail });
  }

  /** True while one is made, asked for, or due from the server. */
  get isBusy(): boolean {
    return this.#sequencer.isBusy;
  }

  /** There may be responses from now on. */
  start(): void {
    this.#sequencer.start();
  }

  /** The session goes on with a conversation in which there have been responses to the same settings. */
  proceed(): void {
    this.#hasResponded = true;
  }

  /** Who answers the callee from now on, as the server has confirmed. */
  takeTurns(by: TurnTaking): void {
    this.#sequencer.takeTurns(by);
  }

  request(request: SequencedRequest): void {
    this.#sequencer.request(request);
  }

  /** The result of a tool. */
  answerTool(toolCallId: string, output: string): void {
    this.#tools.answer(toolCallId, output);
  }

  /** As by the session's contract. */
  cancel(which: 'active' | 'all' | 'cut-in'): boolean {
    if (which !== 'all') return this.#sequencer.cancelActive(which === 'cut-in');
    const wasRetryDue = this.#failures.forget();
    const wasCancelled = this.#sequencer.cancel();
    if (wasRetryDue) this.#sequencer.dropLast();
    return wasCancelled || wasRetryDue;
  }

  onSpeechStarted(): void {
    this.#sequencer.onSpeechStarted();
    // The server will answer what the callee says now.
    if (!this.#sequencer.isProtectedRetryDue) this.#putOffRetry();
  }

  /** Returns whether the server answers by itself. */
  onSpeechStopped(): boolean {
    return this.#sequencer.onSpeechStopped();
  }

  onEvent(event: ResponseEvent, listener: RealtimeListener): void {
    switch (event.type) {
      case 'conversation.item.added':
        return this.#tools.onItemAdded(event.item);
      case 'response.created': {
        const { id: responseId, metadata } = event.response;
        this.#hasResponded = true;
        this.#putOffRetry();
        return listener.onResponseStarted({ responseId, ...this.#sequencer.onCreated(responseId, metadata) });
      }
      case 'response.done':
        return this.#onDone(event.response, listener);
      case 'response.output_item.added':
        return void this.#sequencer.onProgress(event.response_id);
      case 'response.output_item.done': {
        const { response_id: responseId, item } = event;
        return this.#tools.onItemDone(responseId, item, this.#sequencer.onProgress(responseId));
      }
      case 'response.output_audio.delta':
        if (!this.#sequencer.onSound(event.response_id)) return;
        return listener.onAudio(this.#audioItem(event), this.#deltas.read(event.delta));
      case 'response.output_audio.done':
        return listener.onAudioDone(itemRef(event));
      case 'response.output_audio_transcript.delta':
        return listener.onAssistantText(itemRef(event), { delta: event.delta });
      case 'response.output_audio_transcript.done':
        return listener.onAssistantText(itemRef(event), { whole: event.transcript });
    }
  }

  /** The server did not take an event; an error that names none asks for nothing: failed responses come as such. */
  onRefused(eventId: string, error: RealtimeErrorBody): void {
    if (this.#tools.onRefused(eventId)) return;
    const isActiveElsewhere = error.code === 'conversation_already_has_active_response';
    if (!this.#sequencer.onRefused(eventId, isActiveElsewhere)) return;
    const errorClass = classifyError(error);
    if (errorClass === 'transient') return this.#failures.onFailure(error);
    if (errorClass !== 'request') return;
    // What is wrong with the request for the opening will be wrong again.
    if (this.#hasResponded) this.#sequencer.dropLast();
    else this.#deps.fail(endCall('ai-refused-session', errorFacts(error)));
  }

  /** Stops their timers; nothing is asked for any more. */
  close(): void {
    this.#failures.forget();
    this.#sequencer.close();
  }

  /** One for all its audio. Names that were cut out of a message keep all of that message in memory: they are copied. */
  #audioItem(event: AudioDelta): ItemRef {
    const { response_id: responseId, item_id: itemId, content_index: contentIndex } = event;
    const last = this.#item;
    if (last?.itemId === itemId && last.contentIndex === contentIndex && last.responseId === responseId) return last;
    return (this.#item = { responseId: copyOf(responseId), itemId: copyOf(itemId), contentIndex });
  }

  #putOffRetry(): void {
    if (this.#failures.postpone()) this.#sequencer.putOff();
  }

  #onDone(response: ResponseDone['response'], listener: RealtimeListener): void {
    const { id, status } = response;
    const endingOf = (ended: EndedResponse): Ending => ({ ...ended, status, hasRunTools: this.#tools.hasRun(id) });
    const ending = endingOf(this.#sequencer.onDone(id, (ended) => isToBeRepeated(endingOf(ended))));
    // One that was given up for its silence has helped nobody.
    if (status === 'completed' && !ending.wasCancelled) this.#failures.forget();
    const spending = priceResponse(this.#deps.model, id, response.usage);
    listener.onResponseDone({ responseId: id, status: statusOf(ending), spending });
    if (isToBeRepeated(ending)) this.#failures.onFailure(response.status_details?.error ?? {});
  }
}

function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
