// Clients that are slow, silent, or send too much: each is let go within its bound, with a status where HTTP has one. The
// bounds are those of production made short; real sockets, as it is Node that keeps them.

import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Connections } from '../../../src/app/connections';
import { type HttpLimits, httpLimits, limitedServer } from '../../../src/app/http-limits';
import { SYSTEM_CLOCK } from '../../../src/app/system-clock';
import { refuseUpgrade } from '../../../src/lib/refuse-upgrade';

const LIMITS: HttpLimits = {
  ...httpLimits(100),
  headersMs: 150,
  requestMs: 300,
  idleMs: 100,
  stalledMs: 250,
  checkEveryMs: 25,
};

/** What a machine that is busy with other tests may add. */
const SLACK_MS = 2_000;

let server: Server;
let sockets: Socket[];
let handled: number;
let dropped: number;
let connections: Connections;
let onRequest: RequestListener;

beforeEach(() => {
  sockets = [];
  handled = 0;
  dropped = 0;
  onRequest = (_request, response) => void response.end('hello');
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

async function serve(changes: Partial<HttpLimits> = {}): Promise<void> {
  const limits = { ...LIMITS, ...changes };
  connections = new Connections(limits, SYSTEM_CLOCK);
  server = limitedServer(
    {
      onRequest: (request, response) => {
        handled += 1;
        onRequest(request, response);
      },
      onUpgrade: (_request, socket) => refuseUpgrade(socket, { status: 426, body: 'No.' }),
      onDropped: () => (dropped += 1),
      connections,
      clock: SYSTEM_CLOCK,
    },
    limits,
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
}

function open(): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  return socket;
}

/** Everything that comes until the connection ends, and how long that took. */
async function untilClosed(socket: Socket): Promise<{ readonly answer: string; readonly tookMs: number }> {
  const startedAtMs = performance.now();
  let answer = '';
  socket.on('data', (data: Buffer) => (answer += data.toString()));
  await new Promise((resolve) => socket.once('close', resolve));
  return { answer, tookMs: performance.now() - startedAtMs };
}

/** Sends the parts, one every so often, for as long as the other end takes them. */
function drip(socket: Socket, part: string, everyMs = 20): void {
  const timer = setInterval(() => socket.write(part), everyMs);
  socket.once('close', () => clearInterval(timer));
}

test('headers that come one by one and have no end are answered 408', async () => {
  await serve();
  const socket = open();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
  drip(socket, 'X-Slow: 1\r\n');

  const { answer, tookMs } = await untilClosed(socket);

  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(tookMs).toBeLessThan(LIMITS.headersMs + SLACK_MS);
  expect(handled).toBe(0);
});

test('a connection that says nothing at all is closed', async () => {
  await serve();

  const { tookMs } = await untilClosed(open());

  expect(tookMs).toBeLessThan(LIMITS.stalledMs + SLACK_MS);
});

test('a body that drips is answered 408', async () => {
  await serve();
  onRequest = (request) => void request.resume();
  const socket = open();
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
  drip(socket, 'a');

  const { answer, tookMs } = await untilClosed(socket);

  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(tookMs).toBeLessThan(LIMITS.requestMs + SLACK_MS);
});

test('a body in pieces without end is answered 408', async () => {
  await serve();
  onRequest = (request) => void request.resume();
  const socket = open();
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  drip(socket, '1\r\na\r\n');

  expect((await untilClosed(socket)).answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('a connection that is kept for another request is closed when none comes', async () => {
  await serve();
  const socket = open();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');

  const { answer, tookMs } = await untilClosed(socket);

  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  // Node adds a second, so that a request that is on its way is still taken.
  expect(tookMs).toBeLessThan(LIMITS.idleMs + 1_000 + SLACK_MS);
});

test('an answer that nobody reads does not hold its connection', async () => {
  await serve();
  const closed = new Promise<void>((resolve) => {
    onRequest = (request, response) => {
      const startedAtMs = performance.now();
      request.socket.once('close', () => {
        expect(performance.now() - startedAtMs).toBeLessThan(LIMITS.stalledMs * 2 + SLACK_MS);
        resolve();
      });
      response.end(Buffer.alloc(64 * 1024 * 1024));
    };
  });
  const socket = open();
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');

  await closed;
});

test('a stream of events that nobody reads is let go in spite of its heartbeat', async () => {
  await serve();
  const closed = new Promise((resolve) => {
    onRequest = (request, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(256 * 1024)), 20);
      request.socket.once('close', () => resolve(clearInterval(timer)));
    };
  });
  const socket = open();
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');

  await closed;
});

test('a reader who takes a little now and then is not let go', async () => {
  await serve({ stalledMs: 1_000 });
  onRequest = (_request, response) => void response.end(Buffer.alloc(4 * 1024 * 1024));
  const socket = open();
  let bytes = 0;
  socket.on('data', (data: Buffer) => {
    bytes += data.length;
    socket.pause();
    setTimeout(() => socket.resume(), 5);
  });
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));

  expect(bytes).toBeGreaterThan(4 * 1024 * 1024);
});

function withHeaders(count: number): string {
  const more = Array.from({ length: count - 1 }, (_, index) => `X-${index}: 1\r\n`).join('');
  return `GET / HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
}

test.each([
  ['200 headers', () => withHeaders(200)],
  ['one header more than there may be', () => withHeaders(101)],
  ['2,000 headers', () => withHeaders(2_001).replaceAll('X-', '')],
  ['a header of 9 KB', () => `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(9_000)}\r\n\r\n`],
  ['a path of 9 KB', () => `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  [
    '200 headers and an upgrade',
    () => withHeaders(200).replace('Host', 'Upgrade: websocket\r\nConnection: upgrade\r\nHost'),
  ],
])('%s are answered 431, and reach nobody', async (_what, text) => {
  await serve();
  const socket = open();
  socket.write(text());

  expect((await untilClosed(socket)).answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(handled).toBe(0);
});

test('100 headers and 7 KB are read to the last one', async () => {
  await serve();
  let last: unknown;
  onRequest = (request, response) => {
    last = request.headers['via'];
    response.end();
  };
  const socket = open();
  socket.write(
    withHeaders(98).replace('\r\n\r\n', `\r\nCookie: ${'a'.repeat(6_000)}\r\nVia: proxy\r\nConnection: close\r\n\r\n`),
  );

  expect((await untilClosed(socket)).answer).toMatch(/^HTTP\/1\.1 (200|431) /);
  socket.destroy();
  const another = open();
  another.write(
    withHeaders(97).replace('\r\n\r\n', `\r\nCookie: ${'a'.repeat(6_000)}\r\nVia: proxy\r\nConnection: close\r\n\r\n`),
  );

  expect((await untilClosed(another)).answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(last).toBe('proxy');
});

test.each([
  ['no HTTP', 'c4n4ry\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  [
    'a length and pieces',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nc4n4ry\r\n\r\n'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
])('%s is answered 400 with nothing of what was sent', async (_what, text) => {
  await serve();
  const socket = open();
  socket.write(text);

  const { answer } = await untilClosed(socket);

  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).not.toContain('c4n4ry');
});

test('one connection serves for so many requests and no more', async () => {
  await serve({ requestsPerConnection: 3, idleMs: 5_000 });
  const socket = open();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));

  const { answer } = await untilClosed(socket);

  expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
  expect(answer.match(/Connection: close/g)).toHaveLength(1);
});

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const LAST_GET = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

