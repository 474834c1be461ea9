// One session of OpenAI's Realtime API (GA) over a WebSocket: connect, configure, gate on `session.updated`, and
// translate between the wire and RealtimeSession. What the words and sounds mean for the call is decided elsewhere.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { WebSocket } from 'ws';
import type { ItemRef, Opening, RealtimeListener, RealtimeSession } from '../calls/conversation-ports';
import { type EndCall, endCall } from '../calls/end-call';
import type { Clock, Logger, Timer } from '../calls/ports';
import { Base64Reader } from '../lib/base64-reader';
import { messageText } from '../lib/message-text';
import { FailedResponses } from './failed-responses';
import { priceResponse, priceTranscription } from './pricing';
import { classifyError, errorFacts, verdictOfClose, verdictOfHttpRefusal } from './realtime-errors';
import {
  parseServerEvent,
  type RealtimeErrorBody,
  type ResponseDone,
  type ServerEvent,
  type SessionUpdated,
  type UnreadableEvent,
} from './realtime-protocol';
import { ResponseSequencer } from './response-sequencer';
import { echoMismatch, sessionRequest, type SessionSettings } from './session-config';

/** Where to connect, as whom, and what the session is to be. */
export type RealtimeSettings = SessionSettings & {
  readonly apiKey: string;
  /** Includes /v1; http(s) becomes ws(s). */
  readonly baseUrl: string;
  readonly model: string;
  /** A stable id of the person called that does not reveal who it is. */
  readonly safetyIdentifier: string;
};

type Deps = { readonly clock: Clock; readonly log: Logger };

// From the first SYN to `session.updated`; normally well under a second. The phone rings longer than this.
const READY_TIMEOUT_MS = 10_000;

// The server pings every 20 s. Two missed pings and some slack: the connection is dead, whatever TCP says.
const SILENCE_LIMIT_MS = 45_000;
const SILENCE_CHECK_MS = 5_000;

// About 2 s of callee audio in base64: beyond this, more of it only adds delay. Control events always go.
const CONGESTED_BYTES = { pcm16: 128 * 1024, pcmu: 21 * 1024 };

const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const UPDATE_EVENT_ID = 'session-update';

/** The AI leg of one call. */
export class OpenAiRealtime implements RealtimeSession {
  readonly #settings: RealtimeSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sequencer: ResponseSequencer;
  readonly #failedResponses: FailedResponses;
  readonly #deltas = new Base64Reader();
  #socket: WebSocket | undefined;
  #listener: RealtimeListener | undefined;
  #sessionId = '';
  #isReady = false;
  #isClosed = false;
  #openedAtMs = 0;
  #lastHeardAtMs = 0;
  #watch: Timer | undefined;

  constructor(settings: RealtimeSettings, deps: Deps) {
    this.#settings = settings;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#sequencer = new ResponseSequencer({
      clock: deps.clock,
      send: (event) => this.#send(event),
      onUnanswered: () => this.#failedResponses.onFailure({ code: 'response_not_created' }),
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
    return (this.#socket?.bufferedAmount ?? 0) > CONGESTED_BYTES[this.#settings.audioFormat];
  }

  open(listener: RealtimeListener): void {
    this.#listener = listener;
    this.#openedAtMs = this.#clock.monotonicMs();
    this.#watch = this.#clock.after(READY_TIMEOUT_MS, () =>
      this.#fail(endCall('ai-unavailable', { cause: 'timeout' })),
    );
    const socket = new WebSocket(this.#url(), {
      headers: {
        Authorization: `Bearer ${this.#settings.apiKey}`,
        'OpenAI-Safety-Identifier': this.#settings.safetyIdentifier,
      },
      perMessageDeflate: false,
      handshakeTimeout: READY_TIMEOUT_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
    });
    this.#socket = socket;
    socket.on('message', (data) => this.#onMessage(messageText(data)));
    socket.on('ping', () => this.#touch());
    socket.on('error', (error) => this.#log.warn('The realtime socket failed', { error }));
    socket.on('unexpected-response', (_request, response) =>
      this.#fail(verdictOfHttpRefusal(response.statusCode ?? 0)),
    );
    socket.on('close', (code, reason) =>
      this.#fail(verdictOfClose(code, reason.toString().slice(0, 100), this.#isReady)),
    );
  }

  appendAudio(audio: Buffer): void {
    if (!this.#isReady || this.#socket?.readyState !== WebSocket.OPEN) return;
    // As text: a client masks what it sends, in place where it made the bytes itself.
    this.#socket.send(`{"type":"input_audio_buffer.append","audio":"${audio.toString('base64')}"}`);
  }

  requestOpening({ greeting }: Opening): void {
    if (greeting !== undefined) {
      // These instructions stand in for the session's own during this one response.
      const instructions = `Say exactly the following words and nothing else: ${JSON.stringify(greeting)}`;
      return this.#sequencer.request({ instructions });
    }
    this.#send({
      type: 'conversation.item.create',
      item: {
        type: 'message',
        role: 'system',
        content: [{ type: 'input_text', text: 'The callee has just picked up the phone. Open the conversation.' }],
      },
    });
    this.#sequencer.request({});
  }

  cancelResponse(): boolean {
    const wasRetryDue = this.#failedResponses.forget();
    return this.#sequencer.cancel() || wasRetryDue;
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
    this.#watch?.cancel();
    this.#failedResponses.forget();
    this.#sequencer.close();
    const socket = this.#socket;
    if (!socket) return;
    // Closing a socket that is still connecting makes it emit an error and a close; both are expected now.
    if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
    else socket.close(1000);
  }

  #url(): string {
    const base = this.#settings.baseUrl.replace(/^http/, 'ws');
    return `${base}/realtime?model=${encodeURIComponent(this.#settings.model)}`;
  }

