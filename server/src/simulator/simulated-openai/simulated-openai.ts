/**
 * A simulated OpenAI Realtime server on a real WebSocket, strict where the real one is, with scripts in place of a
 * model. It serves the tests, the demo, the load test and `npm run simulator`.
 */
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Server as WebSockets, WebSocketServer } from 'ws';
import { deferred, type Deferred } from '../../lib/deferred';
import { clip } from '../voices/voices';
import { injectedRefusal, modelOf, pathOf, refusalFor, type ConnectionFailure } from './admission';
import type { AiScript } from './ai-script';
import { answerHttp } from './model-routes';
import { everydayAiScript } from './scripts';
import { FreezableSocket } from './session-wire';
import { SimulatedSession } from './simulated-session';
import { SpeechSource, type ClipLoader } from './speech-source';

const REALTIME_PATH = '/v1/realtime';
/** Of 15 MiB of audio in base64, with room for the rest of the event. */
const MAX_MESSAGE_BYTES = 24 * 1024 * 1024;
const DEFAULT_API_KEY = 'sk-simulated-openai-key';
const DEFAULT_WAIT_MS = 5000;
const DEFAULT_LIFETIME_MS = 60 * 60 * 1000;

/** How to start the server; everything has a default. */
export type SimulatedOpenaiOptions = {
  /** 0, the default, lets the system choose. */
  readonly port?: number;
  readonly host?: string;
  readonly apiKey?: string;
  /** The 24 kHz samples of a clip; the recorded voices unless told. */
  readonly clip?: ClipLoader;
  /** Whether sessions keep the audio they hear and a record of each audio event; a load test cannot afford it. */
  readonly keepsAudio?: boolean;
  /** How long a session may last (default an hour, as at OpenAI); `expires_at` has whole seconds. */
  readonly sessionLifetimeMs?: number;
};

/** Picks a script for a session, or leaves it to the default one. */
export type ScriptChooser = (session: {
  readonly instructions: string;
  readonly model: string;
  readonly index: number;
}) => AiScript | undefined;

/** The server. */
export class SimulatedOpenai {
  readonly apiBaseUrl: string;
  readonly apiKey: string;
  /** How long each event and each ping travels, either way; holds for sessions that are opened afterwards. */
  networkDelayMs = 0;
  /** How long a session may last; holds for sessions that are opened afterwards. */
  sessionLifetimeMs: number;
  /** What happens to every connection while it is set, after the failures of `failNextConnection`. */
  outage: ConnectionFailure | undefined;
  readonly #server: Server;
  readonly #webSockets: WebSockets<typeof FreezableSocket>;
  readonly #source: SpeechSource;
  readonly #keepsAudio: boolean;
  readonly #sessions: SimulatedSession[] = [];
  readonly #failures: ConnectionFailure[] = [];
  readonly #waiters: Deferred<SimulatedSession>[] = [];
  readonly #unansweredSockets = new Set<Duplex>();
  readonly #slowUpgrades = new Set<NodeJS.Timeout>();
  #claimedSessions = 0;
  #connectionAttempts = 0;
  #defaultScript: AiScript = everydayAiScript;
  #chooseScript: ScriptChooser = () => undefined;

