// The audio that is kept of a call, held against what the simulated phone itself has heard and said: the same tones at
// the same times, also around an interruption, and after the server was killed. Calls happen in real time.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { compose } from '../../src/app/compose';
import { type RunningServer, start } from '../../src/app/lifecycle';
import { type Config, loadConfig } from '../../src/config/config';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { farEndSettings } from '../../src/simulator/far-end-settings';
import { freePort } from '../../src/simulator/free-port';
import { rms } from '../../src/simulator/pcm';
import { SimulatedOpenai } from '../../src/simulator/simulated-openai/simulated-openai';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { SimulatedTelnyx } from '../../src/simulator/simulated-telnyx/simulated-telnyx';
import { toneAmplitude } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { type MortalServer, startMortal } from './mortal-server';

const PHONE_RATE_HZ = 8_000;
const PER_MS = PHONE_RATE_HZ / 1_000;
const HEADER_BYTES = 44;

/** By how much the recording may differ from the phone's own: two frames. */
const TOLERANCE_MS = 40;

const GREETING_HZ = 700;
const REPLY_HZ = 1_100;
const CALLEE_HZ = 500;
const CALLEE_MS = 800;

/** Heard so much of it, the callee cuts in: the rest is never heard. */
const GREETING_MS = 4_000;

const LISTEN_FOR_MS = 1_500;

type Stereo = { readonly left: Int16Array; readonly right: Int16Array };

/** A tone in what the phone recorded. */
type Expected = { readonly pcm: Int16Array; readonly hz: number; readonly toleranceMs: number };

/** Where a tone sounds, milliseconds. */
type Span = { readonly fromMs: number; readonly toMs: number };

function stereoOf(wav: Buffer): Stereo {
  const side = (channel: 0 | 1): Int16Array =>
    Int16Array.from({ length: (wav.length - HEADER_BYTES) / 4 }, (_, i) =>
      wav.readInt16LE(HEADER_BYTES + i * 4 + channel * 2),
    );
  return { left: side(0), right: side(1) };
}

/** To within a few milliseconds: a window of a frame, moved on by a quarter of one. */
function spanOf(pcm: Int16Array, hz: number): Span {
  const [windowSamples, stepMs, loud] = [20 * PER_MS, 5, 2_000];
  const at: number[] = [];
  for (let ms = 0; (ms + 20) * PER_MS <= pcm.length; ms += stepMs) {
    const frame = pcm.subarray(ms * PER_MS, ms * PER_MS + windowSamples);
    if (toneAmplitude(frame, { hz, sampleRateHz: PHONE_RATE_HZ }) > loud) at.push(ms + 10);
  }
  return { fromMs: at[0] ?? Number.NaN, toMs: at.at(-1) ?? Number.NaN };
}

/** The phone's time begins with the answer, the recording with the stream. */
function expectAgreement(recorded: Int16Array, leg: SimulatedLeg, { pcm, hz, toleranceMs }: Expected): void {
  const streamMs = leg.streamStartedAtMs! - leg.answeredAtMs!;
  const [is, should] = [spanOf(recorded, hz), spanOf(pcm, hz)];
  expect(should.toMs - should.fromMs).toBeGreaterThan(200);
  expect(Math.abs(is.fromMs - (should.fromMs - streamMs))).toBeLessThanOrEqual(toleranceMs);
  expect(Math.abs(is.toMs - (should.toMs - streamMs))).toBeLessThanOrEqual(toleranceMs);
}

/** The AI greets, is cut off by the callee, and replies to what they said. */
function scriptInterruption(telnyx: SimulatedTelnyx, openai: SimulatedOpenai): void {
  openai.setDefaultScript({
    turns: [
      { say: [{ toneHz: GREETING_HZ, ms: GREETING_MS, text: 'A long greeting.' }] },
      { say: [{ toneHz: REPLY_HZ, ms: 900, text: 'A reply.' }] },
    ],
    otherwise: {},
  });
  telnyx.setDefaultScript({
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait', ms: LISTEN_FOR_MS },
      { do: 'tone', hz: CALLEE_HZ, ms: CALLEE_MS },
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 400 },
      { do: 'hang-up' },
    ],
  });
}

