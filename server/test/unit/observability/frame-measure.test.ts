import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { type RawData, WebSocketServer } from 'ws';
import { SYSTEM_CLOCK } from '../../../src/app/system-clock';
import { framePosition } from '../../../src/carriers/telnyx/frame-position';
import { FrameMeasure } from '../../../src/observability/frame-measure';
import { keepBusy } from '../../support/busy-loop';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';

const FRAME_MS = 20;
const LATENESS = 'ai_calls_frame_lateness_seconds';
const WORK = 'ai_calls_frame_work_seconds';

let registry: Registry;

beforeEach(() => {
  registry = new Registry();
});

async function figure(series: string): Promise<number> {
  const lines = (await registry.metrics()).split('\n');
  return Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1));
}

describe('a stream whose frames come when a test says so', () => {
  let clock: ManualClock;
  let socket: EventEmitter;
  let frames: number;

  beforeEach(() => {
    clock = new ManualClock();
    socket = new EventEmitter();
    frames = 0;
  });

  function watch(): void {
    new FrameMeasure(registry, clock).watch(socket, (chunk: number | undefined) => chunk && chunk * FRAME_MS);
  }

  /** So many frames in time, or with what is added to each wait. */
  function come(count: number, moreMs = 0): void {
    for (let frame = 0; frame < count; frame += 1) {
      clock.advance(FRAME_MS + moreMs);
      socket.emit('message', (frames += 1));
    }
  }

  test('one frame in 47 is a sample after the first second, and in time it is not late', async () => {
    watch();
    come(50);
    expect(await figure(`${LATENESS}_count`)).toBe(0);

    come(188 - 50);

    expect(await figure(`${LATENESS}_count`)).toBe(3);
    expect(await figure(`${LATENESS}_sum`)).toBe(0);
  });

  test('a frame that comes up late is late by so much, and the work on it is timed apart', async () => {
    socket.on('message', () => clock.advance(2));
    watch();
    come(93, -2);
    clock.advance(35);
    come(1, -2);

    expect(await figure(`${LATENESS}_count`)).toBe(1);
    expect(await figure(`${LATENESS}_sum`)).toBeCloseTo(0.035);
    expect(await figure(`${WORK}_sum`)).toBeCloseTo(0.002);
  });

  test('a far end whose clock goes otherwise, and a pause, are forgotten', async () => {
    watch();
    come(3_000, 0.002);
    const drift = await figure(`${LATENESS}_sum`);
    expect(drift / (await figure(`${LATENESS}_count`))).toBeLessThan(0.003);
    clock.advance(5_000);
    come(1_600);
    const paused = await figure(`${LATENESS}_sum`);

    come(3_000);

    expect(await figure(`${LATENESS}_sum`)).toBeCloseTo(paused, 1);
  });

  test('what is no frame is no sample of lateness', async () => {
    watch();
    for (let message = 0; message < 200; message += 1) socket.emit('message', undefined);

    expect(await figure(`${LATENESS}_count`)).toBe(0);
  });
});

/** Sends frames in time, whatever this process is doing. */
const PHONE = `
  const { workerData } = require('node:worker_threads');
  const socket = new (require('ws').WebSocket)(workerData.url);
  const payload = Buffer.alloc(160, 0xff).toString('base64');
  let chunk = 0;
  socket.on('error', () => undefined).on('open', () => {
    const startedAtMs = performance.now();
    const next = () => {
      chunk += 1;
      socket.send(JSON.stringify({ event: 'media', media: { track: 'inbound', chunk: String(chunk), payload } }));
      setTimeout(next, startedAtMs + chunk * workerData.frameMs - performance.now());
    };
    next();
  });
`;

test('a loop that is blocked 40 of 50 ms is seen in the lateness of the frames, and not in the work', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const measure = new FrameMeasure(registry, SYSTEM_CLOCK, 3);
  const position = framePosition({ encoding: 'PCMU', sampleRateHz: 8_000, channels: 1 });
  server.on('connection', (socket) => measure.watch<RawData>(socket, position));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const phone = new Worker(PHONE, { eval: true, workerData: { url, frameMs: FRAME_MS } });
  const stop = keepBusy({ busyMs: 40, freeMs: 10 });

  await until(async () => (await figure(`${LATENESS}_count`)) >= 40, { timeoutMs: 15_000 });

  const samples = await figure(`${LATENESS}_count`);
  const late = samples - (await figure(`${LATENESS}_bucket{le="0.03"}`));
  expect(late / samples).toBeGreaterThan(0.1);
  expect((await figure(`${LATENESS}_sum`)) / samples).toBeGreaterThan(0.01);
  expect(await figure(`${WORK}_bucket{le="0.01"}`)).toBeGreaterThan(0.8 * samples);
  stop();
  await phone.terminate();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});