  private constructor(server: Server, options: SimulatedOpenaiOptions & { readonly apiKey: string }) {
    const { address, port } = server.address() as AddressInfo;
    this.apiBaseUrl = `http://${address.includes(':') ? `[${address}]` : address}:${port}/v1`;
    this.apiKey = options.apiKey;
    this.#server = server;
    this.#source = new SpeechSource(options.clip ?? ((name) => clip(name, 24_000)));
    this.#keepsAudio = options.keepsAudio ?? true;
    this.sessionLifetimeMs = options.sessionLifetimeMs ?? DEFAULT_LIFETIME_MS;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      WebSocket: FreezableSocket,
      perMessageDeflate: false,
      // Pings are answered by the session, as late as everything else.
      autoPong: false,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Starts a server and resolves once it listens. */
  static async start(options: SimulatedOpenaiOptions = {}): Promise<SimulatedOpenai> {
    const { port = 0, host = '127.0.0.1', apiKey = DEFAULT_API_KEY } = options;
    const server = createServer((request, response) => answerHttp(request, response, apiKey));
    const listening = deferred<void>();
    server.once('error', listening.reject);
    server.listen(port, host, () => listening.resolve());
    await listening.promise;
    return new SimulatedOpenai(server, { ...options, apiKey });
  }

  /** Every session that was opened, in order. */
  get sessions(): readonly SimulatedSession[] {
    return this.#sessions;
  }

  /** How many upgrades were asked for, refused ones included. */
  get connectionAttempts(): number {
    return this.#connectionAttempts;
  }

  /** Sets what sessions say unless `setScriptFor` says otherwise. */
  setDefaultScript(script: AiScript): void {
    this.#defaultScript = script;
  }

  /** Lets a function choose each session's script, at its first accepted `session.update`. */
  setScriptFor(choose: ScriptChooser): void {
    this.#chooseScript = choose;
  }

  /** Injects a failure into the next connection, or into as many as `times` says. */
  failNextConnection(failure: ConnectionFailure, times = 1): void {
    this.#failures.push(...Array.from({ length: times }, () => failure));
  }

  /** The sessions whose socket is open. */
  liveSessions(): SimulatedSession[] {
    return this.#sessions.filter((session) => !session.closed);
  }

  /** Resolves with the first session that no earlier call has returned, waiting for it if need be. */
  async nextSession(timeoutMs = DEFAULT_WAIT_MS): Promise<SimulatedSession> {
    const unclaimed = this.#sessions[this.#claimedSessions];
    this.#claimedSessions += 1;
    if (unclaimed !== undefined) return unclaimed;
    const waiter = deferred<SimulatedSession>();
    const timer = setTimeout(() => this.#giveUp(waiter, timeoutMs), timeoutMs);
    this.#waiters.push(waiter);
    return waiter.promise.finally(() => clearTimeout(timer));
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    for (const timer of this.#slowUpgrades) clearTimeout(timer);
    for (const socket of this.#unansweredSockets) socket.destroy();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new Error('The simulated OpenAI was closed.'));
    const live = this.liveSessions();
    for (const session of live) session.drop();
    for (const socket of this.#webSockets.clients) socket.terminate();
    await Promise.all(live.map((session) => session.untilClosed()));
    const closed = deferred<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  #giveUp(waiter: Deferred<SimulatedSession>, timeoutMs: number): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    this.#claimedSessions -= 1;
    waiter.reject(new Error(`No session was opened within ${timeoutMs} ms.`));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#connectionAttempts += 1;
    // A client that gives up while it waits resets the connection; without a listener that would be fatal here.
    socket.on('error', () => undefined);
    if (pathOf(request) !== REALTIME_PATH) return rejectUpgrade(socket, 404);
    const failure = this.#failures.shift() ?? this.outage;
    const accept = () =>
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#admit(webSocket, request, failure));
    if (failure?.kind === 'http') return rejectUpgrade(socket, failure.status);
    if (failure?.kind === 'reset') return void socket.destroy();
    if (failure?.kind === 'hang') return this.#leaveUnanswered(socket);
    if (failure?.kind === 'slow') return this.#acceptLater(socket, failure.delayMs, accept);
    accept();
  }

  #leaveUnanswered(socket: Duplex): void {
    this.#unansweredSockets.add(socket);
    socket.on('close', () => this.#unansweredSockets.delete(socket));
  }

  #acceptLater(socket: Duplex, delayMs: number, accept: () => void): void {
    this.#leaveUnanswered(socket);
    const timer = setTimeout(() => {
      this.#slowUpgrades.delete(timer);
      this.#unansweredSockets.delete(socket);
      if (!socket.destroyed) accept();
    }, delayMs);
    this.#slowUpgrades.add(timer);
  }

  #admit(socket: FreezableSocket, request: IncomingMessage, failure: ConnectionFailure | undefined): void {
    const refusal = injectedRefusal(failure) ?? refusalFor(request, this.apiKey);
    if (refusal !== undefined) {
      socket.on('error', () => undefined);
      socket.send(JSON.stringify({ type: 'error', event_id: 'event_refused', error: refusal.error }));
      return socket.close(refusal.closeCode, refusal.closeReason);
    }
    const model = modelOf(request);
    const index = this.#sessions.length;
    const session = new SimulatedSession(socket, {
      model,
      headers: request.headers,
      quirk: failure?.kind === 'reject-update' || failure?.kind === 'ignore-formats' ? failure.kind : 'none',
      source: this.#source,
      keepsAudio: this.#keepsAudio,
      networkDelayMs: this.networkDelayMs,
      lifetimeMs: this.sessionLifetimeMs,
      chooseScript: (instructions) => this.#chooseScript({ instructions, model, index }) ?? this.#defaultScript,
    });
    this.#sessions.push(session);
    this.#waiters.shift()?.resolve(session);
  }
}

function rejectUpgrade(socket: Duplex, status: number): void {
  const text = STATUS_CODES[status] ?? 'Error';
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
