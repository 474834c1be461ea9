// Peers that send more than a phone call has, on real sockets: before the stream has announced itself, before anybody
// listens, and after.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import type { AnnouncedStream } from '../../../src/calls/conversation-ports';
import { L16ByteOrder } from '../../../src/carriers/telnyx/l16-byte-order';
import { announcedStream } from '../../../src/carriers/telnyx/stream-announcement';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';

const START = JSON.stringify({
  event: 'start',
  stream_id: 'stream-1',
  start: { call_control_id: 'v3:leg', media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 } },
});
const MEDIA = JSON.stringify({ event: 'media', media: { track: 'inbound', payload: '/w==' } });

let server: Server;
let accepting: WebSocketServer;
let peer: WebSocket;
let ours: WebSocket;
let clock: ManualClock;
let log: RecordingLogger;
let heard: string[];
let audioFrames: number;

beforeEach(async () => {
  clock = new ManualClock();
  log = new RecordingLogger();
  heard = [];
  audioFrames = 0;
  server = createServer();
  // As the gateway has it.
  const options: ServerOptions & { readonly maxPendingAutoPongs: number } = { server, maxPendingAutoPongs: 0 };
  accepting = new WebSocketServer(options);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const accepted = once(accepting, 'connection') as Promise<[WebSocket]>;
  peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  peer.on('error', () => undefined);
  [ours] = await accepted;
  await until(() => peer.readyState === WebSocket.OPEN);
});

afterEach(async () => {
  peer.terminate();
  ours.terminate();
  accepting.close();
  await new Promise((resolve) => server.close(resolve));
});

function announcement(): Promise<AnnouncedStream | undefined> {
  return announcedStream(ours, { clock, log, codec: 'PCMU', l16ByteOrder: new L16ByteOrder('little') });
}

async function started(): Promise<AnnouncedStream['stream']> {
  const announced = announcement();
  peer.send(START);
  return (await announced)!.stream;
}

function listen(stream: AnnouncedStream['stream']): void {
  // What a socket of an earlier test still says must not be heard in this one.
  const own = heard;
  stream.listen({
    onAudio: () => (audioFrames += 1),
    onMissing: () => undefined,
    onMark: () => undefined,
    onDigit: () => undefined,
    onStopped: () => own.push('stopped'),
    onFlooded: () => own.push('flooded'),
    onLost: (code) => own.push(`lost ${code}`),
  });
}

const FLOODS: [string, () => void][] = [
  ['audio', () => peer.send(MEDIA)],
  ['binary frames', () => peer.send(Buffer.from([0, 1, 2]))],
  ['empty frames', () => peer.send('')],
  ['frames of the future', () => peer.send('{"event":"tomorrow"}')],
  ['keys', () => peer.send('{"event":"dtmf","dtmf":{"digit":"5"}}')],
  ['starts', () => peer.send(START)],
  ['errors', () => peer.send(`{"event":"error","payload":{"code":1,"title":"${'a'.repeat(500)}"}}`)],
  ['pings', () => peer.ping()],
  ['pongs', () => peer.pong('nobody asked')],
];

test.each(FLOODS)('a flood of %s ends the stream, and is told once', async (_what, send) => {
  const stream = await started();
  listen(stream);

  for (let count = 0; count < 1_600; count += 1) send();
  await once(peer, 'close');
  await until(() => heard.length > 0);

  expect(heard).toEqual(['flooded']);
  expect(stream.closed).toBe(true);
  expect(audioFrames).toBeLessThanOrEqual(1_500);
  expect(clock.pendingTimers).toBe(0);
  expect(log.lines.length).toBeLessThanOrEqual(3);
});

test('a few large frames are a flood as well', async () => {
  listen(await started());
  const large = JSON.stringify({ event: 'media', media: { track: 'inbound', payload: 'A'.repeat(60_000) } });

  for (let count = 0; count < 120; count += 1) peer.send(large);
  await once(peer, 'close');
  await until(() => heard.length > 0);

  expect(heard).toEqual(['flooded']);
  expect(audioFrames).toBeLessThan(100);
});

test('a stream that floods before anybody listens is reported to whoever then does', async () => {
  const stream = await started();
  for (let count = 0; count < 1_600; count += 1) peer.send(MEDIA);
  await once(peer, 'close');
  await until(() => stream.closed);

  listen(stream);

  expect(heard).toEqual(['flooded']);
  expect(audioFrames).toBe(0);
});

test('what a stall of half a minute held back is no flood', async () => {
  listen(await started());

  for (let count = 0; count < 1_450; count += 1) peer.send(MEDIA);
  await until(() => audioFrames === 1_450);

  expect(heard).toEqual([]);
});

test('a flooded stream takes no more audio to send, and closing it changes nothing', async () => {
  const stream = await started();
  listen(stream);
  for (let count = 0; count < 1_600; count += 1) peer.ping();
  await until(() => stream.closed);

  stream.sendAudio(Buffer.alloc(160));
  stream.clear();
  stream.close();

  expect(heard).toEqual(['flooded']);
});

test.each(FLOODS.filter(([what]) => what !== 'starts'))(
  'a socket that floods before it has announced its stream is closed: %s',
  async (_what, send) => {
    const announced = announcement();

    for (let count = 0; count < 40; count += 1) send();
    await once(peer, 'close');

    expect(await announced).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
    expect(ours.listenerCount('message') + ours.listenerCount('ping') + ours.listenerCount('pong')).toBe(0);
  },
);
