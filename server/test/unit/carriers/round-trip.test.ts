// The round trip to the carrier, where pongs come that nobody asked for: a peer may send them to keep a line open.

import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { RoundTrip } from '../../../src/carriers/telnyx/round-trip';
import { ManualClock } from '../../support/manual-clock';

const PING_EVERY_MS = 5_000;

/** As much of a socket as is needed to ping. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly pings: string[] = [];

  ping(payload: string): void {
    this.pings.push(payload);
  }

  pong(payload: string): void {
    this.emit('pong', Buffer.from(payload));
  }
}

let clock: ManualClock;
let socket: FakeSocket;
let roundTrip: RoundTrip;

beforeEach(() => {
  clock = new ManualClock();
  socket = new FakeSocket();
  roundTrip = new RoundTrip(socket as unknown as WebSocket, clock);
  clock.advance(40);
  socket.pong(socket.pings[0]!);
});

test.each([[''], ['keep-alive'], ['0'], ['-1'], ['1e999']])('a pong that says %p is no measurement', (payload) => {
  clock.advance(60_000);

  for (let pongs = 0; pongs < 10; pongs += 1) socket.pong(payload);

  expect(roundTrip.ms).toBe(40);
});

test('a pong that comes twice counts once', () => {
  clock.advance(PING_EVERY_MS - 40);
  clock.advance(10);
  socket.pong(socket.pings[1]!);
  clock.advance(PING_EVERY_MS);

  for (let pongs = 0; pongs < 10; pongs += 1) socket.pong(socket.pings[1]!);

  expect(roundTrip.ms).toBe(10);
});

test('a pong that is very late still tells how slow the line is', () => {
  const line = new RoundTrip(socket as unknown as WebSocket, clock);
  const ping = socket.pings.at(-1)!;

  clock.advance(12_000);
  socket.pong(ping);

  expect(line.ms).toBe(12_000);
  line.stop();
});
