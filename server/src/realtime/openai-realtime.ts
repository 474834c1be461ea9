// One session of OpenAI's Realtime API (GA) over a WebSocket: configure, gate on `session.updated`, and translate
// between the wire and RealtimeSession. What the words and sounds mean for the call is decided elsewhere.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { NO_USAGE } from '../calls/call';
import type { ItemRef, RealtimeListener, RealtimeSession, RequestedResponse } from '../calls/conversation-ports';
import { type EndCall, endCall } from '../calls/end-call';
import type { TurnTaking } from '../calls/speech';
import { Base64Reader } from '../lib/base64-reader';
import type { EndedResponse } from './active-response';
import { FailedResponses } from './failed-responses';
import { priceResponse, priceTranscription } from './pricing';
import { classifyError, errorFacts } from './realtime-errors';
import {
  itemRef,
  parseServerEvent,
  type RealtimeErrorBody,
  type ResponseDone,
  type ServerEvent,
  type SessionUpdated,
  type UnreadableEvent,
} from './realtime-protocol';
import { type RealtimeDeps, type RealtimeEndpoint, RealtimeSocket } from './realtime-socket';
import { type Ending, isToBeRepeated, statusOf } from './response-ending';
import { messageItem, sequencedRequest } from './response-request';
import { ResponseSequencer } from './response-sequencer';
import {
  confirmedTurns,
  echoMismatch,
  sessionRequest,
  type SessionSettings,
  turnTakingRequest,
} from './session-config';
import { ToolCalls } from './tool-calls';

/** Where to connect, as whom, and what the session is to be. */
export type RealtimeSettings = SessionSettings & RealtimeEndpoint;

// About 2 s of callee audio in base64: beyond this, more of it only adds delay. Control events always go.
const CONGESTED_BYTES = { pcm16: 128 * 1024, pcmu: 21 * 1024 };

const UPDATE_EVENT_ID = 'session-update';

/** The AI leg of one call. */
export class OpenAiRealtime implements RealtimeSession {
  readonly #deps: RealtimeDeps;
  readonly #sequencer: ResponseSequencer;
  readonly #failedResponses: FailedResponses;
  readonly #deltas = new Base64Reader();
  readonly #tools: ToolCalls;
  /** Events for the session once it is configured. */
  readonly #early: RealtimeClientEvent[] = [];
  #settings: RealtimeSettings;
  #turns: TurnTaking = 'server';
  #socket: RealtimeSocket | undefined;
  #listener: RealtimeListener | undefined;
  #sessionId = '';
  #isConfigured = false;
  #isReady = false;
  #isClosed = false;
  #hasResponded = false;
  #openedAtMs = 0;

