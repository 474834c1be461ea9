/** The media stream of a simulated call: its frames, its real-time playout, its failures. Some tests last a second of real audio. */
import {
  decodeAlaw,
  decodeL16,
  decodeMulaw,
  encodeL16,
  encodeMulaw,
  readWav,
  rms,
  tone,
} from '../../../src/simulator/pcm';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PhoneScript } from '../../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../../src/simulator/simulated-telnyx/simulated-leg';
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import { z } from 'zod';
import type { Json, ServedStream } from './simulated-telnyx-harness';
import { act, api, ServerUnderTest, toneLevel } from './simulated-telnyx-harness';

const mediaFrame = z.object({
  sequence_number: z.string(),
  stream_id: z.uuid(),
  media: z.object({ track: z.string(), chunk: z.string(), timestamp: z.string(), payload: z.base64() }),
});

let server: ServerUnderTest;
let telnyx: SimulatedTelnyx;

beforeEach(async () => {
  server = await ServerUnderTest.start();
  telnyx = await SimulatedTelnyx.start({ clip: () => tone({ hz: 500, ms: 100 }) });
});

afterEach(async () => {
  await telnyx.close();
  await server.close();
});

async function call(script: PhoneScript = {}, changes: Json = {}): Promise<SimulatedLeg> {
  telnyx.setDefaultScript({ ringMs: 0, ...script });
  const { status } = await api(telnyx, '/calls', { body: server.dialBody(telnyx, changes) });
  expect(status).toBe(200);
  return telnyx.nextLeg();
}

async function streamedCall(script?: PhoneScript, changes?: Json): Promise<[SimulatedLeg, ServedStream]> {
  const leg = await call(script, changes);
  await leg.until('stream-started');
  return [leg, await server.stream()];
}

function payloads(frames: readonly Json[]): Buffer {
  return Buffer.concat(frames.map((frame) => Buffer.from(mediaFrame.parse(frame).media.payload, 'base64')));
}

function chunks(frames: readonly Json[]): number[] {
  return frames.map((frame) => Number(mediaFrame.parse(frame).media.chunk));
}

test('opens with the token, a connected and a start frame', async () => {
  const [leg, stream] = await streamedCall();

  const start = await stream.frame('start');
  expect(stream.headers['x-telnyx-streaming-auth-token']).toBe('one-time-token');
  expect(stream.frames.all[0]).toEqual({
    event: 'connected',
    version: '1.0.0',
    connected: { 'x-telnyx-streaming-auth-token': 'one-time-token' },
  });
  expect(start).toMatchObject({
    event: 'start',
    sequence_number: '1',
    stream_id: expect.any(String),
    start: {
      call_control_id: leg.carrierCallId,
      call_session_id: leg.sessionId,
      client_state: leg.clientState,
      from: telnyx.fromNumber,
      to: leg.to,
      media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 },
    },
  });
});

test('sends numbered 20 ms frames of silence in real time', async () => {
  const [, stream] = await streamedCall();
  const startedMs = performance.now();

  const frames = await stream.media(25);

  const elapsedMs = performance.now() - startedMs;
  expect(elapsedMs).toBeGreaterThan(440);
  expect(elapsedMs).toBeLessThan(1_500);
  expect(chunks(frames)).toEqual(Array.from(frames, (_, index) => index + 1));
  expect(payloads(frames).every((byte) => byte === 0xff)).toBe(true);
  expect(mediaFrame.parse(frames[0])).toMatchObject({ sequence_number: '2', media: { track: 'inbound' } });
});

test('sends what the callee says', async () => {
  const [leg, stream] = await streamedCall();

  leg.say(tone({ hz: 700, ms: 200 }));

  const frames = await stream.media(20);
  expect(toneLevel(decodeMulaw(payloads(frames)), 700)).toBeGreaterThan(0.05);
});

test.each([
  ['PCMA', 'PCMA', 8000, decodeAlaw],
  ['G722', 'G722', 8000, undefined],
] as const)('announces %s as a surprise', async (encoding, announced, sampleRateHz, decode) => {
  const [leg, stream] = await streamedCall({ encoding });
  leg.say(tone({ hz: 700, ms: 200 }));

  const start = await stream.frame('start');
  const frames = await stream.media(20);

  expect(start).toMatchObject({ start: { media_format: { encoding: announced, sample_rate: sampleRateHz } } });
  if (decode !== undefined) expect(toneLevel(decode(payloads(frames)), 700)).toBeGreaterThan(0.05);
});

