// The WebSocket under one realtime session: connects within a bound, notices when the other side is gone, and says when
// it does not keep up. Knows nothing of events.

import { WebSocket } from 'ws';
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

// The server pings every 20 s. Two missed pings and some slack: the connection is dead, whatever TCP says.
const SILENCE_LIMIT_MS = 45_000;
const SILENCE_CHECK_MS = 5_000;

const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** One connection to the Realtime API. */
export class RealtimeSocket {
  readonly #clock: Clock;
  readonly #listener: RealtimeSocketListener;
  readonly #socket: WebSocket;
  #isReady = false;
  #isClosed = false;
  #lastHeardAtMs = 0;
  #watch: Timer;

  constructor(endpoint: RealtimeEndpoint, deps: RealtimeDeps, listener: RealtimeSocketListener) {
    this.#clock = deps.clock;
    this.#listener = listener;
    this.#watch = this.#clock.after(READY_TIMEOUT_MS, () =>
      this.#fail(endCall('ai-unavailable', { cause: 'timeout' })),
    );
    this.#socket = new WebSocket(urlOf(endpoint), {
      headers: {
        Authorization: `Bearer ${endpoint.apiKey}`,
        'OpenAI-Safety-Identifier': endpoint.safetyIdentifier,
      },
      perMessageDeflate: false,
      handshakeTimeout: READY_TIMEOUT_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
    });
    this.#socket.on('message', (data) => {
      this.#touch();
      if (!this.#isClosed) listener.onMessage(messageText(data));
    });
    this.#socket.on('ping', () => this.#touch());
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
    this.#listener.onFailed(verdict);
  }
}

function urlOf({ baseUrl, model }: RealtimeEndpoint): string {
  return `${baseUrl.replace(/^http/, 'ws')}/realtime?model=${encodeURIComponent(model)}`;
}
