// Attempts to get a webhook past the signature: the route and the real check behind it, with real Ed25519 keys, on a real
// socket. Time is moved by moving `Date.now`, which the SDK looks at.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import express from 'express';
import type { CarrierEvent } from '../../../src/calls/ports';
import { RecentIds } from '../../../src/calls/recent-ids';
import { TelnyxWebhooks } from '../../../src/carriers/telnyx/telnyx-webhooks';
import { problemHandler } from '../../../src/http/problem';
import { telnyxWebhooksRouter } from '../../../src/http/routes/telnyx-webhooks';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';

const PATH = '/webhook';
const DER_PREFIX_BYTES = 12;
const NOW_SECONDS = Math.floor(ManualClock.START_MS / 1_000);
const BODY = aWebhook('event-1');

const keys = generateKeyPairSync('ed25519');
const strangersKeys = generateKeyPairSync('ed25519');
const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' }).subarray(DER_PREFIX_BYTES).toString('base64');

let clock: ManualClock;
let log: RecordingLogger;
let server: Server;
/** What the calls were told of: each event once, as behind the real door. */
let events: CarrierEvent[];
let recentIds: RecentIds;

beforeEach(async () => {
  clock = new ManualClock();
  log = new RecordingLogger();
  events = [];
  recentIds = new RecentIds(clock);
  jest.spyOn(Date, 'now').mockImplementation(() => clock.nowMs());
  const onCarrierEvent = (event: CarrierEvent): Promise<void> => {
    if (recentIds.add(event.eventId)) events.push(event);
    return Promise.resolve();
  };
  const webhooks = new TelnyxWebhooks(publicKey, clock);
  const app = express();
  app.use(PATH, telnyxWebhooksRouter({ calls: { onCarrierEvent }, webhooks, clock, log }));
  app.use(problemHandler(log));
  server = createServer(app);
  server.on('checkContinue', app);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  jest.restoreAllMocks();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

function aWebhook(id: string): string {
  const payload = { call_control_id: 'v3:leg' };
  return JSON.stringify({ data: { id, event_type: 'call.answered', occurred_at: '2026-11-20T12:00:00Z', payload } });
}

type Signing = { readonly atSeconds?: number | string; readonly key?: KeyObject; readonly over?: string | Buffer };

function signed(
  body: string | Buffer = BODY,
  { atSeconds = NOW_SECONDS, key = keys.privateKey, over = body }: Signing = {},
) {
  const message = Buffer.concat([Buffer.from(`${atSeconds}|`), Buffer.from(over)]);
  return [`Telnyx-Timestamp: ${atSeconds}`, `Telnyx-Signature-Ed25519: ${sign(null, message, key).toString('base64')}`];
}

/** Opens a connection and sends the head of a delivery. */
function begin(headers: readonly string[], bodyBytes: number): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write([`POST ${PATH} HTTP/1.1`, 'Host: x', `Content-Length: ${bodyBytes}`, ...headers, '', ''].join('\r\n'));
  return socket;
}

/** The status of what comes back. */
function statusOf(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('data', (data: Buffer) => {
      socket.destroy();
      resolve(Number(data.toString().split(' ')[1]));
    });
    socket.once('error', reject);
  });
}

/** Sends a delivery and returns the status of the answer. */
function deliver(body: string | Buffer = BODY, headers: readonly string[] = signed(body)): Promise<number> {
  const socket = begin(headers, Buffer.byteLength(body));
  socket.write(body);
  return statusOf(socket);
}

test.each([0, -300, 300, -299, 299])('a delivery is taken whose time is %i s from ours', async (offset) => {
  expect(await deliver(BODY, signed(BODY, { atSeconds: NOW_SECONDS + offset }))).toBe(200);
  expect(events).toHaveLength(1);
});

test.each([-301, 301, -302, 302, -100_000, 100_000])('one that is %i s from ours is refused', async (offset) => {
  expect(await deliver(BODY, signed(BODY, { atSeconds: NOW_SECONDS + offset }))).toBe(401);
  expect(events).toEqual([]);
});

test.each<[string, readonly string[]]>([
  ['no headers', []],
  ['no signature', signed().slice(0, 1)],
  ['no timestamp', signed().slice(1)],
  ['an empty signature', ['Telnyx-Signature-Ed25519:', `Telnyx-Timestamp: ${NOW_SECONDS}`]],
  ['two signatures', [...signed(), ...signed().slice(1)]],
  ['a second, strange signature', [...signed(), ...signed(BODY, { key: strangersKeys.privateKey }).slice(1)]],
  ['two timestamps', [...signed(), `Telnyx-Timestamp: ${NOW_SECONDS}`]],
  ['the signature of another key', signed(BODY, { key: strangersKeys.privateKey })],
  ['the signature of another body', signed(BODY, { over: aWebhook('event-2') })],
  ['the signature of another time', [`Telnyx-Timestamp: ${NOW_SECONDS + 1}`, ...signed().slice(1)]],
  [
    'a signature of nothing but zeros',
    [`Telnyx-Signature-Ed25519: ${'A'.repeat(86)}==`, `Telnyx-Timestamp: ${NOW_SECONDS}`],
  ],
  ['a signature in hexadecimal', [`Telnyx-Signature-Ed25519: ${'ab'.repeat(64)}`, `Telnyx-Timestamp: ${NOW_SECONDS}`]],
])('a delivery with %s is refused', async (_what, headers) => {
  expect(await deliver(BODY, headers)).toBe(401);
  expect(events).toEqual([]);
});

