// What the server really answers in a whole call, held against its OpenAPI document, to the last field: placed, steered,
// ended, read afterwards, and told of by callbacks. Calls happen in real time.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AiScript } from '../../src/simulator/simulated-openai/ai-script';
import { expectDescribed, expectSchema } from '../support/described';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const TO = '+12025550123';

/** It speaks, asks a tool for the time that is left, and says in tones whatever it is told to. */
const AI: AiScript = {
  exact: { toneHz: 1_300, msPerCharacter: 25 },
  turns: [
    {
      say: [{ toneHz: 700, ms: 400, text: 'Let me see how much time we have.' }],
      functionCall: { name: 'remaining_time', arguments: '{}' },
    },
  ],
  otherwise: { say: [{ toneHz: 900, ms: 400, text: 'I see.' }] },
};

const SAID = 'Please stay on the line and do not hang up, for I have something to tell you.';

/** Bodies of the status callbacks. */
const told: unknown[] = [];
const receiver = createServer((request, response) => {
  void text(request).then((body) => {
    told.push(JSON.parse(body));
    response.end();
  });
});

let bridge: TestBridge;
let callId: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
  bridge = await TestBridge.start({ telnyx: { isCostReported: true } });
  bridge.openai.setDefaultScript(AI);
  bridge.telnyx.setDefaultScript({ ringMs: 50 });
});

afterAll(async () => {
  await bridge.close();
  await new Promise((resolve) => {
    receiver.close(resolve);
    receiver.closeAllConnections();
  });
});

/** Asks, checks that the answer is described, and gives its body. */
async function ask(operationId: string, method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(bridge.url + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const content: unknown = type.endsWith('json') ? await response.clone().json() : undefined;
  expectDescribed(operationId, { status: response.status, type, body: content });
  return response;
}

function onCall(operationId: string, method: string, name: string, body?: unknown): Promise<Response> {
  return ask(operationId, method, `/api/ai-calls/${callId}${name}`, body);
}

test('every answer about a call that is placed, steered and hung up is as described', async () => {
  const { port } = receiver.address() as AddressInfo;
  const placed = await ask('createCall', 'POST', '/api/ai-calls/create', {
    to: TO,
    record: true,
    maxCostUsd: 2,
    metadata: { order: 'A-17' },
    statusCallbackUrl: `http://127.0.0.1:${port}/calls`,
    transferTargets: [{ name: 'desk', to: '+12025550177' }],
    tools: [{ name: 'find_order', description: 'Finds an order.', url: 'https://example.com/orders' }],
  });
  ({ callId } = (await placed.clone().json()) as { callId: string });
  expect(placed.headers.get('location')).toBe(`/api/ai-calls/${callId}`);
  await bridge.entry(callId, 'tool.finished');

  expect((await onCall('sayInCall', 'POST', '/say', { text: SAID })).status).toBe(202);
  expect((await ask('watchCalls', 'GET', '/api/ai-calls/live')).status).toBe(200);
  expect((await ask('listCalls', 'GET', '/api/ai-calls/status')).status).toBe(200);
  expect((await onCall('instructCall', 'POST', '/instructions', { instructions: 'Be brief.' })).status).toBe(200);
  expect((await onCall('sendDigits', 'POST', '/dtmf', { digits: '1w2#' })).status).toBe(200);
  expect((await onCall('getCall', 'GET', '')).status).toBe(200);
  expect((await onCall('getRecording', 'GET', '/recording')).status).toBe(409);
  expect((await onCall('interruptCall', 'POST', '/interrupt')).status).toBe(200);
  expect((await onCall('hangUpCall', 'POST', '/hangup')).status).toBe(200);
  expect((await onCall('hangUpCall', 'POST', '/hangup')).status).toBe(409);
  await bridge.ended(callId);
});

test('everything that is known of it afterwards is as described', async () => {
  await until(async () => ((await bridge.call(callId))['cost'] as { carrierUsd: unknown }).carrierUsd !== null);

  const call = (await (await onCall('getCall', 'GET', '')).json()) as Record<string, unknown>;
  const events = (await (await onCall('getEvents', 'GET', '/events')).json()) as { events: { type: string }[] };
  const usage = (await (await ask('getUsage', 'GET', '/api/ai-calls/usage')).json()) as { days: unknown[] };
  const list = await ask('listCalls', 'GET', '/api/ai-calls/status?status=completed&limit=1');

  // What was looked at was worth it.
  expect(call).toMatchObject({ status: 'completed', recording: { state: 'ready' } });
  for (const part of ['transcript', 'toolCalls', 'timeline'])
    expect((call[part] as unknown[]).length).toBeGreaterThan(0);
  expect(events.events.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['usage.added', 'turn.finished', 'dtmf.sent', 'say.finished', 'media.measured']),
  );
  expect(usage.days).toHaveLength(1);
  expect(((await list.json()) as { calls: unknown[] }).calls).toHaveLength(1);
  await onCall('getTranscript', 'GET', '/transcript');
  await onCall('getTranscript', 'GET', '/transcript?format=text');
  await ask('getUsage', 'GET', '/api/ai-calls/usage?format=csv');
  expect((await onCall('getRecording', 'GET', '/recording')).headers.get('accept-ranges')).toBe('bytes');
});

