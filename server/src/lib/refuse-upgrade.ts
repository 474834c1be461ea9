// The answer to a request that asks for another protocol and does not get it.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** How an upgrade is refused. */
export type UpgradeRefusal = {
  readonly status: number;
  readonly headers?: readonly string[];
  readonly body?: string;
};

/** Answers an upgrade with a status and ends its connection, whether or not the peer reads that. */
export function refuseUpgrade(socket: Duplex, { status, headers = [], body = '' }: UpgradeRefusal): void {
  // HTTP's time limits end with the upgrade: without this, the peer could keep the socket for ever. And an unhandled
  // error event of a socket that goes away now would end the process.
  socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    ...(body === '' ? [] : ['Content-Type: text/plain; charset=utf-8']),
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
