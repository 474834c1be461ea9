// The slow network of the conversation bench: a server learns its round trip by the echo of a ping, which has to take as
// long as the frames do.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { MediaSocket } from '../../../src/simulator/simulated-telnyx/media-socket';

const IGNORED = {
  onOpen: () => undefined,
  onFailed: () => undefined,
  onClosed: () => undefined,
  onAudio: () => undefined,
  onMark: () => undefined,
  onClear: () => undefined,
  onReceived: () => undefined,
  onSent: () => undefined,
  onViolation: () => undefined,
};

let server: WebSocketServer;
let carrier: MediaSocket;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
});

afterEach(() => {
  carrier.drop();
  server.close();
});

/** The server's end of a stream that a carrier opens. */
async function stream(networkDelayMs: number | undefined): Promise<WebSocket> {
  const connected = once(server, 'connection');
  carrier = new MediaSocket({
    request: {
      url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
      authToken: undefined,
      track: 'inbound_track',
      inboundEncoding: 'PCMU',
      outboundEncoding: 'PCMU',
      sampleRateHz: 8000,
      customParameters: {},
    },
    start: {},
    userId: 'user',
    networkDelayMs,
    listener: IGNORED,
  });
  const [socket] = (await connected) as [WebSocket];

  return socket;
}

test('a ping travels as slowly as a frame, there and back', async () => {
  const socket = await stream(60);
  const pingedAtMs = performance.now();

  socket.ping('one');
  await once(socket, 'pong');

  // Timers may be early by a fraction of a millisecond each.
  expect(performance.now() - pingedAtMs).toBeGreaterThan(118);
});

test('pings are echoed in their order, with what they carry', async () => {
  const socket = await stream(undefined);
  const echoes: string[] = [];
  socket.on('pong', (data) => echoes.push(data.toString()));

  socket.ping('one');
  socket.ping('two');
  while (echoes.length < 2) await once(socket, 'pong');

  expect(echoes).toEqual(['one', 'two']);
});
