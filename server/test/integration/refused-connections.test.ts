import { connect } from 'node:net';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

let bridge: TestBridge;

afterEach(() => bridge.close());

/** Sends what is given and resolves with everything that comes until the connection ends. */
function exchange(text: string): Promise<string> {
  const socket = connect(Number(new URL(bridge.url).port), '127.0.0.1', () => socket.write(text));
  let answer = '';
  return new Promise((resolve) => {
    socket
      .on('data', (chunk) => (answer += chunk.toString()))
      .on('error', () => undefined)
      .on('close', () => resolve(answer));
  });
}

async function refused(why: string): Promise<number> {
  const text = await (await fetch(`${bridge.url}/metrics`)).text();
  return Number(new RegExp(`^ai_calls_refused_connections_total\\{why="${why}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

test.each([
  ['malformed', 400, 'canary\r\n\r\n'],
  ['large-headers', 431, `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
  ['large-headers', 431, `GET /health HTTP/1.1\r\nHost: localhost\r\n${'X: 1\r\n'.repeat(150)}\r\n`],
  ['not-websocket', 426, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
  ['slow', 408, 'GET /health HTTP/1.1\r\nHost: loc'],
])(
  'a request that never gets to a route is answered and counted: %s (%d)',
  async (why, status, text) => {
    bridge = await TestBridge.start({ compose: { httpLimits: { headersMs: 300, requestMs: 400, checkEveryMs: 50 } } });
    expect(await refused(why)).toBe(0);

    const answer = await exchange(text);

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(await refused(why)).toBe(1);
  },
  60_000,
);

test('who has to make room is counted', async () => {
  bridge = await TestBridge.start({ compose: { httpLimits: { connections: 3 } } });
  const port = Number(new URL(bridge.url).port);
  const sockets = Array.from({ length: 6 }, () => connect(port, '127.0.0.1').on('error', () => undefined));

  await until(async () => (await refused('no-room')) >= 3);

  for (const socket of sockets) socket.destroy();
}, 60_000);

test('what is odd within an answer ends the connection and is no part of that answer', async () => {
  bridge = await TestBridge.start();
  const callId = await bridge.place();
  const path = `/api/ai-calls/${callId}/events`;

  const answer = await exchange(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\ncanary\r\n\r\n`);

  expect(answer.match(/HTTP\/1\.1/g) ?? []).toHaveLength(answer === '' ? 0 : 1);
  await until(async () => (await refused('malformed')) === 1);
}, 60_000);

test.each([
  ['behind another one', 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', ''],
  ['whose client asked first', '', 'Expect: 100-continue\r\n'],
])(
  'what is odd while an answer %s is being sent is no part of it',
  async (_which, before, header) => {
    bridge = await TestBridge.start();
    const callId = await bridge.place();
    const socket = connect(Number(new URL(bridge.url).port), '127.0.0.1');
    let answer = '';
    const ended = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    socket.on('data', (chunk) => (answer += chunk.toString()));

    const stream = `GET /api/ai-calls/${callId}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n`;
    socket.write(`${before}${stream}${header}\r\n`);
    await until(() => answer.includes('text/event-stream'));
    socket.write('canary\r\n\r\n');

    await ended;
    expect(answer).not.toContain(' 400 ');
    expect(await refused('malformed')).toBe(1);
  },
  60_000,
);