  constructor(settings: RealtimeSettings, deps: RealtimeDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const send = (event: RealtimeClientEvent): void => this.#send(event);
    this.#tools = new ToolCalls({ send, listener: () => this.#listener });
    this.#sequencer = new ResponseSequencer({
      clock: deps.clock,
      send,
      onUnanswered: () => this.#failedResponses.onFailure({ code: 'response_not_created' }),
      // It is asked for again: whoever waits for it goes on waiting.
      hasToStay: (responseId) => this.#tools.hasRun(responseId),
      onGivenUp: (responseId, status) => this.#listener?.onResponseDone({ responseId, status, usage: NO_USAGE }),
      onDropped: (requestId) => this.#listener?.onRequestDropped(requestId),
    });
    this.#failedResponses = new FailedResponses(deps.clock, {
      retry: () => this.#sequencer.repeat(),
      giveUp: (verdict) => this.#fail(verdict),
    });
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get isCongested(): boolean {
    return (this.#socket?.bufferedBytes ?? 0) > CONGESTED_BYTES[this.#settings.audioFormat];
  }

  open(listener: RealtimeListener): void {
    this.#listener = listener;
    this.#openedAtMs = this.#deps.clock.monotonicMs();
    this.#socket = new RealtimeSocket(this.#settings, this.#deps, {
      onMessage: (text) => this.#onMessage(text),
      onFailed: (verdict) => this.#fail(verdict),
    });
  }

  appendAudio(audio: Buffer): void {
    // As text: a client masks what it sends, in place where it made the bytes itself.
    if (this.#isReady) this.#socket?.send(`{"type":"input_audio_buffer.append","audio":"${audio.toString('base64')}"}`);
  }

  requestResponse(request: RequestedResponse): void {
    this.#sequencer.request(sequencedRequest(request, () => this.#settings.instructions));
  }

  addMessage(role: 'system' | 'user', text: string): void {
    this.#send({ type: 'conversation.item.create', item: messageItem(role, text) });
  }

  answerTool(toolCallId: string, output: string): void {
    this.#tools.answer(toolCallId, output);
  }

  takeTurns(by: TurnTaking): void {
    if (by === this.#turns) return;
    this.#turns = by;
    this.#update('turn-taking', turnTakingRequest(this.#settings, by));
  }

  setInstructions(instructions: string): void {
    this.#settings = { ...this.#settings, instructions };
    this.#update('instructions', { type: 'realtime', instructions });
  }

  cancelResponse(which: 'active' | 'all' | 'cut-in'): boolean {
    if (which !== 'all') return this.#sequencer.cancelActive(which === 'cut-in');
    const wasRetryDue = this.#failedResponses.forget();
    const wasCancelled = this.#sequencer.cancel();
    if (wasRetryDue) this.#sequencer.dropLast();
    return wasCancelled || wasRetryDue;
  }

  truncate({ itemId, contentIndex }: ItemRef, heardMs: number): void {
    this.#send({
      type: 'conversation.item.truncate',
      item_id: itemId,
      content_index: contentIndex,
      audio_end_ms: Math.floor(heardMs),
    });
  }

  deleteItem(itemId: string): void {
    this.#send({ type: 'conversation.item.delete', item_id: itemId });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failedResponses.forget();
    this.#sequencer.close();
    this.#socket?.close();
  }

  /** Nothing but its settings goes to a session that is not configured: the rest waits until it is. */
  #send(event: RealtimeClientEvent): void {
    if (this.#isReady || event.event_id === UPDATE_EVENT_ID) this.#socket?.send(JSON.stringify(event));
    else this.#early.push(event);
  }

  /** A change of settings that the session has got; before that, they are what it gets. */
  #update(what: string, session: Extract<RealtimeClientEvent, { type: 'session.update' }>['session']): void {
    if (this.#isConfigured) this.#send({ type: 'session.update', event_id: `${what}-update`, session });
  }

  #onMessage(text: string): void {
    const event = parseServerEvent(text);
    if (event && this.#listener) this.#handle(event, this.#listener);
  }

  #handle(event: ServerEvent | UnreadableEvent, listener: RealtimeListener): void {
    switch (event.type) {
      case 'session.created':
        return this.#configure(event.session.id ?? '');
      case 'session.updated':
        return this.#onUpdated(event);
      case 'error':
        return this.#onError(event.error);
      case 'input_audio_buffer.speech_started':
        this.#sequencer.onSpeechStarted();
        // The server will answer what the callee says now.
        if (!this.#sequencer.isProtectedRetryDue) this.#putOffRetry();
        return listener.onSpeechStarted(event.item_id);
      case 'input_audio_buffer.speech_stopped': {
        const isAnswered = this.#sequencer.onSpeechStopped();
        return listener.onSpeechStopped({ endMs: this.#speechEndMs(event.audio_end_ms), isAnswered });
      }
      case 'conversation.item.input_audio_transcription.completed': {
        const usage = priceTranscription(this.#settings.transcriptionModel, event.usage);
        return listener.onCalleeText(event.item_id, event.transcript, usage);
      }
      case 'conversation.item.input_audio_transcription.failed':
        return listener.onCalleeText(event.item_id, undefined, NO_USAGE);
      case 'conversation.item.added':
        return this.#tools.onItemAdded(event.item);
      case 'response.created': {
        const { id: responseId, metadata } = event.response;
        this.#hasResponded = true;
        this.#putOffRetry();
        return listener.onResponseStarted({ responseId, ...this.#sequencer.onCreated(responseId, metadata) });
      }
      case 'response.done':
        return this.#onResponseDone(event.response, listener);
      case 'response.output_item.added':
        return void this.#sequencer.onProgress(event.response_id);
      case 'response.output_item.done': {
        const { response_id: responseId, item } = event;
        return this.#tools.onItemDone(responseId, item, this.#sequencer.onProgress(responseId));
      }
      case 'response.output_audio.delta':
        if (!this.#sequencer.onSound(event.response_id)) return;
        return listener.onAudio(itemRef(event), this.#deltas.read(event.delta));
      case 'response.output_audio.done':
        return listener.onAudioDone(itemRef(event));
      case 'response.output_audio_transcript.delta':
        return listener.onAssistantText(itemRef(event), { delta: event.delta });
      case 'response.output_audio_transcript.done':
        return listener.onAssistantText(itemRef(event), { whole: event.transcript });
      case 'unreadable':
        return this.#deps.log.warn('A realtime event could not be read', { eventType: event.of });
    }
  }

  #configure(sessionId: string): void {
    this.#sessionId = sessionId;
    this.#isConfigured = true;
    const session = sessionRequest(this.#settings, this.#turns);
    this.#send({ type: 'session.update', event_id: UPDATE_EVENT_ID, session });
  }

  #onUpdated(event: SessionUpdated): void {
    this.#sequencer.takeTurns(confirmedTurns(event));
    if (this.#isReady) return;
    const mismatch = echoMismatch(this.#settings, event);
    if (mismatch !== undefined) return this.#fail(endCall('ai-refused-session', { cause: 'echo', mismatch }));
    this.#isReady = true;
    this.#socket?.markReady();
    const connectMs = Math.round(this.#deps.clock.monotonicMs() - this.#openedAtMs);
    for (const early of this.#early.splice(0)) this.#send(early);
    this.#sequencer.start();
    this.#listener?.onReady({ sessionId: this.#sessionId, connectMs });
  }

  /** The server counts the silence by which it noticed the end; how much that was, only one detection lets us know. */
  #speechEndMs(audioEndMs: number | null | undefined): number | undefined {
    const { turnDetection } = this.#settings;
    if (typeof audioEndMs !== 'number' || turnDetection.type !== 'server-vad') return undefined;
    return Math.max(0, audioEndMs - turnDetection.silenceMs);
  }

  #putOffRetry(): void {
    if (this.#failedResponses.postpone()) this.#sequencer.putOff();
  }

  #onError(error: RealtimeErrorBody): void {
    const errorClass = classifyError(error);
    const facts = errorFacts(error);
    this.#deps.log[errorClass === 'benign' ? 'debug' : 'warn']('The realtime session reports an error', {
      errorClass,
      ...facts,
    });
    const isActiveElsewhere = error.code === 'conversation_already_has_active_response';
    const isOurRequest = error.event_id ? this.#sequencer.onRefused(error.event_id, isActiveElsewhere) : false;
    if (errorClass === 'account') return this.#fail(endCall('ai-unauthorized', facts));
    if (errorClass === 'session-over') return this.#fail(endCall('ai-connection-lost', facts));
    if (error.event_id && this.#tools.onRefused(error.event_id)) return;
    // What is wrong with the settings, or with the request for the opening, will be wrong again.
    if (errorClass === 'request' && (!this.#isReady || (isOurRequest && !this.#hasResponded)))
      return this.#fail(endCall('ai-refused-session', facts));
    if (error.event_id === UPDATE_EVENT_ID) return this.#fail(endCall('ai-refused-session', facts));
    if (errorClass === 'request' && isOurRequest) return this.#sequencer.dropLast();
    // Failed responses come as response.done; an error that names none of our requests asks for nothing.
    if (errorClass === 'transient' && isOurRequest) this.#failedResponses.onFailure(error);
  }

  #onResponseDone(response: ResponseDone['response'], listener: RealtimeListener): void {
    const { id, status } = response;
    const endingOf = (ended: EndedResponse): Ending => ({ ...ended, status, hasRunTools: this.#tools.hasRun(id) });
    const ending = endingOf(this.#sequencer.onDone(id, (ended) => isToBeRepeated(endingOf(ended))));
    // One that was given up for its silence has helped nobody.
    if (status === 'completed' && !ending.wasCancelled) this.#failedResponses.forget();
    const usage = priceResponse(this.#settings.model, response.usage);
    listener.onResponseDone({ responseId: id, status: statusOf(ending), usage });
    if (isToBeRepeated(ending)) this.#failedResponses.onFailure(response.status_details?.error ?? {});
  }

  #fail(verdict: EndCall): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener?.onFailed(verdict);
  }
}