/** Opens so many connections, one after the other. */
async function openInTurn(count: number): Promise<Socket[]> {
  const opened: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const accepted = once(server, 'connection');
    opened.push(open());
    await accepted;
  }
  return opened;
}

test('when all connections are taken, the oldest of the strangers is closed for whoever comes', async () => {
  await serve({ connections: 3, stalledMs: 5_000 });
  const [oldest, ...others] = await openInTurn(3);

  const newcomer = open();
  await untilClosed(oldest!);

  for (const socket of [...others, newcomer]) {
    socket.write(LAST_GET);
    expect((await untilClosed(socket)).answer).toMatch(/^HTTP\/1\.1 200 /);
  }
  expect(dropped).toBe(1);
});

test('nobody who is trusted is closed for a stranger, be they all', async () => {
  await serve({ connections: 3, idleMs: 5_000, stalledMs: 5_000 });
  onRequest = ({ socket }, response) => {
    connections.trust(socket);
    response.end('hello');
  };
  const trusted = await openInTurn(3);
  for (const socket of trusted) {
    socket.write(GET);
    await once(socket, 'data');
  }

  for (let count = 0; count < 5; count += 1) await untilClosed(open());

  for (const socket of trusted) {
    socket.write(LAST_GET);
    expect((await untilClosed(socket)).answer).toMatch(/^HTTP\/1\.1 200 /);
  }
  expect(dropped).toBe(5);
  await openInTurn(3);
  expect(dropped).toBe(5);
});

