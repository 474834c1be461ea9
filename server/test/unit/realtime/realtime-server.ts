// A bare Realtime endpoint that says what a test tells it to: for moments that a simulation of the real one never has.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { DEFAULT_BEHAVIOUR } from '../../../src/calls/behaviour';
import type { Spending } from '../../../src/calls/cost';
import type {
  ItemRef,
  RealtimeListener,
  RequestedResponse,
  ResponseOutcome,
  StartedResponse,
  StoppedSpeech,
} from '../../../src/calls/conversation-ports';
import type { EndCall } from '../../../src/calls/end-call';
import type { ToolCall, TurnTaking } from '../../../src/calls/speech';
import { OpenAiRealtime, type RealtimeSettings } from '../../../src/realtime/openai-realtime';
import type { RealtimeEndpoint } from '../../../src/realtime/realtime-socket';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';
import { until } from '../../support/until';

export type ClientEvent = { readonly type: string; readonly [field: string]: unknown };

/** What a session reported, in order. */
export class RecordingListener implements RealtimeListener {
  readonly log: string[] = [];
  readonly audio: Buffer[] = [];
  readonly failures: EndCall[] = [];
  readonly outcomes: ResponseOutcome[] = [];
  readonly started: StartedResponse[] = [];
  readonly dropped: string[] = [];
  readonly toolCalls: ToolCall[] = [];
  readonly answeredTools: string[] = [];
  readonly stops: StoppedSpeech[] = [];

  onReady(): void {
    this.log.push('ready');
  }

  onResponseStarted(started: StartedResponse): void {
    this.log.push('response');
    this.started.push(started);
  }

  onRequestDropped(requestId: string): void {
    this.log.push('dropped');
    this.dropped.push(requestId);
  }

  onAudio(_item: ItemRef, audio: Buffer): void {
    this.log.push('audio');
    this.audio.push(audio);
  }

  onAudioDone(): void {
    this.log.push('audio done');
  }

  onAssistantText(_item: ItemRef, text: object): void {
    this.log.push(JSON.stringify(text));
  }

  onCalleeText(_itemId: string, text: string | undefined, _spending: Spending): void {
    this.log.push(text === undefined ? 'callee, not written down' : `callee: ${text}`);
  }

  onSpeechStarted(): void {
    this.log.push('speech');
  }

  onSpeechStopped(speech: StoppedSpeech): void {
    this.log.push('silence');
    this.stops.push(speech);
  }

  onToolCall(call: ToolCall): void {
    this.log.push('tool call');
    this.toolCalls.push(call);
  }

  onToolAnswered(toolCallId: string): void {
    this.log.push('tool answered');
    this.answeredTools.push(toolCallId);
  }

  onResponseDone(outcome: ResponseOutcome): void {
    this.log.push('done');
    this.outcomes.push(outcome);
  }

  onLost(): void {}

  onResumed(): void {}

  onFailed(verdict: EndCall): void {
    this.log.push('failed');
    this.failures.push(verdict);
  }
}

const ENDPOINT = { apiKey: 'sk-test', model: 'gpt-realtime-2.1-mini', safetyIdentifier: 'hash-of-somebody' };

/** How an endpoint behaves, and what the session is to be. */
export type RigOptions = {
  /** HTTP status with which the upgrade is answered. */
  readonly refuseWith?: number;
  readonly settings?: Partial<RealtimeSettings>;
  /** False unless told: a clock that jumps leaves no time for answers. */
  readonly answersPings?: boolean;
};

/** The endpoint, a session that talks to it, and the time of that session. */
export class RealtimeRig {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly listener = new RecordingListener();
  readonly received: ClientEvent[] = [];
  readonly requests: IncomingMessage[] = [];
  readonly session: OpenAiRealtime;
  closeCode: number | undefined;
  #socket: WebSocket | undefined;
  readonly #http: Server;
  readonly #accepting: WebSocketServer;

  private constructor(http: Server, { settings = {}, answersPings = false }: RigOptions) {
    this.#http = http;
    this.#accepting = new WebSocketServer({ noServer: true, autoPong: answersPings });
    this.session = new OpenAiRealtime(
      {
        ...this.endpoint,
        instructions: 'Be kind.',
        voice: 'marin',
        audioFormat: 'pcm16',
        transcriptionModel: 'gpt-4o-mini-transcribe',
        turnDetection: DEFAULT_BEHAVIOUR.turnDetection,
        noiseReduction: DEFAULT_BEHAVIOUR.noiseReduction,
        tools: [],
        ...settings,
      },
      { clock: this.clock, log: this.log },
    );
  }

