// The HTTP server with a bound on everything that a stranger's connection can take: how many there are, how long their
// headers, bodies and silences may last, and how much their headers may hold.

import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../calls/ports';
import { refuseUpgrade } from '../lib/refuse-upgrade';
import type { Connections } from './connections';

/** The bounds of an HTTP server. */
export type HttpLimits = {
  /** Until the last header of a request has come; then 408. */
  readonly headersMs: number;
  /** Until the last byte of a request has come; then 408. */
  readonly requestMs: number;
  /** How long a connection is kept for another request. */
  readonly idleMs: number;
  /** How long an answer may go without its reader taking a byte. */
  readonly stalledMs: number;
  /** How often the time of headers and requests is looked at. */
  readonly checkEveryMs: number;
  /** Request line and headers together, bytes; then 431. */
  readonly headerBytes: number;
  /** Then 431. */
  readonly headerCount: number;
  /** Then the connection ends, and the next one may be answered by another server. */
  readonly requestsPerConnection: number;
  /** Connections at once, streams of calls included; what comes then takes the place of a stranger. */
  readonly connections: number;
  /** The same as `requestsPerConnection`, for strangers. */
  readonly strangerRequests: number;
  /** Until a stranger has had all that it asked for. */
  readonly strangerAnswerMs: number;
  /** How long, and how much, of a body is still taken that nobody wanted. */
  readonly unreadMs: number;
  readonly unreadBytes: number;
};

/** Each call has a stream, an event stream of somebody who looks on, and a request now and then. */
const CONNECTIONS_PER_CALL = 3;

// Operators, webhooks, probes, and strangers who knock. Each costs some 10 KB: none of them takes the memory of the calls.
const OTHER_CONNECTIONS = 1_000;

/** The bounds for so many calls at once. */
export function httpLimits(maxConcurrentCalls: number): HttpLimits {
  return {
    // A request is small; whoever takes longer for it is not busy but slow on purpose, or gone.
    headersMs: 10_000,
    requestMs: 30_000,
    // Proxies and load balancers keep theirs for 60 s; if we were the first to close, requests would get lost on the way.
    idleMs: 75_000,
    // Event streams have a heartbeat every 15 s: only a reader that has gone or hangs is silent for so long.
    stalledMs: 60_000,
    // Node itself looks every 30 s, which would make 40 of the 10.
    checkEveryMs: 1_000,
    // The longest that means anything, a webhook behind a proxy, has about 2 KB in 30 headers.
    headerBytes: 8 * 1024,
    headerCount: 100,
    requestsPerConnection: 1_000,
    connections: OTHER_CONNECTIONS + CONNECTIONS_PER_CALL * maxConcurrentCalls,
    // The pages take a dozen; a probe makes a new connection now and then.
    strangerRequests: 100,
    strangerAnswerMs: 30_000,
    // Whoever is still sending would not see the answer if the connection ended with it.
    unreadMs: 2_000,
    unreadBytes: 256 * 1024,
  };
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What a server does with what it lets pass. */
export type HttpHandlers = {
  readonly onRequest: RequestListener;
  readonly onUpgrade: UpgradeListener;
  /** A connection was closed to make room. */
  readonly onDropped: () => void;
  /** A request was answered with 431. */
  readonly onTooManyHeaders?: () => void;
  readonly connections: Connections;
  readonly clock: Clock;
};

/** A server that does not listen yet. */
export function limitedServer(handlers: HttpHandlers, limits: HttpLimits): Server {
  const { headerCount } = limits;
  const { connections, clock } = handlers;
  const onRequest: RequestListener = (request, response) => {
    if (hasTooManyHeaders(request, headerCount)) {
      handlers.onTooManyHeaders?.();
      response.writeHead(431, { Connection: 'close', 'Content-Length': 0 }).end();
      return;
    }
    const { socket } = request;
    const turn = connections.begin(socket);
    if (turn === 'ignore') return;
    if (turn === 'serve-last') response.shouldKeepAlive = false;
    response.once('close', () => connections.end(socket));
    boundUnreadBody({ request, response, limits, clock });
    handlers.onRequest(request, response);
  };
  const server = createServer(optionsOf(limits), onRequest);
  // Without this, Node asks for the body of whoever offers one, before anybody has looked at the headers.
  server.on('checkContinue', onRequest);
  // What is above is left out and not refused, be it the header by which a proxy gives itself away: one more is let in.
  server.maxHeadersCount = headerCount + 1;
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.timeout = limits.stalledMs;
  server.on('upgrade', (request, socket, head) => {
    if (!hasTooManyHeaders(request, headerCount)) return handlers.onUpgrade(request, socket, head);
    handlers.onTooManyHeaders?.();
    refuseUpgrade(socket, { status: 431 });
  });
  server.on('connection', (socket) => {
    if (connections.add(socket)) handlers.onDropped();
  });
  return server;
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly limits: HttpLimits;
  readonly clock: Clock;
};

/**
 * Node would take what is left of an answered request's body for as long as it comes. Who sends more than is taken is told
 * with the answer that the connection ends, and not cut off in the middle of another request.
 */
function boundUnreadBody({ request, response, limits, clock }: Exchange): void {
  const isLong = !(Number(request.headers['content-length'] ?? Infinity) <= limits.unreadBytes);
  if (isLong) tellOfEnd(request, response);
  // Before Node does: it throws away what nobody listens to.
  response.prependOnceListener('finish', () => {
    if (request.complete) return;
    let bytes = 0;
    const { socket } = request;
    const end = (): void => void socket.destroy();
    const isLast = !response.shouldKeepAlive;
    // Whoever is still sending reads the answer only if the connection is there until then.
    if (isLast) socket.destroySoon = (): void => void socket.end();
    const timer = clock.after(limits.unreadMs, end);
    const onOver = (): void => {
      timer.cancel();
      socket.off('close', onOver);
    };
    socket.once('close', onOver);
    request.once('end', isLast ? end : onOver);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limits.unreadBytes) end();
    });
  });
}

/** A body that was read whole by the time of the answer ends nothing. */
function tellOfEnd(request: IncomingMessage, response: ServerResponse): void {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  if (!hasBody) return;
  const writeHead = response.writeHead.bind(response) as (...head: readonly unknown[]) => ServerResponse;
  response.writeHead = (...head: readonly unknown[]): ServerResponse => {
    if (!request.complete) response.shouldKeepAlive = false;
    return writeHead(...head);
  };
}

function optionsOf(limits: HttpLimits): ServerOptions {
  return {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    maxHeaderSize: limits.headerBytes,
    requireHostHeader: true,
    insecureHTTPParser: false,
  };
}

/** Names and values stand one after the other. */
function hasTooManyHeaders({ rawHeaders }: IncomingMessage, headerCount: number): boolean {
  return rawHeaders.length / 2 > headerCount;
}
