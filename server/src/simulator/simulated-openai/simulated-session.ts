/** One client's session on the simulated server: its socket, the record of both directions, and what a test may do to it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { RawData } from 'ws';
import { deferred } from '../../lib/deferred';
import type { AiScript } from './ai-script';
import { parseClientEvent } from './client-event-schemas';
import { ClientMistake } from './client-mistake';
import type { ConversationItem } from './conversation';
import { EventLog, type RecordedEvent } from './event-log';
import { SessionEngine, type Quirk } from './session-engine';
import type { SessionBreak } from './response-run';
import type { SpeechSource } from './speech-source';
import { type FreezableSocket, type SessionClose, SessionWire } from './session-wire';
import { IdSource, type WireEvent } from './wire-events';

const SESSION_EXPIRED_CLOSE = 1001;
const APPEND = 'input_audio_buffer.append';
const AUDIO_DELTA = 'response.output_audio.delta';

/** What a session needs of its server. */
export type SessionOptions = {
  readonly model: string;
  readonly headers: IncomingHttpHeaders;
  readonly quirk: Quirk;
  readonly source: SpeechSource;
  readonly keepsAudio: boolean;
  /** How long each event travels, either way. */
  readonly networkDelayMs: number;
  /** How long the session may last. */
  readonly lifetimeMs: number;
  readonly chooseScript: (instructions: string) => AiScript;
};

/** A session that tests can observe and disturb. */
export class SimulatedSession {
  readonly sessionId: string;
  readonly model: string;
  /** The headers of the upgrade, lower case. */
  readonly headers: IncomingHttpHeaders;
  /** `code: message` of each mistake of the client: those answered with an error, and those the server lets pass. */
  readonly violations: string[] = [];
  readonly #wire: SessionWire;
  readonly #engine: SessionEngine;
  readonly #ids = new IdSource();
  readonly #received: EventLog;
  readonly #sent: EventLog;
  readonly #closing = deferred<SessionClose>();
  readonly #lifetime: NodeJS.Timeout;
  #closed = false;