describe('a call that goes well', () => {
  let bridge: TestBridge;

  afterEach(async () => {
    await bridge.close();
  });

  async function startBridge(env: Readonly<Record<string, string>> = {}): Promise<void> {
    bridge = await TestBridge.start({ env });
    scriptInterruption(bridge.telnyx, bridge.openai);
  }

  function recording(callId: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${bridge.url}/api/ai-calls/${callId}/recording`, { headers });
  }

  async function wavOf(callId: string): Promise<Buffer> {
    const answer = await recording(callId);
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer());
  }

  /**
   * Server and phone share this process: when it is held up, the one is late to say a thing and the other to hear it, and
   * no recording could agree with both. Such a call is made again; on a machine that is never calm, the delay counts.
   */
  async function calmCall(triesLeft = 3): Promise<{ readonly callId: string; readonly toleranceMs: number }> {
    const delays = monitorEventLoopDelay({ resolution: 5 });
    delays.enable();
    const callId = await bridge.place({ record: true });
    await bridge.ended(callId, 20_000);
    delays.disable();
    const heldUpMs = delays.max / 1e6;
    if (heldUpMs <= TOLERANCE_MS) return { callId, toleranceMs: TOLERANCE_MS };
    return triesLeft > 0 ? calmCall(triesLeft - 1) : { callId, toleranceMs: TOLERANCE_MS + heldUpMs };
  }

  /** Hung up as soon as there is something to keep. */
  async function shortCall(body: object): Promise<string> {
    const callId = await bridge.place({ ...body });
    await until(() => (bridge.telnyx.legs.at(-1)?.playedMs() ?? 0) > 200);
    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    await bridge.ended(callId);
    return callId;
  }

  test('is recorded as the callee said and heard it, cut off where the AI was interrupted', async () => {
    await startBridge();

    const { callId, toleranceMs } = await calmCall();
    const { left, right } = stereoOf(await wavOf(callId));

    const leg = bridge.telnyx.legs.at(-1)!;
    expectAgreement(right, leg, { pcm: leg.heard(), hz: GREETING_HZ, toleranceMs });
    expectAgreement(right, leg, { pcm: leg.heard(), hz: REPLY_HZ, toleranceMs });
    expectAgreement(left, leg, { pcm: leg.said(), hz: CALLEE_HZ, toleranceMs });
    const [greeting, reply] = [spanOf(right, GREETING_HZ), spanOf(right, REPLY_HZ)];
    expect(greeting.toMs - greeting.fromMs).toBeLessThan(LISTEN_FOR_MS + CALLEE_MS);
    const between = right.subarray((greeting.toMs + TOLERANCE_MS) * PER_MS, (reply.fromMs - TOLERANCE_MS) * PER_MS);
    expect(between.length).toBeGreaterThan(100 * PER_MS);
    expect(rms(between)).toBe(0);
  }, 90_000);

  test('tells of its recording what the file says', async () => {
    await startBridge();

    const callId = await shortCall({ record: true });
    const wav = await wavOf(callId);

    const bytes = wav.length;
    const durationMs = Math.round((bytes - HEADER_BYTES) / 4 / PER_MS);
    const url = `/api/ai-calls/${callId}/recording`;
    expect((await bridge.call(callId))['recording']).toEqual({ state: 'ready', durationMs, bytes, url });
    expect([wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt32LE(40)]).toEqual([
      2,
      8_000,
      bytes - HEADER_BYTES,
    ]);
  });

  test('is recorded by the setting, unless it is placed without', async () => {
    await startBridge({ RECORD_CALLS: 'true' });

    const [kept, unkept] = [await shortCall({}), await shortCall({ record: false })];

    expect((await recording(kept)).status).toBe(200);
    expect((await recording(unkept)).status).toBe(404);
    expect((await bridge.call(unkept))['recording']).toBeNull();
  });

  test('gives its recording in parts, which is how players jump', async () => {
    await startBridge();
    const callId = await shortCall({ record: true });
    const whole = await wavOf(callId);

    const middle = await recording(callId, { range: 'bytes=1044-2043' });
    const rest = await recording(callId, { range: `bytes=${whole.length - 10}-` });
    const beyond = await recording(callId, { range: `bytes=${whole.length}-` });

    expect(middle.status).toBe(206);
    expect(middle.headers.get('content-range')).toBe(`bytes 1044-2043/${whole.length}`);
    expect(Buffer.from(await middle.arrayBuffer()).equals(whole.subarray(1_044, 2_044))).toBe(true);
    expect(Buffer.from(await rest.arrayBuffer()).equals(whole.subarray(-10))).toBe(true);
    expect(beyond.status).toBe(416);
    expect(await beyond.json()).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE' });
  });
});

describe('a call whose server is killed', () => {
  let telnyx: SimulatedTelnyx;
  let openai: SimulatedOpenai;
  let dataDir: string;
  let config: Config;
  let first: MortalServer;
  let second: RunningServer;

  beforeEach(async () => {
    telnyx = await SimulatedTelnyx.start();
    openai = await SimulatedOpenai.start();
    scriptInterruption(telnyx, openai);
    dataDir = mkdtempSync(join(tmpdir(), 'ai-calls-recording-'));
    const port = await freePort();
    config = loadConfig({
      PORT: String(port),
      BASE_PUBLIC_URL: `http://127.0.0.1:${port}`,
      ...farEndSettings(telnyx, openai),
      DATA_DIR: dataDir,
      RECORD_CALLS: 'true',
    });
    first = await startMortal(config, { log: SILENT_LOGGER });
  });

  afterEach(async () => {
    await second.stopNow();
    await Promise.all([telnyx.close(), openai.close()]);
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** A connection that is kept would be one to the server that is lost. */
  function request(path: string, body?: object): Promise<Response> {
    const headers = { connection: 'close', 'content-type': 'application/json' };
    const url = `${config.http.publicUrl}/api/ai-calls/${path}`;
    return fetch(url, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  }

  async function call(callId: string): Promise<Record<string, unknown>> {
    return (await (await request(callId)).json()) as Record<string, unknown>;
  }

  /** What a killed process leaves is the file as it is just now; this one would complete it when it lets go of it. */
  async function kill(path: string): Promise<Buffer> {
    const left = readFileSync(path);
    await first.kill();
    writeFileSync(path, left);
    return left;
  }

  test('has the beginning of its recording, put right by the next server', async () => {
    const { callId } = (await (await request('create', { to: '+12025550123' })).json()) as { callId: string };
    const path = join(dataDir, 'recordings', `${callId}.wav`);
    const size = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    await until(() => size() > HEADER_BYTES, { timeoutMs: 10_000 });

    const left = await kill(path);
    expect(left.readUInt32LE(40)).toBe(0);
    second = await start(await compose(config, { log: SILENT_LOGGER }));
    await until(async () => (await call(callId))['recording'] !== null);

    const wav = Buffer.from(await (await request(`${callId}/recording`)).arrayBuffer());
    expect((await call(callId))['recording']).toMatchObject({ state: 'failed', bytes: wav.length });
    expect(wav.readUInt32LE(40)).toBe(wav.length - HEADER_BYTES);
    expect(wav.subarray(HEADER_BYTES).equals(left.subarray(HEADER_BYTES))).toBe(true);
    const greeting = spanOf(stereoOf(wav).right, GREETING_HZ);
    expect(greeting.toMs - greeting.fromMs).toBeGreaterThan(LISTEN_FOR_MS / 2);
    await telnyx.allLegsDown();
  });
});
