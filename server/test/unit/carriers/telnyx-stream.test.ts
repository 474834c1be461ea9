// One media stream over a real WebSocket pair: Telnyx on one end, ours on the other.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { AnnouncedStream, CarrierStream } from '../../../src/calls/conversation-ports';
import { toClientState } from '../../../src/carriers/telnyx/client-state';
import { L16ByteOrder } from '../../../src/carriers/telnyx/l16-byte-order';
import { announcedStream } from '../../../src/carriers/telnyx/stream-announcement';
import type { StreamDeps } from '../../../src/carriers/telnyx/telnyx-stream';
import { aCallId } from '../../support/builders';
import { sine } from '../../support/audio-fixtures';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';

const START = {
  event: 'start',
  stream_id: 'stream-1',
  start: {
    call_control_id: 'v3:leg',
    client_state: toClientState(aCallId()),
    media_format: { encoding: 'PCMA', sample_rate: 8000, channels: 1 },
  },
};

let server: Server;
let accepting: WebSocketServer;
let telnyx: WebSocket;
let ours: WebSocket;
let clock: ManualClock;
let log: RecordingLogger;
/** What the carrier was asked for. */
let format: Pick<StreamDeps, 'codec' | 'l16ByteOrder'>;
/** What our side reported, in order. */
let heard: unknown[];
/** What arrived at Telnyx, in order. */
let received: unknown[];

beforeEach(async () => {
  clock = new ManualClock();
  log = new RecordingLogger();
  format = { codec: 'PCMU', l16ByteOrder: new L16ByteOrder('little') };
  heard = [];
  received = [];
  server = createServer();
  accepting = new WebSocketServer({ server, perMessageDeflate: false });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const accepted = new Promise<WebSocket>((resolve) => {
    accepting.once('connection', resolve);
  });
  telnyx = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  telnyx.on('message', (data: Buffer) => received.push(JSON.parse(data.toString())));
  ours = await accepted;
  await until(() => telnyx.readyState === WebSocket.OPEN);
});

