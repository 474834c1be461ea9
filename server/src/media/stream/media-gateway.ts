// The door for media streams: checks the one-time token before the upgrade, waits for the stream to announce itself,
// and hands it to its call. What does not fit is turned away before it costs anything.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { BoundedLog } from '../../calls/bounded-log';
import type { AnnouncedStream } from '../../calls/conversation-ports';
import type { Clock, Logger } from '../../calls/ports';
import { refuseUpgrade } from '../../lib/refuse-upgrade';
import type { StreamTokens } from './stream-tokens';

// A frame carries 20 ms of audio, some 300 bytes; the longest in the contract, 30 s of L16 at 16 kHz, does not come in.
const MAX_FRAME_BYTES = 64 * 1024;

// Telnyx sends each frame in one piece; ours may come in a few through a proxy. Pieces are not seen until they are a frame.
const MAX_FRAGMENTS = 64;

// A carrier that is there answers at once; one that is not would keep a socket and its timer for half a minute.
const CLOSE_TIMEOUT_MS = 3_000;

/** Header by which a refused upgrade shows that it got as far as this door: a proxy refuses some, too. */
export const MEDIA_MARK = 'X-Ai-Calls: media-bridge';

const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

// The types of ws do not know all of its options yet.
const SERVER_OPTIONS: ServerOptions &
  Readonly<Record<'closeTimeout' | 'maxFragments' | 'maxPendingAutoPongs', number>> = {
  noServer: true,
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
  maxFragments: MAX_FRAGMENTS,
  // Pings are counted by the stream with everything else; here, too many would look like a socket that was lost.
  maxPendingAutoPongs: 0,
  closeTimeout: CLOSE_TIMEOUT_MS,
};

/** Why a stream was turned away: no valid token, no start, a call that wants none or another one. */
export type StreamRefusal = 'token' | 'not-started' | 'not-expected';

/** What the gateway works with. */
export type MediaGatewayDeps = {
  readonly tokens: StreamTokens;
  /** Name of the upgrade header that carries the token. */
  readonly tokenHeader: string;
  /** Waits for the stream's own announcement; undefined when it does not come. */
  readonly announced: (socket: WebSocket, callId: string) => Promise<AnnouncedStream | undefined>;
  /** Joins the stream to its call; false when the call does not want it. */
  readonly attach: (callId: string, announced: AnnouncedStream) => boolean;
  /** Counts what is turned away. */
  readonly onRefused?: ((why: StreamRefusal) => void) | undefined;
  /** Is told of the connections that brought a token. */
  readonly onTrusted?: ((socket: Duplex) => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
};

/** Accepts the carrier's media WebSockets. */
export class MediaGateway {
  readonly #deps: MediaGatewayDeps;
  readonly #server = new WebSocketServer(SERVER_OPTIONS);
  readonly #refusals: BoundedLog;

  constructor(deps: MediaGatewayDeps) {
    this.#deps = deps;
    this.#refusals = new BoundedLog(deps.log, deps.clock);
  }

  /** Handles an HTTP upgrade of any path: whatever is not a stream of a waiting call gets 401. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const callId = this.#redeem(request);
    if (callId === undefined) {
      this.#deps.onRefused?.('token');
      const { remoteAddress } = request.socket;
      this.#refusals.warn('A media stream without a valid token was refused', { remoteAddress });
      return refuseUpgrade(socket, { status: 401, headers: [MEDIA_MARK] });
    }
    this.#deps.onTrusted?.(socket);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#accept(callId, webSocket).catch((error: unknown) => {
        this.#deps.log.error('A media stream could not be joined', { callId, error });
        webSocket.terminate();
      });
    });
  }

  /** Closes every stream. */
  close(): void {
    for (const client of this.#server.clients) client.close(GOING_AWAY);
    this.#server.close();
  }

  #redeem(request: IncomingMessage): string | undefined {
    const token = request.headers[this.#deps.tokenHeader];
    if (typeof token !== 'string' || request.url === undefined) return undefined;
    return this.#deps.tokens.redeem(request.url, token);
  }

  async #accept(callId: string, socket: WebSocket): Promise<void> {
    const announced = await this.#deps.announced(socket, callId);
    if (!announced) {
      this.#deps.onRefused?.('not-started');
      return this.#deps.log.warn('A media stream connected and did not start', { callId });
    }
    const isOfThisCall = announced.callId === undefined || announced.callId === callId;
    if (isOfThisCall && this.#deps.attach(callId, announced)) return;
    this.#deps.onRefused?.('not-expected');
    this.#deps.log.warn('A media stream of another call was refused', { callId });
    socket.close(POLICY_VIOLATION);
  }
}