test('a stream of events, and a part of a recording, are as described', async () => {
  const stream = await fetch(`${bridge.url}/api/ai-calls/${callId}/events`, {
    headers: { accept: 'text/event-stream' },
  });
  const part = await fetch(`${bridge.url}/api/ai-calls/${callId}/recording`, { headers: { range: 'bytes=0-43' } });

  expectDescribed('getEvents', { status: stream.status, type: 'text/event-stream' });
  const sent = [...(await stream.text()).matchAll(/^id: .*\nevent: .*\ndata: (.*)$/gm)];
  expect(sent.length).toBeGreaterThan(10);
  for (const [, data = ''] of sent) expectSchema('Event', JSON.parse(data));
  expectDescribed('getRecording', { status: part.status, type: 'audio/wav' });
  expect(part.status).toBe(206);
});

test('the callbacks about it are as described', async () => {
  await until(() => told.length >= 5);

  expect(told.map((message) => (message as { event: string }).event)).toEqual([
    'call.queued',
    'call.initiated',
    'call.ringing',
    'call.in-progress',
    'call.completed',
  ]);
  for (const message of told) expectSchema('StatusCallback', message);
});

test('what the server says of itself is as described', async () => {
  const nonce = 'a-nonce-of-24-characters';
  await ask('getHealth', 'GET', '/health');
  await ask('getReadiness', 'GET', '/ready');
  await ask('getMetrics', 'GET', '/metrics');
  await ask('getApiDescription', 'GET', '/openapi.json');
  await ask('showApiDescription', 'GET', '/docs');
  await ask('proveIdentity', 'GET', `/.well-known/ai-calls?nonce=${nonce}`);
  await ask('proveArrival', 'POST', `/.well-known/ai-calls?nonce=${nonce}`, {});
  await ask('receiveTelnyxWebhook', 'POST', '/api/webhooks/telnyx', {});
});

test('a call that fails is as described, and so is the reason why the server is not ready', async () => {
  bridge.telnyx.script('+12025550188', { outcome: 'busy' });
  callId = await bridge.place({ to: '+12025550188' });
  await bridge.entry(callId, 'call.busy');
  await bridge.ended(callId);
  await onCall('getCall', 'GET', '');
  await onCall('getRecording', 'GET', '/recording');

  bridge.app.calls.startDraining();
  expect((await ask('getReadiness', 'GET', '/ready')).status).toBe(503);
  const refused = await ask('createCall', 'POST', '/api/ai-calls/create', { to: TO });

  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
});