  constructor(socket: FreezableSocket, options: SessionOptions) {
    const { keepsAudio, model, headers, networkDelayMs } = options;
    this.sessionId = this.#ids.next('sess');
    this.model = model;
    this.headers = headers;
    this.#received = new EventLog(keepsAudio ? [] : [APPEND]);
    this.#sent = new EventLog(keepsAudio ? [] : [AUDIO_DELTA]);
    const emit = (event: WireEvent) => this.#send(event);
    const onViolation = (description: string) => this.violations.push(description);
    const onBreak = (how: SessionBreak) => this[how]();
    const { sessionId } = this;
    this.#engine = new SessionEngine({ ...options, sessionId, ids: this.#ids, emit, onViolation, onBreak });
    this.#wire = new SessionWire(socket, networkDelayMs, {
      onMessage: (data, isBinary) => this.#receive(data, isBinary),
      onClose: (close) => this.#onClose(close),
    });
    this.#lifetime = setTimeout(() => this.expire(), options.lifetimeMs);
    this.#engine.open();
  }

  /** The instructions in force. */
  get instructions(): string {
    return this.#engine.config.instructions;
  }

  /** The configuration in force, as `session.updated` shows it. */
  get config(): SessionEngine['config'] {
    return this.#engine.config;
  }

  /** Everything received, audio left out. */
  get clientEvents(): readonly RecordedEvent[] {
    return this.#received.events;
  }

  /** Everything sent, audio left out. */
  get serverEvents(): readonly RecordedEvent[] {
    return this.#sent.events;
  }

  /** The conversation's items, deleted ones included. */
  get items(): readonly Readonly<ConversationItem>[] {
    return this.#engine.conversation.items;
  }

  /** The responses in the order of their requests: who asked for each, and what became of it. */
  get responses(): SessionEngine['responses'] {
    return this.#engine.responses;
  }

  /** Whether the socket is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Everything appended so far as 24 kHz samples; G.711 is raised from 8 kHz by repeating each sample. */
  heard(): Int16Array {
    return this.#engine.heard();
  }

  /** Resolves with the next client event of a type after this call. */
  next(type: string, timeoutMs?: number): Promise<WireEvent> {
    return this.#received.next(type, timeoutMs);
  }

  /** Resolves with the first client event of a type, even if it came before this call. */
  until(type: string, timeoutMs?: number): Promise<WireEvent> {
    return this.#received.until(type, timeoutMs);
  }

  /** Resolves with the next server event of a type after this call. */
  nextSent(type: string, timeoutMs?: number): Promise<WireEvent> {
    return this.#sent.next(type, timeoutMs);
  }

  /** Resolves with the first server event of a type, even if it was sent before this call. */
  untilSent(type: string, timeoutMs?: number): Promise<WireEvent> {
    return this.#sent.until(type, timeoutMs);
  }

  /** Sends an error that no client event caused. */
  emitError(error: { readonly type: string; readonly code: string; readonly message: string }): void {
    this.#send({ type: 'error', error: { ...error, param: null, event_id: null } });
  }

  /** Sends any event, for what the simulation does not produce by itself. */
  emit(event: WireEvent): void {
    this.#send(event);
  }

  /** Ends the session as at the 60-minute cap, which is the lifetime unless the server was told another. */
  expire(): void {
    const message = 'Your session hit the maximum duration of 60 minutes.';
    this.emitError({ type: 'invalid_request_error', code: 'session_expired', message });
    this.closeWith(SESSION_EXPIRED_CLOSE, message);
  }

  /** Closes the socket properly. */
  closeWith(code: number, reason: string): void {
    this.#stop();
    this.#wire.close(code, reason);
  }

  /** Cuts the connection without a goodbye. */
  drop(): void {
    this.#stop();
    this.#wire.cut();
  }

  /** Falls silent for good: sends and answers nothing any more, while the connection stays until the client breaks it. */
  freeze(): void {
    this.#stop();
    this.#wire.freeze();
  }

  /** Resolves when the socket is closed, at once if it already is; rejects after `timeoutMs`. */
  async untilClosed(timeoutMs = 5000): Promise<SessionClose> {
    const timeout = deferred<never>();
    const timer = setTimeout(
      () => timeout.reject(new Error(`The session was not closed within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    return Promise.race([this.#closing.promise, timeout.promise]).finally(() => clearTimeout(timer));
  }

  #receive(data: RawData, isBinary: boolean): void {
    let eventId: string | null = null;
    try {
      if (isBinary) throw new ClientMistake('invalid_event', 'Binary messages are not supported.');
      const raw = parseJson(textOf(data));
      eventId = eventIdOf(raw);
      this.#recordReceived(raw);
      this.#engine.handle(parseClientEvent(raw));
    } catch (error) {
      if (!(error instanceof ClientMistake)) throw error;
      this.#refuse(error, eventId);
    }
  }

  #recordReceived(raw: object): void {
    const type: unknown = Reflect.get(raw, 'type');
    const audio: unknown = Reflect.get(raw, 'audio');
    if (type === APPEND && typeof audio === 'string') {
      const { audio: _audio, ...event } = { type, ...raw, audio };
      return this.#received.record(event, Buffer.byteLength(audio, 'base64'));
    }
    this.#received.record({ ...raw, type: typeof type === 'string' ? type : '' });
  }

  #refuse(mistake: ClientMistake, eventId: string | null): void {
    const { type, code, message, param } = mistake;
    this.violations.push(`${code ?? 'no code'}: ${message}`);
    this.#send({ type: 'error', error: { type, code, message, param, event_id: eventId } });
  }

  #send(event: WireEvent): void {
    if (!this.#wire.isOpen) return;
    const identified = { ...event, event_id: this.#ids.next('event') };
    this.#wire.send(JSON.stringify(identified));
    if (event.type !== AUDIO_DELTA) return this.#sent.record(identified);
    const { delta, ...rest } = { ...identified, delta: String(event['delta']) };
    this.#sent.record(rest, Buffer.byteLength(delta, 'base64'));
  }

  #stop(): void {
    clearTimeout(this.#lifetime);
    this.#engine.stop();
  }

  #onClose(close: SessionClose): void {
    this.#closed = true;
    this.#stop();
    const reason = `the session was closed with ${close.code} ${close.reason}`.trimEnd();
    this.#received.close(reason);
    this.#sent.close(reason);
    this.#closing.resolve(close);
  }
}

/** ws hands over a Buffer unless told otherwise. */
function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}

function parseJson(text: string): object {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new ClientMistake('invalid_json', 'The message is not valid JSON.');
  }
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw;
  throw new ClientMistake('invalid_event', 'The message is not a JSON object.');
}

function eventIdOf(raw: object): string | null {
  const eventId: unknown = Reflect.get(raw, 'event_id');
  return typeof eventId === 'string' ? eventId : null;
}
