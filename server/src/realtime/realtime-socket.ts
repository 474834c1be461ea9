// The WebSocket under one realtime session: connects within a bound, notices when the other side is gone, and says when
// it does not keep up. Knows nothing of events.

import { type ClientOptions, WebSocket } from 'ws';
import { type EndCall, endCall } from '../calls/end-call';
import type { Clock, Logger, Timer } from '../calls/ports';
import { messageText } from '../lib/message-text';
import { verdictOfClose, verdictOfHttpRefusal } from './realtime-errors';

/** Where to connect, and as whom. */
export type RealtimeEndpoint = {
  readonly apiKey: string;
  /** Includes /v1; http(s) becomes ws(s). */
  readonly baseUrl: string;
  readonly model: string;
  /** A stable id of the person called that does not reveal who it is. */
  readonly safetyIdentifier: string;
  /** How long it may take until the session is ready. */
  readonly readyTimeoutMs?: number | undefined;
};

/** What a session and its socket work with. */
export type RealtimeDeps = { readonly clock: Clock; readonly log: Logger };

/** What a socket reports. */
export type RealtimeSocketListener = {
  readonly onMessage: (text: string) => void;
  /** The socket is of no use any more; told once, and not after `close`. */
  readonly onFailed: (verdict: EndCall) => void;
};

// From the first SYN to `session.updated`; normally well under a second. The phone rings longer than this.
const READY_TIMEOUT_MS = 10_000;

const PING_INTERVAL_MS = 5_000;

// So many of our pings without any sign of life: the connection is dead, whatever TCP says. Counted, not timed, so that
// a moment in which this process did nothing is not taken for one in which the other side did nothing.
const MAX_UNANSWERED_PINGS = 2;

// A peer that never answers pings sends its own every 20 s. Two missed pings and some slack.
const SILENCE_LIMIT_MS = 45_000;

// A peer that is gone takes no part in the closing handshake; nobody waits half a minute for it.
const CLOSE_TIMEOUT_MS = 3_000;

const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** One connection to the Realtime API. */
export class RealtimeSocket {
  readonly #clock: Clock;
  readonly #listener: RealtimeSocketListener;
  readonly #socket: WebSocket;
  #isReady = false;
  #isClosed = false;
  #lastHeardAtMs = 0;
  #answersPings = false;
  #unansweredPings = 0;
  #watch: Timer;

  constructor(endpoint: RealtimeEndpoint, deps: RealtimeDeps, listener: RealtimeSocketListener) {
    this.#clock = deps.clock;
    this.#listener = listener;
    const { readyTimeoutMs = READY_TIMEOUT_MS } = endpoint;
    this.#watch = this.#clock.after(readyTimeoutMs, () => this.#fail(endCall('ai-unavailable', { cause: 'timeout' })));
    this.#socket = new WebSocket(urlOf(endpoint), socketOptions(endpoint, readyTimeoutMs));
    this.#socket.on('message', (data) => {
      this.#touch();
      if (!this.#isClosed) listener.onMessage(messageText(data));
    });
    this.#socket.on('ping', () => this.#touch());
    this.#socket.on('pong', () => {
      this.#answersPings = true;
      this.#touch();
    });
    this.#socket.on('error', (error) => deps.log.warn('The realtime socket failed', { error }));
    this.#socket.on('unexpected-response', (_request, response) =>
      this.#fail(verdictOfHttpRefusal(response.statusCode ?? 0)),
    );
    this.#socket.on('close', (code, reason) =>
      this.#fail(verdictOfClose(code, reason.toString().slice(0, 100), this.#isReady)),
    );
  }

  /** Bytes that wait for the network. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#socket.readyState === WebSocket.OPEN;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.send(text);
  }

  /** The session is configured: from here on only silence is watched for. */
  markReady(): void {
    this.#isReady = true;
    this.#watch.cancel();
    this.#watchSilence();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.cancel();
    // Closing a socket that is still connecting makes it emit an error and a close; both are expected now.
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else this.#socket.close(1000);
  }

  #touch(): void {
    this.#lastHeardAtMs = this.#clock.monotonicMs();
    this.#unansweredPings = 0;
  }

  /** A half-open connection never closes by itself: only missing signs of life show it. */
  #watchSilence(): void {
    if (this.isOpen) this.#socket.ping();
    this.#unansweredPings += 1;
    this.#watch = this.#clock.after(PING_INTERVAL_MS, () => {
      const silentMs = this.#clock.monotonicMs() - this.#lastHeardAtMs;
      const isSilent = this.#answersPings ? this.#unansweredPings >= MAX_UNANSWERED_PINGS : silentMs > SILENCE_LIMIT_MS;
      if (!isSilent) return this.#watchSilence();
      this.#fail(endCall('ai-connection-lost', { cause: 'silence', silentMs: Math.round(silentMs) }));
      // Nobody is there to take part in a closing handshake.
      this.#socket.terminate();
    });
  }

  #fail(verdict: EndCall): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener.onFailed(verdict);
  }
}

/** The library's types do not know `closeTimeout`. */
function socketOptions(
  { apiKey, safetyIdentifier }: RealtimeEndpoint,
  handshakeTimeout: number,
): ClientOptions & { readonly closeTimeout: number } {
  return {
    headers: { Authorization: `Bearer ${apiKey}`, 'OpenAI-Safety-Identifier': safetyIdentifier },
    perMessageDeflate: false,
    handshakeTimeout,
    closeTimeout: CLOSE_TIMEOUT_MS,
    maxPayload: MAX_PAYLOAD_BYTES,
  };
}

function urlOf({ baseUrl, model }: RealtimeEndpoint): string {
  return `${baseUrl.replace(/^http/, 'ws')}/realtime?model=${encodeURIComponent(model)}`;
}