test('a stranger has so many requests a connection and no more, sent in advance or not', async () => {
  await serve({ strangerRequests: 3, idleMs: 5_000 });
  const socket = open();
  socket.write(GET.repeat(10));

  const { answer } = await untilClosed(socket);

  expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
  expect(answer.match(/Connection: close/g)).toHaveLength(1);
  expect(handled).toBe(3);
});

test('a stranger who takes a little of a large answer now and then is let go', async () => {
  await serve({ strangerAnswerMs: 300, stalledMs: 5_000 });
  onRequest = (_request, response) => void response.end(Buffer.alloc(64 * 1024 * 1024));
  const socket = open();
  socket.on('data', () => {
    socket.pause();
    setTimeout(() => socket.resume(), 20);
  });
  socket.write(GET);

  const [taken] = (await once(server, 'connection')) as [Socket];
  const startedAtMs = performance.now();
  await new Promise((resolve) => taken.once('close', resolve));

  expect(performance.now() - startedAtMs).toBeLessThan(300 + SLACK_MS);
});

test('one who is trusted may take as long as it goes on', async () => {
  await serve({ strangerAnswerMs: 100, stalledMs: 5_000 });
  onRequest = ({ socket }, response) => {
    connections.trust(socket);
    setTimeout(() => response.end('at last'), 400);
  };
  const socket = open();
  socket.write(LAST_GET);

  expect((await untilClosed(socket)).answer).toContain('at last');
});

const ENDLESS = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
const CHUNK = `10000\r\n${'a'.repeat(65_536)}\r\n`;

/** Sends pieces for as long as they are taken. */
function stream(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(CHUNK));
  };
  socket.on('drain', more);
  more();
}

test('of a body that nobody wants no more than a little is taken once it is answered', async () => {
  await serve({ unreadMs: 10_000, unreadBytes: 256 * 1024, requestMs: 20_000 });
  const taken = new Promise<number>((resolve) => {
    server.once('connection', (socket: Socket) => socket.once('close', () => resolve(socket.bytesRead)));
  });
  const socket = open();
  socket.write(ENDLESS);
  stream(socket);

  expect(await taken).toBeLessThan(2 * 1024 * 1024);
});

test('and not for long, however slowly it comes', async () => {
  await serve({ unreadMs: 200, requestMs: 20_000 });
  const socket = open();
  socket.write(ENDLESS);
  drip(socket, '1\r\na\r\n');

  const { answer, tookMs } = await untilClosed(socket);

  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(tookMs).toBeLessThan(200 + SLACK_MS);
});

test('who sends more than is taken gets the answer whole, and is told that the connection ends with it', async () => {
  await serve({ unreadMs: 5_000, unreadBytes: 1_000 });
  const socket = open();
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n');
  const answered = once(socket, 'data') as Promise<[Buffer]>;

  socket.write('a'.repeat(500));
  const [answer] = await answered;
  socket.write('a'.repeat(1_000_000));

  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/s);
  await once(socket, 'close');
});

test('who has sent all of a body that nobody wanted may ask again on the same connection', async () => {
  await serve({ unreadMs: 1_000, idleMs: 5_000 });
  const socket = open();
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`);
  await once(socket, 'data');
  socket.write(`${'a'.repeat(100_000)}${LAST_GET}`);

  expect((await untilClosed(socket)).answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(handled).toBe(2);
});

test('each call may have its stream, whoever else is there', () => {
  for (const calls of [1, 100, 10_000]) expect(httpLimits(calls).connections).toBeGreaterThanOrEqual(2 * calls + 1_000);
});

test('a refused upgrade ends its connection, says why, and shows nothing of the server', async () => {
  await serve();
  const socket = open();
  socket.write('GET /c4n4ry HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: c4n4ry\r\n\r\n');

  const { answer } = await untilClosed(socket);

  expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
  expect(answer).toContain('X-Content-Type-Options: nosniff');
  expect(answer).not.toMatch(/c4n4ry|x-powered-by|server:/i);
});
