// What strangers may do to the doors of the whole server, on real sockets: fill it with connections, send bodies that
// nobody wants, ask before they send, come through a tunnel.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket, type AddressInfo } from 'node:net';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const KEY = 'a-key-of-the-operator';
const STATUS = '/api/ai-calls/status';
const BEARER = { authorization: `Bearer ${KEY}` };
const JSON_TYPE = 'Content-Type: application/json';

let bridge: TestBridge;
let sockets: Socket[];

beforeEach(() => {
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await bridge.close();
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function open(port = portOf(bridge.url)): Socket {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  return socket;
}

/** Everything that comes, as it comes. */
function heard(socket: Socket): { text: string } {
  const all = { text: '' };
  socket.on('data', (data: Buffer) => (all.text += data.toString('latin1')));
  return all;
}

/** However it ends, be it with an error. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

function head(line: string, ...headers: string[]): string {
  return [`${line} HTTP/1.1`, `Host: 127.0.0.1:${portOf(bridge.url)}`, ...headers, '', ''].join('\r\n');
}

/** A stranger that asks again and again, and comes back when it is closed. */
function keepAsking(path: string, isStopped: () => boolean): void {
  const socket = open();
  const ask = (): void => void (isStopped() || socket.destroyed || socket.write(head(`GET ${path}`)));
  socket.on('connect', ask).on('data', () => setTimeout(ask, 10));
  socket.on('close', () => setTimeout(() => isStopped() || keepAsking(path, isStopped), 10));
}

/** A stranger that takes a byte of a large file now and then. */
function readSlowly(path: string, isStopped: () => boolean): void {
  const socket = open();
  socket.on('connect', () => socket.write(head(`GET ${path}`)));
  socket.pause();
  const timer = setInterval(() => socket.read(1), 50);
  socket.on('close', () => {
    clearInterval(timer);
    setTimeout(() => isStopped() || readSlowly(path, isStopped), 10);
  });
}

/** A stranger that says nothing, and comes back when it is closed. */
function occupy(isStopped: () => boolean): void {
  open().on('close', () => setTimeout(() => isStopped() || occupy(isStopped), 10));
}

test('however many strangers hold the doors, calls are placed, webhooks and the stream come in', async () => {
  const connections = 20;
  bridge = await TestBridge.start({ env: { API_KEYS: KEY }, compose: { httpLimits: { connections } } });
  let isOver = false;
  const isStopped = (): boolean => isOver;
  for (let count = 0; count < 20; count += 1) {
    occupy(isStopped);
    keepAsking('/health', isStopped);
    readSlowly('/docs/swagger-ui-bundle.js', isStopped);
  }
  await until(() => sockets.length > 150);

  bridge.openai.setDefaultScript({ otherwise: { say: [{ toneHz: 700, ms: 300, text: 'Hello.' }] } });
  const placed = await bridge.request('POST', '/api/ai-calls/create', { to: '+12025550123' }, BEARER);
  const callId = String(placed.body['callId']);
  const leg = await bridge.telnyx.nextLeg();
  await leg.until('answered');
  await bridge.entry(callId, 'stream.started');
  const during = await bridge.request('GET', `/api/ai-calls/${callId}`, undefined, BEARER);
  const before = sockets.length;
  await until(() => sockets.length > before + 100);
  const streams = bridge.entries.filter(({ type }) => type.startsWith('stream.')).map(({ type }) => type);
  const hungUp = await bridge.request('POST', `/api/ai-calls/${callId}/hangup`, undefined, BEARER);
  await bridge.entry(callId, 'leg.down');
  isOver = true;

  expect([placed.status, during.status, hungUp.status]).toEqual([201, 200, 200]);
  expect(streams).toEqual(['stream.started']);
  expect(bridge.statuses(callId)).toEqual(['queued', 'initiated', 'ringing', 'in-progress', 'completed']);
}, 30_000);

test('who streams a body without end to a door that is closed is read a little and no more', async () => {
  bridge = await TestBridge.start({ env: { API_KEYS: KEY } });
  const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
  const requests = [
    ['POST /api/ai-calls/create', JSON_TYPE],
    ['POST /api/ai-calls/create', JSON_TYPE, `Authorization: Bearer ${KEY}`],
    ['POST /api/ai-calls/create', 'Content-Type: text/plain', `Authorization: Bearer ${KEY}`],
    ['POST /api/webhooks/telnyx'],
    ['POST /nowhere'],
    ['GET /health'],
  ];
  const statuses: (string | undefined)[] = [];
  for (const [line = '', ...headers] of requests) {
    const socket = open();
    const answer = heard(socket);
    let sent = 0;
    const more = (): void => {
      for (let isTaken = true; isTaken && !socket.destroyed; sent += chunk.length) isTaken = socket.write(chunk);
    };
    socket.write(head(line, 'Transfer-Encoding: chunked', ...headers));
    socket.on('drain', more);
    more();
    await closed(socket);
    // What the kernel holds of it on both sides is some megabytes.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
    statuses.push(answer.text === '' ? undefined : answer.text.slice(9, 12));
  }

  // Whoever is busy sending may find the connection reset before it has read the answer.
  const expected = ['401', '413', '415', '401', '404', '200'];
  for (const [index, status] of statuses.entries()) expect([expected[index], undefined]).toContain(status);
}, 30_000);

test('an unsigned webhook that asks first is refused before its body is asked for', async () => {
  bridge = await TestBridge.start();
  const socket = open();
  const answer = heard(socket);

  socket.write(head('POST /api/webhooks/telnyx', 'Expect: 100-continue', 'Content-Length: 200000'));
  await closed(socket);

  expect(answer.text).toMatch(/^HTTP\/1\.1 401 /);
  expect(answer.text).not.toContain('100 Continue');
});

test('a caller that asks first is told to go on, and is answered; without a key it is not', async () => {
  bridge = await TestBridge.start({ env: { API_KEYS: KEY } });
  const body = JSON.stringify({ to: '+12025550123' });
  const ask = (...headers: string[]): Socket => {
    const socket = open();
    const common = [JSON_TYPE, 'Expect: 100-continue', `Content-Length: ${body.length}`];
    socket.write(head('POST /api/ai-calls/create', ...common, ...headers));
    return socket;
  };
  const socket = ask(`Authorization: Bearer ${KEY}`);
  const answer = heard(socket);
  await until(() => answer.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
  socket.write(body);
  await until(() => answer.text.includes('HTTP/1.1 201 '));
  const stranger = ask();
  const refusal = heard(stranger);
  await closed(stranger);

  expect(answer.text.match(/100 Continue/g)).toHaveLength(1);
  expect(refusal.text).toMatch(/^HTTP\/1\.1 401 /);
});

/** A tunnel as ssh -R makes it: bytes in, bytes out, and nothing said about it. */
async function bareTunnel(): Promise<Server> {
  const tunnel = createServer((outside) => {
    const inside = open();
    outside.on('error', () => inside.destroy()).pipe(inside);
    inside.on('error', () => outside.destroy()).pipe(outside);
  });
  await once(tunnel.listen(0, '127.0.0.1'), 'listening');
  return tunnel;
}

test.each([
  ['a webhook', 'POST /api/webhooks/telnyx', ['Content-Length: 0']],
  [
    'a stream',
    'GET /media-bridge',
    [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
    ],
  ],
  ['anything else', 'GET /health', []],
] as const)('%s that comes through a bare tunnel closes an API without keys', async (_what, line, headers) => {
  bridge = await TestBridge.start();
  const tunnel = await bareTunnel();
  expect((await bridge.request('GET', STATUS)).status).toBe(200);

  const carrier = open((tunnel.address() as AddressInfo).port);
  const lines = [`${line} HTTP/1.1`, 'Host: calls.example.com', ...headers, '', ''];
  carrier.write(lines.join('\r\n'));
  await once(carrier, 'data');
  // What a stranger would send who knows that only the name gives it away.
  const stranger = open((tunnel.address() as AddressInfo).port);
  const answer = heard(stranger);
  stranger.write(head(`GET ${STATUS}`));
  await until(() => answer.text.includes('API_KEYS'));
  tunnel.close();

  expect(answer.text).toMatch(/^HTTP\/1\.1 403 /);
  const own = await bridge.request('GET', STATUS);
  expect(own).toMatchObject({ status: 403, body: { code: 'LOOPBACK_ONLY', setting: 'API_KEYS' } });
  expect(own.body['detail']).toMatch(/tunnel.*API_KEYS/);
});

test('with keys, a bare tunnel closes nothing', async () => {
  bridge = await TestBridge.start({ env: { API_KEYS: KEY } });
  const carrier = open();
  carrier.write(head('GET /health').replace(/Host: .*/, 'Host: calls.example.com'));
  await once(carrier, 'data');

  expect((await bridge.request('GET', STATUS, undefined, BEARER)).status).toBe(200);
});
