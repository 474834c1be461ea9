// Faults of ours while a message of the carrier is handled: they end that stream, and nothing else.

import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import type { CarrierStreamListener } from '../../../src/calls/conversation-ports';
import { L16ByteOrder } from '../../../src/carriers/telnyx/l16-byte-order';
import type { StartFrame } from '../../../src/carriers/telnyx/stream-frames';
import { TelnyxStream } from '../../../src/carriers/telnyx/telnyx-stream';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';

const START: StartFrame = {
  event: 'start',
  stream_id: 'stream-1',
  start: { call_control_id: 'v3:leg', media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 } },
};

/** As much of a socket as a stream uses, without a network: events are raised where they are, and so are faults. */
class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly send = (): void => undefined;
  readonly ping = (): void => undefined;

  terminate(): void {
    this.readyState = 3;
    this.emit('close', 1006);
  }

  receive(frame: object): void {
    this.emit('message', Buffer.from(JSON.stringify(frame)));
  }
}

let clock: ManualClock;
let log: RecordingLogger;
let socket: FakeSocket;
let stream: TelnyxStream;
let heard: unknown[];

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  socket = new FakeSocket();
  heard = [];
  const deps = { clock, log, codec: 'PCMU', l16ByteOrder: new L16ByteOrder('little') } as const;
  stream = new TelnyxStream(socket as unknown as WebSocket, START, deps);
});

function listen(faulty: Partial<CarrierStreamListener>): void {
  stream.listen({
    onAudio: (audio) => heard.push([...audio]),
    onMissing: (missing) => heard.push({ missing }),
    onMark: (name) => heard.push(name),
    onDigit: (digit) => heard.push({ digit }),
    onStopped: () => heard.push('stopped'),
    onFlooded: () => heard.push('flooded'),
    onLost: (closeCode) => heard.push({ lost: closeCode }),
    ...faulty,
  });
}

function fail(): never {
  throw new TypeError('bug');
}

function numbered(chunk: number): object {
  return { event: 'media', media: { track: 'inbound', chunk: String(chunk), payload: '/w==' } };
}

test.each<[string, object, Partial<CarrierStreamListener>]>([
  ['audio', numbered(1), { onAudio: fail }],
  ['a mark', { event: 'mark', mark: { name: '1.1' } }, { onMark: fail }],
  ['a key', { event: 'dtmf', dtmf: { digit: '5' } }, { onDigit: fail }],
  ['the end of the stream', { event: 'stop' }, { onStopped: fail }],
])('a fault over %s loses the stream, and is told once', (_what, frame, faulty) => {
  listen(faulty);

  socket.receive(frame);
  socket.receive(numbered(2));

  expect(heard).toEqual([{ lost: 1006 }]);
  expect(stream.closed).toBe(true);
  expect(log.at('error')).toMatchObject([{ fields: { streamId: 'stream-1', error: new TypeError('bug') } }]);
  expect(clock.pendingTimers).toBe(0);
});

test('a fault over audio that waited for what was missing loses the stream', () => {
  listen({ onAudio: () => (heard.length > 0 ? fail() : heard.push('audio')) });
  socket.receive(numbered(1));
  socket.receive(numbered(3));

  clock.advance(1_000);

  expect(heard).toEqual(['audio', { missing: 1 }, { lost: 1006 }]);
  expect(stream.closed).toBe(true);
});

test('a fault over the loss itself goes no further', () => {
  listen({ onLost: fail });

  expect(() => socket.terminate()).not.toThrow();

  expect(log.at('error')).toHaveLength(1);
});