test('speaks L16 at 16 kHz, little-endian, in both directions', async () => {
  const [leg, stream] = await streamedCall(
    {},
    { stream_codec: 'L16', stream_bidirectional_codec: 'L16', stream_bidirectional_sampling_rate: 16000 },
  );
  leg.say(tone({ hz: 700, ms: 200 }));

  stream.play(encodeL16(tone({ hz: 1000, ms: 200, sampleRateHz: 16000 })));

  const frames = await stream.media(20);
  const everyOther = decodeL16(payloads(frames)).filter((_, index) => index % 2 === 0);
  expect(payloads(frames)).toHaveLength(frames.length * 640);
  expect(toneLevel(everyOther, 700)).toBeGreaterThan(0.05);
  expect(leg.playedMs()).toBe(200);
  expect(toneLevel(leg.heard(), 1000)).toBeGreaterThan(0.05);
});

test('sends both tracks when asked to', async () => {
  const [, stream] = await streamedCall({}, { stream_track: 'both_tracks' });

  const frames = await stream.media(4);

  expect(frames.map((frame) => mediaFrame.parse(frame).media.track)).toContain('outbound');
});

test('plays audio in real time and returns the mark when it has been heard', async () => {
  const [leg, stream] = await streamedCall();
  const sentMs = performance.now();

  stream.play(encodeMulaw(tone({ hz: 1000, ms: 400 })));
  stream.send({ event: 'mark', mark: { name: 'end' } });
  await leg.next('mark');
  const queuedMs = leg.queuedMs();
  await stream.frame('mark');

  const elapsedMs = performance.now() - sentMs;
  expect(queuedMs).toBeGreaterThan(340);
  expect(elapsedMs).toBeGreaterThan(395);
  expect(elapsedMs).toBeLessThan(900);
  expect(leg.playedMs()).toBe(400);
  expect(leg.queuedMs()).toBe(0);
  expect(leg.violations).toEqual([]);
});

test('returns a mark at once when nothing is queued', async () => {
  const [, stream] = await streamedCall();

  stream.send({ event: 'mark', mark: { name: 'now' } });

  expect(await stream.frame('mark')).toMatchObject({ mark: { name: 'now' } });
});

test('drops the queue on clear and returns all pending marks, in order', async () => {
  const [leg, stream] = await streamedCall();
  stream.play(encodeMulaw(tone({ hz: 1000, ms: 2000 })));
  stream.send({ event: 'mark', mark: { name: 'one' } });
  stream.play(encodeMulaw(tone({ hz: 1000, ms: 2000 })));
  stream.send({ event: 'mark', mark: { name: 'two' } });
  await leg.until('speech');

  stream.send({ event: 'clear' });
  await stream.frame('mark', (frame) => JSON.stringify(frame).includes('two'));

  const marks = stream.frames.all.filter(({ event }) => event === 'mark');
  expect(marks).toMatchObject([{ mark: { name: 'one' } }, { mark: { name: 'two' } }]);
  expect(leg.queuedMs()).toBe(0);
  expect(leg.playedMs()).toBeLessThan(500);
  expect(leg.received.map(({ event }) => event)).toEqual(['media', 'mark', 'media', 'mark', 'clear']);
});

test('records both directions on one time line that begins with the answer', async () => {
  const [leg, stream] = await streamedCall();
  const directory = mkdtempSync(join(tmpdir(), 'simulated-telnyx-'));
  leg.say(tone({ hz: 600, ms: 300 }));
  stream.play(encodeMulaw(tone({ hz: 1000, ms: 300 })));
  await stream.media(40);

  leg.writeWav(join(directory, 'call.wav'));
  const wav = readWav(join(directory, 'call.wav'));
  rmSync(directory, { recursive: true });

  const [said, heard] = [0, 1].map((channel) => wav.pcm.filter((_, index) => index % 2 === channel));
  expect(wav).toMatchObject({ sampleRateHz: 8000, channels: 2 });
  expect(wav.pcm.length / 2 / 8).toBeGreaterThanOrEqual(800);
  expect(toneLevel(said!, 600)).toBeGreaterThan(10 * toneLevel(said!, 1000));
  expect(toneLevel(heard!, 1000)).toBeGreaterThan(10 * toneLevel(heard!, 600));
  expect(rms(heard!.subarray(-160))).toBe(0);
});

