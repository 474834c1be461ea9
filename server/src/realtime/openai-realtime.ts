// One session of OpenAI's Realtime API (GA) over a WebSocket: configure, gate on `session.updated`, and translate
// between the wire and RealtimeSession. What the words and sounds mean for the call is decided elsewhere.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { NO_SPENDING } from '../calls/cost';
import type {
  HistoryItem,
  ItemRef,
  RealtimeListener,
  ReplaceableSession,
  RequestedResponse,
} from '../calls/conversation-ports';
import { type EndCall, endCall } from '../calls/end-call';
import { guardedClock } from '../calls/fault-guard';
import type { TurnTaking } from '../calls/speech';
import { CalleeWords } from './callee-words';
import { Drain, forTheRecord } from './drain';
import { historyEvents } from './history-items';
import { Outbox } from './outbox';
import { priceTranscription } from './pricing';
import { classifyError, errorFacts, verdictOfError } from './realtime-errors';
import {
  parseServerEvent,
  type RealtimeErrorBody,
  type ServerEvent,
  type SessionUpdated,
  type UnreadableEvent,
} from './realtime-protocol';
import { type RealtimeDeps, type RealtimeEndpoint, RealtimeSocket } from './realtime-socket';
import { messageItem, sequencedRequest } from './response-request';
import { Responses } from './responses';
import {
  confirmedTurns,
  echoMismatch,
  sessionRequest,
  type SessionSettings,
  turnTakingRequest,
} from './session-config';
import { expiryMs } from './session-expiry';

/** Where to connect, as whom, and what the session is to be. */
export type RealtimeSettings = SessionSettings & RealtimeEndpoint;

// About 2 s of callee audio in base64: beyond this, more of it only adds delay. Control events always go.
const CONGESTED_BYTES = { pcm16: 128 * 1024, pcmu: 21 * 1024 };

const UPDATE_EVENT_ID = 'session-update';

/** The AI leg of one call. */
export class OpenAiRealtime implements ReplaceableSession {
  readonly #deps: RealtimeDeps;
  readonly #outbox = new Outbox((text) => this.#socket?.send(text));
  readonly #responses: Responses;
  readonly #words: CalleeWords;
  #settings: RealtimeSettings;
  #turns: TurnTaking = 'server';
  #socket: RealtimeSocket | undefined;
  #listener: RealtimeListener | undefined;
  #drain: Drain | undefined;
  #sessionId = '';
  #expiresAtMs: number | undefined;
  #isConfigured = false;
  #isReady = false;
  #isClosed = false;
  #openedAtMs = 0;