test.each([
  `${NOW_SECONDS}.0`,
  `+${NOW_SECONDS}`,
  `-${NOW_SECONDS}`,
  `0x${NOW_SECONDS.toString(16)}`,
  `${NOW_SECONDS}e0`,
  `0${NOW_SECONDS}`,
  `${NOW_SECONDS}000`,
  `${NOW_SECONDS} ${NOW_SECONDS}`,
  '9'.repeat(400),
  'NaN',
  'Infinity',
  'now',
  '',
])('a timestamp %j is refused, were it signed', async (atSeconds) => {
  expect(await deliver(BODY, signed(BODY, { atSeconds }))).toBe(401);
});

test('a body that was changed on the way is refused, be it by a byte', async () => {
  expect(await deliver(`${BODY} `, signed())).toBe(401);
  expect(await deliver(BODY.replace('answered', 'hangup12'), signed())).toBe(401);
  expect(await deliver('', signed())).toBe(401);
  expect(events).toEqual([]);
});

test('what is refused by its headers has its body not waited for', async () => {
  const socket = begin([], 256 * 1024);

  expect(await statusOf(socket)).toBe(401);
  await until(() => server.listening && socket.destroyed);
});

test('the connection of such a one ends with the answer', async () => {
  const socket = begin([], 256 * 1024);
  let answer = '';
  socket.on('data', (data: Buffer) => (answer += data.toString()));

  await new Promise((resolve) => socket.once('end', resolve));
  socket.destroy();

  expect(answer).toContain('Connection: close');
  expect(answer).toContain('WEBHOOK_REFUSED');
});

test('a genuine delivery that asks first is told to go on once its headers were looked at', async () => {
  const socket = begin([...signed(), 'Expect: 100-continue'], Buffer.byteLength(BODY));
  expect(await new Promise((resolve) => socket.once('data', (data: Buffer) => resolve(data.toString())))).toBe(
    'HTTP/1.1 100 Continue\r\n\r\n',
  );
  expect(events).toEqual([]);

  socket.write(BODY);

  expect(await statusOf(socket)).toBe(200);
  expect(events).toHaveLength(1);
});

test('a body of 256 KB is read, and one byte more is not, signed or not', async () => {
  const full = Buffer.alloc(256 * 1024, ' ');
  Buffer.from(BODY).copy(full);
  const over = Buffer.concat([full, Buffer.from(' ')]);

  expect(await deliver(full)).toBe(200);
  expect(await deliver(over)).toBe(413);
  expect(await deliver(over, [])).toBe(401);
  expect(events).toHaveLength(1);
});

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'nonsense',
  'a/b; charset=utf-16',
])('a genuine delivery is taken whatever its type: %s', async (type) => {
  expect(await deliver(BODY, [...signed(), `Content-Type: ${type}`])).toBe(200);
  expect(events).toHaveLength(1);
});

test.each(['gzip', 'deflate', 'br', 'identity, gzip'])(
  'a body in %s is refused, and not unpacked',
  async (encoding) => {
    const packed = gzipSync(BODY);

    expect(await deliver(packed, [...signed(packed), `Content-Encoding: ${encoding}`])).toBe(415);
    expect(events).toEqual([]);
  },
);

test('a genuine delivery that is no event, or not even JSON, is answered and has no effect', async () => {
  for (const body of ['nonsense', '{', '', '\uFEFF{}', '[]', 'null', '{"data":null}', '{"data":{"id":7}}'])
    expect(await deliver(body)).toBe(200);

  expect(events).toEqual([]);
});

test('a genuine delivery that is sent again has no effect for as long as its signature is accepted', async () => {
  const headers = signed(BODY, { atSeconds: NOW_SECONDS + 300 });
  const statuses = new Set<number>();

  // Ten minutes, as it was signed as far ahead as may be: the longest that a delivery is accepted at all.
  for (let second = 0; second <= 600; second += 20) {
    statuses.add(await deliver(BODY, headers));
    clock.advance(second === 600 ? 999 : 20_000);
  }
  expect([...statuses]).toEqual([200]);
  clock.advance(1_000);

  expect(await deliver(BODY, headers)).toBe(401);
  expect(events).toHaveLength(1);
});

test('the id of a delivery is remembered beyond the last moment at which its signature is accepted', async () => {
  const headers = signed(BODY, { atSeconds: NOW_SECONDS + 300 });
  await deliver(BODY, headers);
  clock.advance(600_999);

  expect(await deliver(BODY, headers)).toBe(200);
  expect(events).toHaveLength(1);
});

test('refusals are logged once a minute', async () => {
  for (let count = 0; count < 5; count += 1) await deliver(BODY, ['Telnyx-Timestamp: c4n4ry']);
  for (let count = 0; count < 5; count += 1) await deliver(BODY, signed(BODY, { key: strangersKeys.privateKey }));

  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { remoteAddress: '127.0.0.1' } });
  expect(JSON.stringify(log.lines)).not.toContain('c4n4ry');
});