  static async start(options: RigOptions = {}): Promise<RealtimeRig> {
    const http = createServer();
    await new Promise<void>((resolve) => {
      http.listen(0, '127.0.0.1', resolve);
    });
    const rig = new RealtimeRig(http, options);
    http.on('upgrade', (request, socket, head) => {
      rig.requests.push(request);
      if (options.refuseWith !== undefined) {
        socket.end(`HTTP/1.1 ${options.refuseWith} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      rig.#accepting.handleUpgrade(request, socket, head, (webSocket) => rig.#accept(webSocket));
    });
    return rig;
  }

  /** Where it is, for another connection. */
  get endpoint(): RealtimeEndpoint {
    const { port } = this.#http.address() as AddressInfo;
    return { ...ENDPOINT, baseUrl: `http://127.0.0.1:${port}/v1` };
  }

  /** Connects; resolves when the endpoint has the socket. */
  async connect(): Promise<void> {
    this.session.open(this.listener);
    await until(() => this.#socket !== undefined);
  }

  /** Connects and goes through the opening moves. */
  async ready(): Promise<void> {
    await this.connect();
    this.send({ type: 'session.created', session: { id: 'session-1' } });
    await this.until('session.update');
    this.send(this.updated());
    await until(() => this.listener.log.includes('ready'));
  }

  /** Asks for fixed words. */
  say(requestId: string, words: string, changes: Partial<RequestedResponse> = {}): void {
    this.session.requestResponse({ requestId, content: { kind: 'words', words }, ...changes });
  }

  /** The callee speaks, and stops at that moment of the audio. */
  async speak(endMs?: number): Promise<void> {
    await this.tell(
      { type: 'input_audio_buffer.speech_started', item_id: 'callee' },
      { type: 'input_audio_buffer.speech_stopped', item_id: 'callee', audio_end_ms: endMs ?? null },
    );
  }

  /** The words that were asked for, in order; empty for whatever the model likes to say. */
  asked(): string[] {
    return this.of('response.create').map(({ response }) => {
      const { instructions } = response as { instructions?: string };
      return instructions === undefined ? '' : (/"(.*)"$/.exec(instructions)?.[1] ?? instructions);
    });
  }

  /** The server confirms the settings. */
  updated(format: object = { type: 'audio/pcm', rate: 24_000 }, turns: TurnTaking = 'server'): ClientEvent {
    const isActedOn = turns === 'server';
    const detection = { type: 'server_vad', create_response: isActedOn, interrupt_response: isActedOn };
    const input = { format, turn_detection: detection };
    return { type: 'session.updated', session: { audio: { input, output: { format, voice: 'marin' } } } };
  }

  /** The session is told who takes the turns, and the server has confirmed it. */
  async takeTurns(by: TurnTaking): Promise<void> {
    this.session.takeTurns(by);
    await this.tell(this.updated(undefined, by));
  }

  send(...events: ClientEvent[]): void {
    for (const event of events) this.#socket?.send(JSON.stringify(event));
  }

  /** Sends, and waits until the session has taken it in. */
  async tell(...events: ClientEvent[]): Promise<void> {
    const marker = `marker-${this.received.length}-${this.listener.log.length}`;
    const type = 'conversation.item.input_audio_transcription.completed';
    this.send(...events, { type, item_id: 'marker', transcript: marker });
    await until(() => this.listener.log.includes(`callee: ${marker}`) || this.listener.failures.length > 0);
    await settle();
  }

  /** Resolves when that many events of the type have come. */
  async until(type: string, count = 1): Promise<void> {
    await until(() => this.of(type).length >= count);
  }

  of(type: string): ClientEvent[] {
    return this.received.filter((event) => event.type === type);
  }

  /** A round trip: whatever the session sent before has arrived. */
  async flush(): Promise<void> {
    const before = this.of('conversation.item.delete').length;
    this.session.deleteItem('flush');
    await until(() => this.of('conversation.item.delete').length > before);
  }

  /** Resolves with the verdict of a session that failed: once, closed, and without a timer left. */
  async failure(): Promise<EndCall> {
    await until(() => this.listener.failures.length > 0);
    await settle();
    expect(this.listener.failures).toHaveLength(1);
    expect(this.session.closed).toBe(true);
    expect(this.clock.pendingTimers).toBe(0);
    return this.listener.failures[0]!;
  }

  ping(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket?.once('pong', () => resolve());
      this.#socket?.ping();
    });
  }

  /** The endpoint is there no more, and nobody hears of it. */
  freeze(): void {
    this.#socket?.pause();
  }

  closeSocket(code?: number, reason?: string): void {
    this.#socket?.close(code, reason);
  }

  breakSocket(): void {
    this.#socket?.terminate();
  }

  async stop(): Promise<void> {
    this.session.close();
    await this.closeEndpoint();
  }

  async closeEndpoint(): Promise<void> {
    for (const client of this.#accepting.clients) client.terminate();
    this.#accepting.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => {
      this.#http.close(resolve);
    });
  }

  #accept(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.received.push(JSON.parse(data.toString()) as ClientEvent));
    socket.on('close', (code) => (this.closeCode = code));
  }
}

/** The server refuses an event. */
export function refused(event: ClientEvent, error: object): ClientEvent {
  return { type: 'error', error: { event_id: event['event_id'], ...error } };
}

/** The server begins a response; with the request's own metadata it is an answer to that request. */
export function created(responseId: string, request?: ClientEvent): ClientEvent {
  const metadata = (request?.['response'] as { metadata?: object } | undefined)?.metadata ?? null;
  return { type: 'response.created', response: { id: responseId, metadata } };
}

/** The server ends a response. */
export function done(responseId: string, status = 'completed', code?: string): ClientEvent {
  const details = code === undefined ? null : { error: { type: 'server_error', code } };
  return { type: 'response.done', response: { id: responseId, status, status_details: details } };
}
