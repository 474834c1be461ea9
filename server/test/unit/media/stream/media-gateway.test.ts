// Upgrades that strangers try at the door for media streams, on real sockets.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { WebSocket } from 'ws';
import { MediaGateway } from '../../../../src/media/stream/media-gateway';
import { StreamTokens } from '../../../../src/media/stream/stream-tokens';
import { aCallId } from '../../../support/builders';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock } from '../../../support/manual-clock';
import { until } from '../../../support/until';

const HEADER = 'x-token';
const PATH = `/media-bridge?callId=${aCallId()}`;
const HANDSHAKE = [
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
];

let clock: ManualClock;
let log: RecordingLogger;
let tokens: StreamTokens;
let token: string;
let gateway: MediaGateway;
let server: Server;
/** Sockets that were let in. */
let accepted: WebSocket[];
let sockets: Socket[];

beforeEach(async () => {
  clock = new ManualClock();
  log = new RecordingLogger();
  accepted = [];
  sockets = [];
  tokens = new StreamTokens('http://x', clock);
  ({ token } = tokens.issueStream(aCallId()));
  const announced = (socket: WebSocket): Promise<undefined> => {
    accepted.push(socket);
    return new Promise(() => undefined);
  };
  gateway = new MediaGateway({ tokens, tokenHeader: HEADER, announced, attach: () => true, clock, log });
  server = createServer().on('upgrade', (request, socket, head) => gateway.handleUpgrade(request, socket, head));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const socket of accepted) socket.terminate();
  gateway.close();
  await new Promise((resolve) => server.close(resolve));
});

function open(lines: readonly string[], body: string | Buffer = ''): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)]));
  return socket;
}

/** The status of the answer to an upgrade. */
async function upgrade(line: string, headers: readonly string[], body?: string | Buffer): Promise<number> {
  const [data] = (await once(open([line, ...headers], body), 'data')) as [Buffer];
  return Number(data.toString('latin1').split(' ')[1]);
}

function get(path = PATH): string {
  return `GET ${path} HTTP/1.1`;
}

const withToken = (value = token): string[] => [...HANDSHAKE, `${HEADER}: ${value}`];

test('a token opens once', async () => {
  expect(await upgrade(get(), withToken())).toBe(101);
  expect(await upgrade(get(), withToken())).toBe(401);
  expect(accepted).toHaveLength(1);
});

test('of two that come at once with one token, one is let in', async () => {
  const statuses = await Promise.all(Array.from({ length: 10 }, () => upgrade(get(), withToken())));

  expect(statuses.filter((status) => status === 101)).toHaveLength(1);
  expect(statuses.filter((status) => status === 401)).toHaveLength(9);
  expect(accepted).toHaveLength(1);
});

test.each<[string, string]>([
  ['no call', '/media-bridge'],
  ['an empty call', '/media-bridge?callId='],
  ['another call', `/media-bridge?callId=${aCallId(2)}`],
  ['another path', `/other?callId=${aCallId()}`],
  ['a path below', `/media-bridge/?callId=${aCallId()}`],
  ['another case', `/MEDIA-BRIDGE?callId=${aCallId()}`],
  ['a path that leads elsewhere first', `/media-bridge/../x?callId=${aCallId()}`],
  ['a prototype', '/media-bridge?callId=__proto__'],
  ['a path that cannot be read', 'http://[/media-bridge'],
  ['an asterisk', '*'],
])('an upgrade for %s is refused, and does not use up the token', async (_what, path) => {
  expect(await upgrade(get(path), withToken())).toBe(401);
  expect(await upgrade(get(), withToken())).toBe(101);
});

test('a token in the address, in a cookie, as a key or as a protocol opens nothing', async () => {
  expect(await upgrade(get(`${PATH}&${HEADER}=${token}&token=${token}`), HANDSHAKE)).toBe(401);
  expect(await upgrade(get(), [...HANDSHAKE, `Cookie: ${HEADER}=${token}`])).toBe(401);
  expect(await upgrade(get(), [...HANDSHAKE, `Authorization: Bearer ${token}`])).toBe(401);
  expect(await upgrade(get(), [...HANDSHAKE, `Sec-WebSocket-Protocol: ${token}`])).toBe(401);
  expect(accepted).toEqual([]);
});

test('a token among others opens nothing', async () => {
  expect(await upgrade(get(), [...withToken(), `${HEADER}: another`])).toBe(401);
  expect(await upgrade(get(), withToken(`${token},${token}`))).toBe(401);
  expect(await upgrade(get(), withToken(`${token}=`))).toBe(401);
  expect(accepted).toEqual([]);
});

test('a token that is five minutes old opens nothing', async () => {
  clock.advance(5 * 60_000);

  expect(await upgrade(get(), withToken())).toBe(401);
});

test.each<[string, string, (line: string) => string, number]>([
  ['another version', 'GET', (line) => line.replace('Version: 13', 'Version: 7'), 400],
  ['a key that is none', 'GET', (line) => line.replace(/Key: .*/, 'Key: x'), 400],
  ['another method', 'POST', (line) => line, 405],
])('a handshake with %s is refused by its own status', async (_what, method, change, status) => {
  expect(await upgrade(`${method} ${PATH} HTTP/1.1`, withToken().map(change))).toBe(status);
  expect(accepted).toEqual([]);
});

test('what comes with the upgrade is a part of the stream, be it a flood', async () => {
  // An empty text frame, masked with zeros.
  const frame = Buffer.from([0x81, 0x80, 0, 0, 0, 0]);

  expect(await upgrade(get(), withToken(), frame)).toBe(101);
  expect(accepted).toHaveLength(1);
});

test('a refused upgrade with a body is answered, and the body is not waited for', async () => {
  const socket = open([get(), ...HANDSHAKE, 'Content-Length: 1000000'], 'a'.repeat(1_000));

  expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
});

test('a frame longer than 64 KB, or in more than 64 pieces, ends the stream', async () => {
  await upgrade(get(), withToken());
  const [first] = sockets;
  const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
  first!.write(header);
  await once(accepted[0]!, 'error');

  const second = tokens.issueStream(aCallId());
  await upgrade(get(), withToken(second.token));
  const piece = Buffer.from([0x01, 0x80, 0, 0, 0, 0]);
  const more = Buffer.from([0x00, 0x80, 0, 0, 0, 0]);
  sockets.at(-1)!.write(Buffer.concat([piece, ...Array.from({ length: 100 }, () => more)]));
  const [error] = (await once(accepted[1]!, 'error')) as [Error];

  expect(error.message).toMatch(/fragments/i);
});

test('two thousand refused upgrades leave no socket, no timer and ten lines at most', async () => {
  const attempt = (): Promise<string> => text(open([get(), ...withToken('guessed')]));
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(Array.from({ length: 100 }, attempt));
    sockets = [];
  }

  await until(
    async () => (await new Promise<number>((done) => server.getConnections((_, count) => done(count)))) === 0,
  );
  expect(clock.pendingTimers).toBe(0);
  expect(log.lines).toHaveLength(1);
  expect(JSON.stringify(log.lines)).not.toContain('guessed');
  // And the door still opens.
  expect(await upgrade(get(), withToken())).toBe(101);
}, 30_000);