  #send(event: RealtimeClientEvent): void {
    if (this.#isClosed || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(event));
  }

  #touch(): void {
    this.#lastHeardAtMs = this.#clock.monotonicMs();
  }

  #onMessage(text: string): void {
    if (this.#isClosed) return;
    this.#touch();
    const event = parseServerEvent(text);
    if (event) this.#handle(event);
  }

  #handle(event: ServerEvent | UnreadableEvent): void {
    const listener = this.#listener;
    if (!listener) return;
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
        this.#failedResponses.postpone();
        return listener.onSpeechStarted(event.item_id);
      case 'input_audio_buffer.speech_stopped':
        this.#sequencer.onSpeechStopped();
        return listener.onSpeechStopped();
      case 'conversation.item.input_audio_transcription.completed': {
        const usage = priceTranscription(this.#settings.transcriptionModel, event.usage);
        return listener.onCalleeText(event.item_id, event.transcript, usage);
      }
      case 'response.created': {
        const { id: responseId, metadata } = event.response;
        this.#failedResponses.postpone();
        return listener.onResponseStarted({ responseId, isUnwanted: this.#sequencer.onCreated(responseId, metadata) });
      }
      case 'response.done':
        return this.#onResponseDone(event.response, listener);
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
        return this.#log.warn('A realtime event could not be read', { eventType: event.of });
    }
  }

  #configure(sessionId: string): void {
    this.#sessionId = sessionId;
    this.#send({ type: 'session.update', event_id: UPDATE_EVENT_ID, session: sessionRequest(this.#settings) });
  }

  #onUpdated(event: SessionUpdated): void {
    if (this.#isReady) return;
    const mismatch = echoMismatch(this.#settings, event);
    if (mismatch !== undefined) return this.#fail(endCall('ai-refused-session', { cause: 'echo', mismatch }));
    this.#isReady = true;
    this.#watch?.cancel();
    this.#watchSilence();
    const connectMs = Math.round(this.#clock.monotonicMs() - this.#openedAtMs);
    this.#listener?.onReady({ sessionId: this.#sessionId, connectMs });
  }

  #onError(error: RealtimeErrorBody): void {
    const errorClass = classifyError(error);
    const facts = errorFacts(error);
    this.#log[errorClass === 'benign' ? 'debug' : 'warn']('The realtime session reports an error', {
      errorClass,
      ...facts,
    });
    const isActiveElsewhere = error.code === 'conversation_already_has_active_response';
    const isOurRequest = error.event_id ? this.#sequencer.onRefused(error.event_id, isActiveElsewhere) : false;
    if (errorClass === 'account') return this.#fail(endCall('ai-unauthorized', facts));
    if (errorClass === 'session-over') return this.#fail(endCall('ai-connection-lost', facts));
    // What is wrong with the settings, or with the request for the opening, will be wrong again.
    if (errorClass === 'request' && (!this.#isReady || isOurRequest))
      return this.#fail(endCall('ai-refused-session', facts));
    if (error.event_id === UPDATE_EVENT_ID) return this.#fail(endCall('ai-refused-session', facts));
    // Failed responses come as response.done; an error that names none of our requests asks for nothing.
    if (errorClass === 'transient' && isOurRequest) this.#failedResponses.onFailure(error);
  }

  #onResponseDone(response: ResponseDone['response'], listener: RealtimeListener): void {
    const { id, status } = response;
    if (status === 'completed') this.#failedResponses.forget();
    const wasCancelled = this.#sequencer.onDone(id);
    const usage = priceResponse(this.#settings.model, response.usage);
    listener.onResponseDone({ responseId: id, status, usage });
    if (status === 'failed' && !wasCancelled) this.#failedResponses.onFailure(response.status_details?.error ?? {});
  }

  /** A half-open connection never closes by itself: only the missing pings show it. */
  #watchSilence(): void {
    this.#watch = this.#clock.after(SILENCE_CHECK_MS, () => {
      const silentMs = this.#clock.monotonicMs() - this.#lastHeardAtMs;
      if (silentMs > SILENCE_LIMIT_MS) return this.#fail(endCall('ai-connection-lost', { cause: 'silence', silentMs }));
      this.#watchSilence();
    });
  }

  #fail(verdict: EndCall): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener?.onFailed(verdict);
  }
}

function itemRef(event: { response_id: string; item_id: string; content_index: number }): ItemRef {
  return { responseId: event.response_id, itemId: event.item_id, contentIndex: event.content_index };
}