afterEach(async () => {
  telnyx.terminate();
  ours.terminate();
  accepting.close();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

function send(...frames: (object | string)[]): void {
  for (const frame of frames) telnyx.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
}

function announced(): Promise<AnnouncedStream | undefined> {
  return announcedStream(ours, { clock, log, ...format });
}

/** A stream that has announced itself. */
async function started(): Promise<CarrierStream> {
  const announcement = announced();
  send({ event: 'connected', version: '1.0.0' }, START);
  const { stream } = (await announcement)!;
  return stream;
}

function listen(stream: CarrierStream): void {
  // What a socket of an earlier test still says must not be heard in this one.
  const own = heard;
  stream.listen({
    onAudio: (audio) => own.push([...audio]),
    onMissing: (missing) => own.push({ missing }),
    onMark: (name) => own.push(name),
    onDigit: (digit) => own.push({ digit }),
    onStopped: () => own.push('stopped'),
    onFlooded: () => own.push('flooded'),
    onLost: (closeCode) => own.push({ lost: closeCode }),
  });
}

function numbered(chunk: unknown, ...bytes: number[]): object {
  return { event: 'media', media: { track: 'inbound', chunk, payload: Buffer.from(bytes).toString('base64') } };
}

function media(...bytes: number[]): object {
  return { event: 'media', media: { track: 'inbound', payload: Buffer.from(bytes).toString('base64') } };
}

function dtmf(digit: unknown): object {
  return { event: 'dtmf', occurred_at: '2026-11-20T12:34:56.789012Z', dtmf: { digit } };
}

describe('an announcement', () => {
  test('says which call, which leg and how the audio is encoded', async () => {
    const announcement = announced();
    send({ event: 'connected', version: '1.0.0' }, START);

    expect(await announcement).toMatchObject({
      callId: aCallId(),
      carrierCallId: 'v3:leg',
      stream: { streamId: 'stream-1', encoding: 'PCMA', sampleRateHz: 8000, closed: false },
    });
  });

  test('without a client state names no call', async () => {
    const announcement = announced();
    send({ ...START, start: { ...START.start, client_state: null } });

    expect((await announcement)?.callId).toBeUndefined();
  });

  test('of the leg of a transfer names the call that it belongs to', async () => {
    const announcement = announced();
    send({ ...START, start: { ...START.start, client_state: toClientState(aCallId(), 2) } });

    expect((await announcement)?.callId).toBe(aCallId());
  });

  test('is waited for behind whatever comes before it', async () => {
    const announcement = announced();
    send('nonsense', { event: 'connected' }, media(1), { event: 'start' }, START);

    expect(await announcement).toBeDefined();
  });

  test('that does not come within five seconds closes the socket', async () => {
    const announcement = announced();
    send({ event: 'connected' });
    let closeCode = 0;
    telnyx.on('close', (code) => (closeCode = code));

    clock.advance(5_000);

    expect(await announcement).toBeUndefined();
    await until(() => closeCode === 1008);
  });

  test('is not waited for on a socket that goes away', async () => {
    const announcement = announced();

    telnyx.terminate();

    expect(await announcement).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('from Telnyx', () => {
  test('audio and marks come in order', async () => {
    listen(await started());

    send(media(1, 2), { event: 'mark', mark: { name: '1.1' } }, media(3));
    await until(() => heard.length === 3);

    expect(heard).toEqual([[1, 2], '1.1', [3]]);
  });

  test('keys that the callee presses come between the audio, letters as capitals', async () => {
    listen(await started());

    send(media(1), dtmf('5'), media(2), dtmf('#'), dtmf('b'));
    await until(() => heard.length === 5);

    expect(heard).toEqual([[1], { digit: '5' }, [2], { digit: '#' }, { digit: 'B' }]);
  });

  test('keys that are none are counted and survived', async () => {
    const stream = await started();
    listen(stream);

    send(dtmf('12'), dtmf(null), { event: 'dtmf' }, dtmf('1'));
    await until(() => heard.length > 0);

    expect(heard).toEqual([{ digit: '1' }]);
    expect(stream.stats).toMatchObject({ unreadable: 3 });
  });

  test('what comes before anybody listens is kept, in order', async () => {
    const announcement = announced();
    send(START, media(1), dtmf('7'), media(2), { event: 'mark', mark: { name: '1.1' } }, { event: 'stop' });
    const { stream } = (await announcement)!;
    telnyx.close();
    await until(() => stream.closed);

    listen(stream);

    expect(heard).toEqual([[1], { digit: '7' }, [2], '1.1', 'stopped']);
  });

  test('a loss before anybody listens is told to the one who does', async () => {
    const stream = await started();
    telnyx.terminate();
    await until(() => stream.closed);

    listen(stream);

    expect(heard).toEqual([{ lost: 1006 }]);
  });

  test('of what nobody hears the oldest goes first', async () => {
    const stream = await started();
    for (let number = 0; number < 260; number += 1) send(media(number % 250, 7));
    send({ event: 'stop' });
    telnyx.close();
    await until(() => stream.closed);

    listen(stream);

    expect(heard).toHaveLength(250);
    expect(heard.at(-1)).toBe('stopped');
    expect(heard[0]).toEqual([11, 7]);
  });

  test('frames that overtook each other are put in order, and repeated ones dropped', async () => {
    const stream = await started();
    listen(stream);

    send(numbered('1', 1), numbered('3', 3), numbered('2', 2), numbered('2', 2), numbered('4', 4));
    await until(() => heard.length === 4);

    expect(heard).toEqual([[1], [2], [3], [4]]);
    expect(stream.stats).toMatchObject({ reordered: 1, duplicates: 1, missing: 0 });
  });

  test('lost frames are told of before what comes after them, at the latest when the stream stops', async () => {
    listen(await started());

    send(numbered(1, 1), numbered(4, 4), { event: 'stop' });
    await until(() => heard.length === 4);

    expect(heard).toEqual([[1], { missing: 2 }, [4], 'stopped']);
  });

  test('audio that is not base64 is counted and survived', async () => {
    const stream = await started();
    listen(stream);

    send({ event: 'media', media: { track: 'inbound', payload: '****' } }, media(1));
    await until(() => heard.length > 0);

    expect(heard).toEqual([[1]]);
    expect(stream.stats).toMatchObject({ unreadable: 1 });
  });

  test.each(['little', 'big'] as const)('L16 comes little-endian, whatever its real order: %s', async (real) => {
    const announcement = announced();
    const mediaFormat = { encoding: 'L16', sample_rate: 16_000, channels: 1 };
    send({ ...START, start: { ...START.start, media_format: mediaFormat } });
    const { stream } = (await announcement)!;
    listen(stream);
    const samples = sine({ hz: 440, ms: 20, sampleRateHz: 16_000, amplitude: 5_000 });
    const little = Buffer.alloc(samples.length * 2);
    samples.forEach((sample, index) => little.writeInt16LE(sample, index * 2));
    const wire = real === 'big' ? Buffer.from(little).swap16() : little;

    for (let frame = 0; frame < 4; frame += 1) send(media(...wire));
    await until(() => heard.length === 4);

    expect(heard).toEqual(Array.from({ length: 4 }, () => [...little]));
    const warnings = log.at('warn').filter(({ message }) => message.includes('TELNYX_L16_BYTE_ORDER'));
    expect(warnings).toHaveLength(real === 'big' ? 1 : 0);
  });

  test('a payload that holds no whole sample is no audio', async () => {
    const announcement = announced();
    send({ ...START, start: { ...START.start, media_format: { encoding: 'L16', sample_rate: 16_000, channels: 1 } } });
    const { stream } = (await announcement)!;
    listen(stream);

    send(media(1), media(0, 0, 3), { event: 'stop' });
    await until(() => heard.length === 2);

    expect(heard).toEqual([[0, 0], 'stopped']);
    expect(stream.stats).toMatchObject({ unreadable: 1 });
  });

  test('frames that cannot be read end the stream when nothing else comes, and not over an hour', async () => {
    const stream = await started();
    listen(stream);
    for (let frame = 0; frame < 1_200; frame += 1) send(frame % 3 === 0 ? media(1) : 'nonsense');
    await until(() => heard.length === 400);
    expect(stream.closed).toBe(false);

    for (let frame = 0; frame < 600; frame += 1) send('nonsense');
    await until(() => telnyx.readyState === WebSocket.CLOSED);

    expect(stream.closed).toBe(true);
  });

  test('our own voice is dropped', async () => {
    listen(await started());

    send({ event: 'media', media: { track: 'outbound', payload: 'AQI=' } }, media(9));
    await until(() => heard.length > 0);

    expect(heard).toEqual([[9]]);
  });

  test('frames that mean nothing to us, or nothing at all, are survived', async () => {
    listen(await started());

    send('nonsense', '{"event":"unheard_of"}', START, { event: 'connected' });
    send({ event: 'error', payload: { code: 100003, title: 'malformed_frame' } }, media(1));
    await until(() => heard.length > 0);

    expect(heard).toEqual([[1]]);
    expect(log.at('warn').map(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ streamId: 'stream-1', code: 100003 }),
    );
  });

  test('bad frames by the thousand do not flood the log', async () => {
    listen(await started());

    for (let frame = 0; frame < 1_000; frame += 1) telnyx.send('nonsense');
    send(media(1));
    await until(() => heard.length > 0 || ours.readyState !== WebSocket.OPEN);

    expect(log.lines.length).toBeLessThan(50);
  });

  test('a stop is no loss, although the socket closes behind it', async () => {
    const stream = await started();
    listen(stream);

    send({ event: 'stop', stop: {} });
    telnyx.close();
    await until(() => stream.closed);

    expect(heard).toEqual(['stopped']);
  });

  test.each([
    [1000, () => telnyx.close(1000)],
    [1005, () => telnyx.close()],
    [1006, () => telnyx.terminate()],
  ])('a socket that closes with %i and no stop is lost', async (closeCode, close) => {
    const stream = await started();
    listen(stream);

    close();
    await until(() => stream.closed);

    expect(heard).toEqual([{ lost: closeCode }]);
  });
});

describe('the round trip', () => {
  const PING_EVERY_MS = 5_000;

  /** A stream on which the echo of each ping, from the first on, took so long. */
  async function pinged(...roundTripsMs: readonly number[]): Promise<CarrierStream> {
    telnyx.pause();
    const stream = await started();
    for (const roundTripMs of roundTripsMs) {
      const echoed = once(ours, 'pong');
      clock.advance(roundTripMs);
      telnyx.resume();
      await echoed;
      telnyx.pause();
      clock.advance(PING_EVERY_MS - roundTripMs);
    }
    return stream;
  }

  test('is not known before the first ping is back', async () => {
    const stream = await pinged();
    clock.advance(70);

    expect(stream.roundTripMs).toBe(0);
  });

  test.each([
    ['is what the first ping took', [70], 70],
    ['leaves out echoes that waited for something on the way', [70, 40, 400, 90], 40],
    ['follows a network that has become quicker', [90, 95, 40], 40],
    ['follows a network that has become slower after four pings', [40, 70, 90, 400, 75], 70],
  ])('%s', async (_what, tookMs, roundTripMs) => {
    const stream = await pinged(...tookMs);

    expect(stream.roundTripMs).toBe(roundTripMs);
  });

  test('is not measured any more when the stream is closed', async () => {
    const stream = await started();

    stream.close();

    expect(clock.pendingTimers).toBe(0);
  });
});

describe('to Telnyx', () => {
  test('audio, marks and clears go out in order', async () => {
    const stream = await started();

    stream.sendAudio(Buffer.of(255, 254));
    stream.sendMark('1.1');
    stream.clear();
    await until(() => received.length === 3);

    expect(received).toEqual([
      { event: 'media', media: { payload: '//4=' } },
      { event: 'mark', mark: { name: '1.1' } },
      { event: 'clear' },
    ]);
  });

  test('L16 goes out in the byte order of the carrier, and the sender keeps its bytes', async () => {
    format = { codec: 'L16', l16ByteOrder: new L16ByteOrder('big') };
    const stream = await started();
    const audio = Buffer.of(1, 2, 3, 4);

    stream.sendAudio(audio);
    await until(() => received.length === 1);

    expect(received).toEqual([{ event: 'media', media: { payload: Buffer.of(2, 1, 4, 3).toString('base64') } }]);
    expect([...audio]).toEqual([1, 2, 3, 4]);
  });

  test('nothing goes out after closing, and nothing is heard', async () => {
    const stream = await started();
    listen(stream);

    stream.close();
    stream.close();
    stream.sendAudio(Buffer.of(1));
    stream.clear();
    send(media(1), { event: 'stop' });
    await until(() => telnyx.readyState === WebSocket.CLOSED);

    expect(received).toEqual([]);
    expect(heard).toEqual([]);
    expect(stream.closed).toBe(true);
  });

  test('sending to a socket that is gone is no error', async () => {
    const stream = await started();
    telnyx.terminate();
    await until(() => ours.readyState === WebSocket.CLOSED);

    expect(() => {
      stream.sendAudio(Buffer.of(1));
      stream.sendMark('1.1');
      stream.clear();
      stream.close();
    }).not.toThrow();
  });

  test('a carrier that takes nothing any more is given up as lost', async () => {
    const stream = await started();
    listen(stream);
    Object.defineProperty(ours, 'bufferedAmount', { get: () => 300 * 1024 });

    stream.sendAudio(Buffer.of(1));
    await until(() => stream.closed);

    expect(heard).toEqual([{ lost: 1006 }]);
  });
});
