// HTTP by hand: a client that says whatever it is told, byte by byte, and reads what comes back.

import { connect } from 'node:net';

const CLOSE_WAIT_MS = 10_000;

/** An answer as it came over the wire; a status of 0 is none at all. */
export type RawAnswer = {
  readonly status: number;
  readonly head: string;
  readonly body: string;
};

/** What to send, and how long to wait for the other side to close. */
export type RawRequest = {
  readonly chunks: readonly (Buffer | string)[];
  /** After the last chunk: half-closes, says nothing more, or breaks off. */
  readonly after?: 'half-close' | 'wait' | 'break';
  readonly waitMs?: number;
};

/** Sends bytes on a connection of its own; resolves with the first answer when the server closes or has answered. */
export function sendRaw(
  port: number,
  { chunks, after = 'wait', waitMs = CLOSE_WAIT_MS }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`The connection was still open after ${waitMs} ms: ${JSON.stringify(chunks).slice(0, 500)}`));
    }, waitMs);
    const settle = (): void => {
      clearTimeout(timer);
      resolve(answerOf(Buffer.concat(received)));
    };
    socket.on('data', (data) => {
      received.push(data);
      // A stream of events ends with its call: its beginning is enough.
      if (data.includes('text/event-stream')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', settle);
    socket.on('connect', () => {
      for (const chunk of chunks) socket.write(chunk);
      if (after === 'half-close') socket.end();
      if (after === 'break') socket.destroy();
    });
  });
}

function answerOf(bytes: Buffer): RawAnswer {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  return { status, head: head.toLowerCase(), body: end < 0 ? '' : text.slice(end + 4) };
}