test.each([
  ['no JSON', 'hello', 100003],
  ['an unknown event', JSON.stringify({ event: 'flush' }), 100003],
  ['an unknown key', JSON.stringify({ event: 'clear', now: true }), 100003],
  ['no base64', JSON.stringify({ event: 'media', media: { payload: '_-_-' } }), 100004],
  ['15 ms of audio', mediaOf(Buffer.alloc(120)), 100004],
  ['31 s of audio', mediaOf(Buffer.alloc(248_000)), 100004],
] as const)('answers a message with %s with an error frame', async (_, text, code) => {
  const [leg, stream] = await streamedCall();

  stream.socket.send(text);

  expect(await stream.frame('error')).toMatchObject({ stream_id: expect.any(String), payload: { code } });
  expect(leg.violations).toEqual([expect.stringContaining(String(code))]);
  expect(leg.queuedMs()).toBe(0);
});

test('refuses binary messages', async () => {
  const [, stream] = await streamedCall();

  stream.socket.send(Buffer.alloc(160));

  expect(await stream.frame('error')).toMatchObject({ payload: { code: 100003 } });
});

function mediaOf(bytes: Buffer): string {
  return JSON.stringify({ event: 'media', media: { payload: bytes.toString('base64') } });
}

test('sends stop and closes without a code when the call ends', async () => {
  const [leg, stream] = await streamedCall();
  const closed = leg.next('stream-closed');

  leg.hangUp();
  await stream.close();

  expect(stream.frames.all.at(-1)).toMatchObject({ event: 'stop', stop: { call_control_id: leg.carrierCallId } });
  expect(await closed).toMatchObject({ isByCarrier: true });
});

test('keeps the call up when the server closes the stream', async () => {
  const [leg, stream] = await streamedCall();

  stream.socket.close(1000);

  await server.webhook('streaming.stopped');
  expect(leg.state).toBe('answered');
  expect(await leg.until('stream-closed')).toMatchObject({ code: 1000, isByCarrier: false });
});

test('reports a refused upgrade and keeps the call up, for a streaming_start to try again', async () => {
  server.upgradeRefusal = 401;
  const leg = await call();
  const { data } = await server.webhook('streaming.failed');
  server.upgradeRefusal = undefined;

  const again = await act(telnyx, leg.carrierCallId, [
    'streaming_start',
    { ...server.streamFields, custom_parameters: [{ name: 'try', value: '2' }] },
  ]);

  expect(data.payload).toMatchObject({
    failure_reason: 'connection_failed',
    stream_type: 'websocket',
    stream_params: { track: 'inbound_track' },
  });
  expect(again.status).toBe(200);
  const stream = await server.stream();
  expect(await stream.frame('start')).toMatchObject({ start: { custom_parameters: { try: '2' } } });
});

test('fails the first stream only, if the script says so', async () => {
  const leg = await call({ stream: { kind: 'fails', times: 1, reason: 'no route' } });
  const { data } = await server.webhook('streaming.failed');

  await act(telnyx, leg.carrierCallId, ['streaming_start', server.streamFields]);

  expect(data.payload).toMatchObject({ failure_reason: 'no route' });
  await leg.until('stream-started');
});

test('can leave a stream out without a word', async () => {
  const leg = await call({ stream: { kind: 'never', times: 1 } });
  await server.webhook('call.answered');

  await act(telnyx, leg.carrierCallId, ['streaming_start', server.streamFields]);
  await leg.until('stream-started');

  expect(server.eventTypes()).not.toContain('streaming.failed');
  expect(server.streams.all).toHaveLength(1);
});

test('can open the stream late', async () => {
  const leg = await call({ stream: { kind: 'late', afterMs: 100 } });

  const answered = await leg.until('answered');
  const started = await leg.until('stream-started');

  expect(started.atMs - answered.atMs).toBeGreaterThan(98);
});

test('replaces a live stream by the one that streaming_start asks for', async () => {
  const [leg, first] = await streamedCall();

  await act(telnyx, leg.carrierCallId, ['streaming_start', server.streamFields]);

  await first.close();
  const second = await server.stream(1);
  await second.media(3);
  expect(first.frames.all.at(-1)).toMatchObject({ event: 'stop' });
  expect(leg.state).toBe('answered');
});

