// The socket by itself, without a session on it: told once when it is of no use, and silent after it was closed.

import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { EndCall } from '../../../src/calls/end-call';
import { RealtimeSocket } from '../../../src/realtime/realtime-socket';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';
import { until } from '../../support/until';

let endpoint: WebSocketServer;
let accepted: WebSocket[];
let received: string[];
let closeCodes: number[];
let messages: string[];
let failures: EndCall[];
let clock: ManualClock;
let socket: RealtimeSocket;

beforeEach(async () => {
  [accepted, received, closeCodes, messages, failures] = [[], [], [], [], []];
  clock = new ManualClock();
  endpoint = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  endpoint.on('connection', (peer) => {
    accepted.push(peer);
    peer.on('message', (data: Buffer) => received.push(data.toString()));
    peer.on('close', (code) => closeCodes.push(code));
  });
  await until(() => endpoint.address() !== null);
  const { port } = endpoint.address() as AddressInfo;
  socket = new RealtimeSocket(
    { apiKey: 'sk-test', baseUrl: `http://127.0.0.1:${port}/v1`, model: 'm', safetyIdentifier: 'somebody' },
    { clock, log: new RecordingLogger() },
    { onMessage: (text) => messages.push(text), onFailed: (verdict) => failures.push(verdict) },
  );
});

afterEach(async () => {
  socket.close();
  for (const peer of endpoint.clients) peer.terminate();
  await new Promise((resolve) => {
    endpoint.close(resolve);
  });
});

test('is open once it is connected, and carries text both ways', async () => {
  expect(socket.isOpen).toBe(false);
  await until(() => socket.isOpen && accepted.length === 1);

  socket.send('to the server');
  accepted[0]!.send('from the server');
  await until(() => received.length > 0 && messages.length > 0);

  expect([received, messages]).toEqual([['to the server'], ['from the server']]);
  expect(socket.bufferedBytes).toBe(0);
});

test('what is sent before it is open is lost, without an error', async () => {
  socket.send('too early');
  await until(() => socket.isOpen);
  socket.send('in time');
  await until(() => received.length > 0);

  expect(received).toEqual(['in time']);
});

test('a failure is told once, however many follow from it', async () => {
  await until(() => accepted.length === 1);

  clock.advance(10_000);
  expect(failures).toMatchObject([{ reason: 'ai-unavailable', details: { cause: 'timeout' } }]);
  await until(() => closeCodes.length === 1);
  await settle();

  expect(failures).toHaveLength(1);
  expect([socket.isOpen, clock.pendingTimers]).toEqual([false, 0]);
});

test('a socket that was closed tells nothing more, not even what was on its way', async () => {
  await until(() => socket.isOpen && accepted.length === 1);
  accepted[0]!.send('late');

  socket.close();
  socket.close();
  await until(() => closeCodes.length === 1);
  await settle();

  expect([closeCodes, messages, failures]).toEqual([[1000], [], []]);
  expect(clock.pendingTimers).toBe(0);
});

test('a session that is ready is watched for silence, no longer for getting ready', async () => {
  await until(() => socket.isOpen && accepted.length === 1);
  accepted[0]!.send('ready');
  await until(() => messages.length === 1);

  socket.markReady();
  clock.advance(45_000);
  expect(failures).toEqual([]);
  clock.advance(5_000);

  expect(failures).toMatchObject([{ reason: 'ai-connection-lost', details: { cause: 'silence', silentMs: 50_000 } }]);
});

describe('pings of our own', () => {
  let pings: number;

  beforeEach(async () => {
    pings = 0;
    await until(() => socket.isOpen && accepted.length === 1);
    accepted[0]!.on('ping', () => (pings += 1));
  });

  /** Ready, and the peer has answered the first ping. */
  async function answered(): Promise<void> {
    socket.markReady();
    await until(() => pings === 1);
    await hear();
  }

  /** Everything that the peer has sent before is there. */
  async function hear(): Promise<void> {
    const before = messages.length;
    accepted[0]!.send('something');
    await until(() => messages.length > before);
  }

  test('go out every five seconds, and not before the session is ready', async () => {
    clock.advance(9_999);
    await settle();
    expect(pings).toBe(0);

    await answered();
    for (let number = 2; number <= 4; number += 1) {
      clock.advance(5_000);
      await until(() => pings === number);
      await hear();
    }

    expect(failures).toEqual([]);
  });

  test('that are answered no more, for ten seconds after the first, are a lost connection', async () => {
    await answered();
    accepted[0]!.pause();

    clock.advance(14_999);
    expect(failures).toEqual([]);
    clock.advance(1);

    expect(failures).toMatchObject([{ reason: 'ai-connection-lost', details: { cause: 'silence', silentMs: 15_000 } }]);
    await settle();
    expect([failures.length, clock.pendingTimers]).toEqual([1, 0]);
  });

  test('need no answer as long as anything else comes', async () => {
    await answered();
    accepted[0]!.pong = () => {};
    for (let second = 0; second < 30; second += 1) {
      clock.advance(1_000);
      await hear();
    }

    expect(failures).toEqual([]);
  });

  test('are not missed in a moment in which nothing could be read', async () => {
    await answered();

    // One long step of the clock, as after a pause of this process: the answers wait to be read.
    clock.advance(5_000);
    clock.advance(5_000);
    await until(() => pings === 3);
    await hear();
    clock.advance(5_000);

    expect(failures).toEqual([]);
  });

  test('end with the socket', async () => {
    await answered();

    socket.close();
    clock.advance(60_000);
    await until(() => closeCodes.length === 1);

    expect([pings, clock.pendingTimers]).toEqual([1, 0]);
  });
});
