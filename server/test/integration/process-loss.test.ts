// A server that is lost in the middle of its calls: the next one on the same data closes every record and takes every
// leg down, whatever stage the calls were in.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../../src/app/compose';
import { type RunningServer, start } from '../../src/app/lifecycle';
import type { CallWatcher, TimelineEntry } from '../../src/calls/record-ports';
import { type Config, loadConfig } from '../../src/config/config';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { farEndSettings } from '../../src/simulator/far-end-settings';
import { freePort } from '../../src/simulator/free-port';
import { SimulatedOpenai } from '../../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from '../../src/simulator/simulated-telnyx/simulated-telnyx';
import { until } from '../support/until';
import { type MortalServer, startMortal } from './mortal-server';

const CALLEE = '+12025550123';
const OFFICE = '+12025550177';
const OPENING_MS = 200;

let telnyx: SimulatedTelnyx;
let openai: SimulatedOpenai;
let dataDir: string;
let config: Config;
let url: string;
let first: MortalServer;
let second: RunningServer | undefined;
/** What the second server noted. */
let entries: TimelineEntry[];

beforeEach(async () => {
  telnyx = await SimulatedTelnyx.start();
  openai = await SimulatedOpenai.start();
  openai.setDefaultScript({ turns: [{ say: [{ toneHz: 700, ms: OPENING_MS, text: 'Hello.' }] }], otherwise: {} });
  dataDir = mkdtempSync(join(tmpdir(), 'ai-calls-loss-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  config = loadConfig({
    PORT: String(port),
    BASE_PUBLIC_URL: url,
    ...farEndSettings(telnyx, openai),
    DATA_DIR: dataDir,
    CALLS_PER_SECOND: '1000',
    CALLS_PER_DESTINATION_PER_HOUR: '10000',
  });
  entries = [];
  first = await startMortal(config, { log: SILENT_LOGGER });
});

afterEach(async () => {
  telnyx.outage = undefined;
  await second?.stopNow();
  second = undefined;
  await telnyx.close();
  await openai.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function request(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  // A connection that is kept would be one to the server that is lost.
  const headers = { connection: 'close', 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return (await response.json()) as Record<string, unknown>;
}

async function place(): Promise<string> {
  return String((await request('POST', '/api/ai-calls/create', { to: CALLEE }))['callId']);
}

async function restart(): Promise<void> {
  const watcher: CallWatcher = { onEntry: (entry) => entries.push(entry) };
  second = await start(await compose(config, { log: SILENT_LOGGER, watchers: [watcher] }));
}

function has(callId: string, type: string): boolean {
  return entries.some((entry) => entry.callId === callId && entry.type === type);
}

/** The record once the second server has closed it. */
async function closed(callId: string): Promise<Record<string, unknown>> {
  await until(() => has(callId, 'leg.down'), { timeoutMs: 15_000 });
  return request('GET', `/api/ai-calls/${callId}`);
}

/** Brings a call to a stage of its life. */
const STAGES: Readonly<Record<string, () => Promise<string>>> = {
  dialling: () => {
    telnyx.failNext('dial', { kind: 'hang', stillPlacesCall: true });
    telnyx.webhookFaults = { drop: () => true };
    telnyx.setDefaultScript({ outcome: 'no-answer' });
    return place();
  },
  ringing: async () => {
    telnyx.setDefaultScript({ outcome: 'no-answer' });
    const callId = await place();
    await telnyx.webhook('call.initiated');
    return callId;
  },
  talking: async () => {
    const callId = await place();
    await until(() => (telnyx.leg(CALLEE)?.playedMs() ?? 0) >= OPENING_MS);
    return callId;
  },
  transferred: async () => {
    const callId = await STAGES['talking']!();
    await request('POST', `/api/ai-calls/${callId}/transfer`, { to: OFFICE });
    await until(() => telnyx.leg(CALLEE)?.isBridged === true);
    return callId;
  },
};

test.each(Object.keys(STAGES))('a call that was %s is failed as lost, and nothing of it is left up', async (stage) => {
  const callId = await STAGES[stage]!();
  await until(() => telnyx.liveLegs().length > 0);

  await first.kill();
  expect(telnyx.liveLegs()).not.toHaveLength(0);
  await restart();

  expect(await closed(callId)).toMatchObject({ status: 'failed', endReason: 'server-lost' });
  await telnyx.allLegsDown();
});

test('a call that was over keeps its verdict, and its leg, which would not go down, goes down now', async () => {
  const callId = await STAGES['talking']!();
  telnyx.failNext('hangup', { kind: 'status', httpStatus: 503 }, 1);
  await request('POST', `/api/ai-calls/${callId}/hangup`);
  await telnyx.request('hangup');
  await until(async () => (await request('GET', `/api/ai-calls/${callId}`))['status'] === 'completed');

  await first.kill();
  await restart();

  expect(await closed(callId)).toMatchObject({ status: 'completed', endReason: 'api-hung-up' });
  expect(has(callId, 'call.failed')).toBe(false);
  await telnyx.allLegsDown();
});

test('while the carrier cannot be reached the records are final already, and the legs go down later', async () => {
  const callId = await STAGES['talking']!();
  await first.kill();
  telnyx.outage = { kind: 'status', httpStatus: 503 };

  await restart();
  await until(() => has(callId, 'call.failed'));
  expect(await request('GET', `/api/ai-calls/${callId}`)).toMatchObject({ status: 'failed', endReason: 'server-lost' });
  expect(has(callId, 'leg.down')).toBe(false);
  telnyx.outage = undefined;

  await closed(callId);
  await telnyx.allLegsDown();
});

test('the next server takes new calls at once, and leaves them alone', async () => {
  const lost = await STAGES['talking']!();
  await first.kill();
  await restart();

  const callId = await place();
  await closed(lost);
  await until(() => telnyx.liveLegs().some((leg) => leg.playedMs() >= OPENING_MS));

  expect(await request('GET', `/api/ai-calls/${callId}`)).toMatchObject({ status: 'in-progress' });
  expect(telnyx.liveLegs()).toHaveLength(1);
  // The farewell of a server that stops would take seconds.
  await request('POST', `/api/ai-calls/${callId}/hangup`);
});
