// The HTTP upgrade that opens a WebSocket, for both ends, by hand.

import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';

// RFC 6455, section 1.3.
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// Any 16 bytes do; the server's answer to it is not checked here.
const CLIENT_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

const HEAD_END = '\r\n\r\n';

/** The request of a client. */
export function upgradeRequest(url: URL, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${CLIENT_KEY}\r\n${lines.join('')}\r\n`
  );
}

/** Answers a client's request with `101`. */
export function acceptUpgrade(socket: Duplex, key: string): void {
  const accept = createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
}

/** Collects a server's answer to the upgrade. */
export class UpgradeAnswer {
  #received: Buffer = Buffer.alloc(0);

  /** What follows the head, once it is complete; until then undefined. @throws Error when the answer is not `101` */
  push(chunk: Buffer): Buffer | undefined {
    this.#received = Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return undefined;
    const head = this.#received.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`The upgrade was refused: ${head.split('\r\n')[0]}`);
    return this.#received.subarray(end + HEAD_END.length);
  }
}
