// Connections that end before a route is asked: each has its reason, which is counted. What Node itself refuses is answered
// here as Node would, as it tells nobody otherwise.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseUpgrade } from '../lib/refuse-upgrade';
import type { ConnectionRefusal } from '../observability/server-metrics';

type Answer = { readonly why: ConnectionRefusal; readonly status: number };

const MALFORMED: Answer = { why: 'malformed', status: 400 };

const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: { why: 'large-headers', status: 431 },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { why: 'malformed', status: 413 },
  ERR_HTTP_REQUEST_TIMEOUT: { why: 'slow', status: 408 },
};

// The peer went away by itself.
const GONE = new Set(['ECONNRESET', 'EPIPE']);

/** Answers what cannot be read as HTTP, or takes too long, and tells why. */
export function answerOddRequests(server: Server, onRefused: (why: ConnectionRefusal) => void): void {
  // How many answers are under way: requests may come one behind the other.
  const answering = new WeakMap<Duplex, number>();
  const note = (socket: Duplex, by: 1 | -1): void => void answering.set(socket, (answering.get(socket) ?? 0) + by);
  const onRequest = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    note(socket, 1);
    response.once('close', () => note(socket, -1));
  };
  // Node tells of one whose client asks first by the other event only.
  server.prependListener('request', onRequest).prependListener('checkContinue', onRequest);
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    if (GONE.has(code) || !socket.writable) {
      socket.destroy();
      return;
    }
    const { why, status } = ANSWERS[code] ?? MALFORMED;
    onRefused(why);
    // Within another answer it would be taken for a part of that.
    if ((answering.get(socket) ?? 0) > 0) socket.destroy();
    else refuseUpgrade(socket, { status });
  });
}