test('ends the stream on streaming_stop', async () => {
  const [leg, stream] = await streamedCall();

  const first = await act(telnyx, leg.carrierCallId, ['streaming_stop']);
  const second = await act(telnyx, leg.carrierCallId, ['streaming_stop']);

  await stream.close();
  expect([first.status, second.status]).toEqual([200, 422]);
});

test.each([
  ['duplicates', { duplicateEvery: 3 }, [1, 2, 3, 3, 4, 5, 6, 6]],
  ['swaps', { swapEvery: 3 }, [1, 2, 4, 3, 5, 7, 6, 8]],
  ['loses', { dropEvery: 3 }, [1, 2, 4, 5, 7, 8, 10, 11]],
] as const)('%s caller frames when told to', async (_, frames, expected) => {
  const [, stream] = await streamedCall({ frames });

  const media = await stream.media(8);

  expect(chunks(media.slice(0, 8))).toEqual(expected);
});

test('goes through the steps of its script', async () => {
  const [leg, stream] = await streamedCall({
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 100 },
      { do: 'say', clip: 'hello' },
      { do: 'dtmf', digit: '5' },
      { do: 'tone', hz: 900, ms: 60 },
      { do: 'wait', ms: 40 },
      { do: 'wait-for-speech', timeoutMs: 60 },
      { do: 'hang-up' },
    ],
  });

  stream.play(encodeMulaw(tone({ hz: 1000, ms: 200 })));
  await stream.close();

  const silentMs = leg.said().findIndex((sample) => sample !== 0) / 8;
  expect(leg.hangupSource).toBe('callee');
  expect(silentMs).toBeGreaterThan(290);
  expect(await stream.frame('dtmf')).toMatchObject({ dtmf: { digit: '5' } });
  expect((await server.webhook('call.dtmf.received')).data.payload).toMatchObject({ digit: '5' });
  expect(toneLevel(leg.said(), 500)).toBeGreaterThan(0.01);
  expect(toneLevel(leg.said(), 900)).toBeGreaterThan(0.01);
});

test('can break the connection without a stop', async () => {
  const [leg, stream] = await streamedCall({ steps: [{ do: 'drop-stream' }] });

  await stream.close();

  expect(stream.frames.all.map(({ event }) => event)).not.toContain('stop');
  expect(await leg.until('stream-closed')).toMatchObject({ code: 1006 });
  expect(leg.state).toBe('answered');
});

test('can stall: no media any more, but marks still come back', async () => {
  const [leg, stream] = await streamedCall({ steps: [{ do: 'wait', ms: 60 }, { do: 'stall' }] });
  await leg.until('script-done');
  const count = leg.sent.length;

  stream.play(encodeMulaw(tone({ hz: 1000, ms: 100 })));
  stream.send({ event: 'mark', mark: { name: 'heard' } });
  await stream.frame('mark');

  expect(leg.sent.slice(count).map(({ event }) => event)).toEqual(['mark']);
  expect(stream.closed).toBe(false);
});

test('leaves no audio and no media records when it is not to record', async () => {
  await telnyx.close();
  telnyx = await SimulatedTelnyx.start({ isRecorded: false });

  const [leg, stream] = await streamedCall();
  stream.play(encodeMulaw(tone({ hz: 1000, ms: 40 })));
  await leg.next('media');
  await stream.media(5);

  expect(leg.heard()).toHaveLength(0);
  expect(leg.sent.map(({ event }) => event)).toEqual(['connected', 'start']);
});

test('leaves no timer and no server behind when closed in the middle of a call', async () => {
  // The test runner and fetch have timers of their own.
  await api(telnyx, '/calls/none', { method: 'GET' });
  const timersBefore = countResources('Timeout');
  const [, stream] = await streamedCall();
  telnyx.webhookFaults.delayMs = 60_000;
  stream.play(encodeMulaw(tone({ hz: 1000, ms: 5000 })));
  telnyx.failNext('dial', { kind: 'hang' });
  const hanging = api(telnyx, '/calls', { body: server.dialBody(telnyx) }).catch(() => 'gone');
  await telnyx.legs[0]?.until('speech');

  await telnyx.close();
  await server.close();

  expect(await hanging).toBe('gone');
  await new Promise((resolve) => void setImmediate(resolve));
  expect(countResources('Timeout')).toBeLessThanOrEqual(timersBefore);
  expect(countResources('TCPServerWrap')).toBe(0);
  server = await ServerUnderTest.start();
});

function countResources(type: string): number {
  return process.getActiveResourcesInfo().filter((name) => name === type).length;
}
