// The carrier's signed bill of a call comes again after a restart, and at another node: it costs once.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../../src/app/compose';
import { type RunningServer, start } from '../../src/app/lifecycle';
import { loadConfig } from '../../src/config/config';
import { WEBHOOK_PATH } from '../../src/http/http-app';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { farEndSettings } from '../../src/simulator/far-end-settings';
import { freePort } from '../../src/simulator/free-port';
import { SimulatedOpenai } from '../../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from '../../src/simulator/simulated-telnyx/simulated-telnyx';
import { signingKey } from '../../src/simulator/simulated-telnyx/signing-key';
import { onPostgres } from '../contract/engines';
import { until } from '../support/until';

const KEY = signingKey('a key of the test');

let telnyx: SimulatedTelnyx;
let openai: SimulatedOpenai;
let folder: string;
let servers: RunningServer[];

beforeEach(async () => {
  telnyx = await SimulatedTelnyx.start({ keySeed: 'a key of the test', isCostReported: true });
  openai = await SimulatedOpenai.start();
  folder = mkdtempSync(join(tmpdir(), 'charged-once-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stopNow()));
  await telnyx.close();
  await openai.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a server and returns its address. */
async function startServer(env: Readonly<Record<string, string>>): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = { PORT: String(port), BASE_PUBLIC_URL: url, ...farEndSettings(telnyx, openai), DATA_DIR: folder };
  servers.push(await start(await compose(loadConfig({ ...settings, ...env }), { log: SILENT_LOGGER })));
  return url;
}

async function ask(url: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const headers = { connection: 'close', 'content-type': 'application/json' };
  return (await (await fetch(url, { ...init, headers })).json()) as Record<string, unknown>;
}

/** Places a call that is hung up; returns its id when its bill is in the record. */
async function billed(url: string): Promise<string> {
  const body = JSON.stringify({ to: '+12025550123' });
  const callId = String((await ask(`${url}/api/ai-calls/create`, { method: 'POST', body }))['callId']);
  await until(async () => (await call(url, callId))['status'] === 'in-progress');
  await ask(`${url}/api/ai-calls/${callId}/hangup`, { method: 'POST' });
  await until(async () => (await costOf(url, callId)) !== null);
  return callId;
}

function call(url: string, callId: string): Promise<Record<string, unknown>> {
  return ask(`${url}/api/ai-calls/${callId}`);
}

async function costOf(url: string, callId: string): Promise<unknown> {
  return ((await call(url, callId))['cost'] as { carrierUsd: unknown }).carrierUsd;
}

async function charges(url: string, callId: string): Promise<number> {
  const { events } = (await ask(`${url}/api/ai-calls/${callId}/events?after=0`)) as { events: { type: string }[] };
  return events.filter(({ type }) => type === 'usage.added').length;
}

/** Sends the bill that the carrier has sent before, once more; a carrier that repeats itself signs it anew. */
async function billAgain(url: string, callId: string): Promise<void> {
  const { payload, eventId } = telnyx.webhooks.find(({ eventType }) => eventType === 'call.cost')!;
  const before = await charges(url, callId);
  await send(url, { id: eventId, payload });
  await send(url, { id: randomUUID(), payload });
  // Bills are taken one after the other: when that of another leg is there, those before it have been dealt with.
  await send(url, { id: randomUUID(), payload: { ...payload, call_control_id: randomUUID() } });
  await until(async () => (await charges(url, callId)) > before);
}

async function send(url: string, event: { readonly id: string; readonly payload: object }): Promise<void> {
  const occurred_at = new Date().toISOString();
  const body = JSON.stringify({ data: { record_type: 'event', event_type: 'call.cost', occurred_at, ...event } });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = KEY.sign(timestamp, body);
  const headers = { connection: 'close', 'content-type': 'application/json' };
  const signed = { ...headers, 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature };
  const { status } = await fetch(url + WEBHOOK_PATH, { method: 'POST', headers: signed, body });
  expect(status).toBe(200);
}

async function costsOnce(env: Readonly<Record<string, string>>, second: 'restart' | 'other-node'): Promise<void> {
  const first = await startServer(env);
  const callId = await billed(first);
  const cost = Number(await costOf(first, callId));
  const before = await charges(first, callId);
  await billAgain(first, callId);
  if (second === 'restart') await servers.pop()!.stopNow();

  const url = await startServer(env);
  await billAgain(url, callId);

  // What was there, and twice another leg.
  expect(await charges(url, callId)).toBe(before + 2);
  expect(await costOf(url, callId)).toBeCloseTo(3 * cost, 9);
}

test('with SQLite, before and after a restart', () => costsOnce({}, 'restart'));

onPostgres((schema) => {
  test('before and after a restart', async () => {
    await schema.open();
    await costsOnce({ DATABASE_URL: schema.url }, 'restart');
  });

  test('at a second node', async () => {
    await schema.open();
    await costsOnce({ DATABASE_URL: schema.url }, 'other-node');
  });
});