  constructor(settings: RealtimeSettings, deps: RealtimeDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#words = new CalleeWords(deps.clock);
    this.#responses = new Responses({
      clock: guardedClock(deps.clock, (error) => this.#onFault(error)),
      model: settings.model,
      send: (event) => this.#outbox.send(event),
      listener: () => this.#listener,
      fail: (verdict) => this.#fail(verdict),
    });
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get isCongested(): boolean {
    return (this.#socket?.bufferedBytes ?? 0) > CONGESTED_BYTES[this.#settings.audioFormat];
  }

  get expiresAtMs(): number | undefined {
    return this.#expiresAtMs;
  }

  restore(history: readonly HistoryItem[]): void {
    if (history.length === 0) return;
    this.#responses.proceed();
    this.#outbox.sendFirst(historyEvents(history));
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
    if (!this.#drain) this.#outbox.sendAudio(audio);
  }

  requestResponse(request: RequestedResponse): void {
    if (!this.#drain) this.#responses.request(sequencedRequest(request, () => this.#settings.instructions));
  }

  addMessage(role: 'system' | 'user', text: string): void {
    this.#outbox.send({ type: 'conversation.item.create', item: messageItem(role, text) });
  }

  answerTool(toolCallId: string, output: string): void {
    this.#responses.answerTool(toolCallId, output);
  }

  takeTurns(by: TurnTaking): void {
    if (by === this.#turns || this.#drain) return;
    this.#turns = by;
    this.#update('turn-taking', turnTakingRequest(this.#settings, by));
  }

  setInstructions(instructions: string): void {
    this.#settings = { ...this.#settings, instructions };
    this.#update('instructions', { type: 'realtime', instructions });
  }

  cancelResponse(which: 'active' | 'all' | 'cut-in'): boolean {
    return this.#responses.cancel(which);
  }

  truncate({ itemId, contentIndex }: ItemRef, heardMs: number): void {
    this.#outbox.send({
      type: 'conversation.item.truncate',
      item_id: itemId,
      content_index: contentIndex,
      audio_end_ms: Math.floor(heardMs),
    });
  }

  deleteItem(itemId: string): void {
    this.#outbox.send({ type: 'conversation.item.delete', item_id: itemId });
  }

  drain(limitMs: number): Promise<void> {
    this.#drain ??= this.#startDrain(limitMs);
    return this.#drain.finished;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#responses.close();
    this.#socket?.close();
    this.#drain?.end();
  }

  /** A change of settings that the session has got; before that, they are what it gets. */
  #update(what: string, session: Extract<RealtimeClientEvent, { type: 'session.update' }>['session']): void {
    if (this.#isConfigured) this.#outbox.send({ type: 'session.update', event_id: `${what}-update`, session });
  }

  /** A fault here, or in whoever listens, is the end of this session and of no other. */
  #onMessage(text: string): void {
    try {
      const event = parseServerEvent(text);
      if (event && this.#listener) this.#handle(event, this.#listener);
      this.#drain?.check();
    } catch (error) {
      this.#onFault(error);
    }
  }

  #handle(event: ServerEvent | UnreadableEvent, listener: RealtimeListener): void {
    switch (event.type) {
      case 'session.created':
        this.#noteExpiry(event.session);
        return this.#configure(event.session.id ?? '');
      case 'session.updated':
        this.#noteExpiry(event.session);
        return this.#onUpdated(event, listener);
      case 'error':
        return this.#onError(event.error);
      case 'input_audio_buffer.speech_started':
        this.#words.onStarted();
        this.#responses.onSpeechStarted();
        return listener.onSpeechStarted(event.item_id);
      case 'input_audio_buffer.speech_stopped': {
        this.#words.onEnded(event.item_id);
        const isAnswered = this.#responses.onSpeechStopped();
        return listener.onSpeechStopped({ endMs: this.#speechEndMs(event.audio_end_ms), isAnswered });
      }
      case 'input_audio_buffer.committed':
        return this.#words.onEnded(event.item_id);
      case 'conversation.item.input_audio_transcription.completed': {
        this.#words.onText(event.item_id);
        const spending = priceTranscription(this.#settings.transcriptionModel, event.item_id, event.usage);
        return listener.onCalleeText(event.item_id, event.transcript, spending);
      }
      case 'conversation.item.input_audio_transcription.failed':
        this.#words.onText(event.item_id);
        return listener.onCalleeText(event.item_id, undefined, NO_SPENDING);
      case 'unreadable':
        return this.#deps.log.warn('A realtime event could not be read', { eventType: event.of });
      default:
        return this.#responses.onEvent(event, listener);
    }
  }

  #noteExpiry(session: { readonly expires_at?: number | null | undefined }): void {
    this.#expiresAtMs = expiryMs(session, this.#deps.clock.nowMs()) ?? this.#expiresAtMs;
  }

  #configure(sessionId: string): void {
    this.#sessionId = sessionId;
    this.#isConfigured = true;
    const session = sessionRequest(this.#settings, this.#turns);
    this.#outbox.configure({ type: 'session.update', event_id: UPDATE_EVENT_ID, session });
  }

  #onUpdated(event: SessionUpdated, listener: RealtimeListener): void {
    this.#responses.takeTurns(confirmedTurns(event));
    if (this.#isReady) return;
    const mismatch = echoMismatch(this.#settings, event);
    if (mismatch !== undefined) return this.#fail(endCall('ai-refused-session', { cause: 'echo', mismatch }));
    this.#isReady = true;
    this.#socket?.markReady();
    this.#outbox.open();
    const connectMs = Math.round(this.#deps.clock.monotonicMs() - this.#openedAtMs);
    // Told before what waits is sent: the history goes ahead of it.
    listener.onReady({ sessionId: this.#sessionId, connectMs });
    this.#outbox.flush();
    if (!this.#isClosed) this.#responses.start();
  }

  /** The server counts the silence by which it noticed the end; how much that was, only one detection lets us know. */
  #speechEndMs(audioEndMs: number | null | undefined): number | undefined {
    const { turnDetection } = this.#settings;
    if (typeof audioEndMs !== 'number' || turnDetection.type !== 'server-vad') return undefined;
    return Math.max(0, audioEndMs - turnDetection.silenceMs);
  }

  #onError(error: RealtimeErrorBody): void {
    const errorClass = classifyError(error);
    this.#deps.log[errorClass === 'benign' ? 'debug' : 'warn']('The realtime session reports an error', {
      errorClass,
      ...errorFacts(error),
    });
    const isOurUpdate = error.event_id === UPDATE_EVENT_ID;
    const verdict = verdictOfError(error, this.#isReady && !isOurUpdate ? 'conversation' : 'opening');
    if (verdict) return this.#fail(verdict);
    // Whatever kept the server from configuring the session: without its settings it is none.
    if (isOurUpdate) return this.#fail(endCall('ai-unavailable', errorFacts(error)));
    if (!error.event_id) return;
    this.#drain?.onRefused(error.event_id);
    this.#responses.onRefused(error.event_id, error);
  }

  #startDrain(limitMs: number): Drain {
    const { clock } = this.#deps;
    const send = (event: RealtimeClientEvent): void => this.#outbox.send(event);
    const drain = new Drain({ clock, limitMs, send, responses: this.#responses, words: this.#words });
    this.#listener &&= forTheRecord(this.#listener);
    if (!this.#isReady || this.#isClosed) drain.end();
    // No turn of the callee is to be answered any more.
    else this.#update('draining', turnTakingRequest(this.#settings, 'listen'));
    drain.check();
    return drain;
  }

  #onFault(error: unknown): void {
    this.#deps.log.error('A fault ends the realtime session', { error });
    this.#fail(endCall('internal-error'));
  }

  #fail(verdict: EndCall): void {
    if (this.#isClosed) return;
    this.close();
    try {
      this.#listener?.onFailed(verdict);
    } catch (error) {
      this.#deps.log.error('The end of a realtime session was not taken in', { error });
    }
  }
}
