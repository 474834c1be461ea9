// Status callbacks of a whole call, from the record to a user's endpoint. Real time: a retry comes after some seconds.

import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const KEY = Buffer.alloc(32, 9);
const RETRY_LIMIT_MS = 15_000;

type Received = {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  readonly told: Readonly<Record<string, unknown>>;
};

let bridge: TestBridge;
let received: Received[];
/** The answers to the next callbacks; 200 when there are none left. */
let answers: number[];
let url: string;
const server = createServer((request, response) => void answer(request, response));

beforeEach(async () => {
  received = [];
  answers = [];
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/calls`;
  bridge = await TestBridge.start({ env: { STATUS_CALLBACK_SECRET: `whsec_${KEY.toString('base64')}` } });
});

afterEach(async () => {
  await bridge.close();
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const header = (name: string): string => String(request.headers[name]);
  received.push({
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signature: header('webhook-signature'),
    body,
    told: JSON.parse(body) as Record<string, unknown>,
  });
  response.writeHead(answers.shift() ?? 200).end('ok');
}

/** Places a call that is answered at once, and hangs it up when it is. */
async function callAndHangUp(body: Readonly<Record<string, unknown>>): Promise<string> {
  bridge.telnyx.setDefaultScript({ ringMs: 50 });
  const callId = await bridge.place(body);
  await bridge.entry(callId, 'stream.started');
  await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  await bridge.ended(callId);
  return callId;
}

function statuses(): unknown[] {
  return received.map(({ told }) => told['status']);
}

test('each status of a call is told in its order, signed, with what the call has cost at the end', async () => {
  const callId = await callAndHangUp({ statusCallbackUrl: url, metadata: { order: '17' } });
  await until(() => statuses().at(-1) === 'completed');

  expect(statuses()).toEqual(bridge.statuses(callId));
  expect(received.map(({ told }) => told['event'])).toEqual(statuses().map((status) => `call.${String(status)}`));
  for (const { id, timestamp, signature, body, told } of received) {
    const mac = createHmac('sha256', KEY).update(`${id}.${timestamp}.${body}`).digest('base64');
    expect(signature).toBe(`v1,${mac}`);
    expect(Math.abs(Date.now() / 1_000 - Number(timestamp))).toBeLessThan(60);
    expect(told).toMatchObject({ callId, to: '+12025550123', metadata: { order: '17' } });
  }
  expect(new Set(received.map(({ id }) => id)).size).toBe(received.length);
  expect(received.at(-1)!.told).toMatchObject({ verdict: { reason: 'api-hung-up' }, cost: { carrierUsd: null } });
});

test(
  'a status that was not taken comes again before the next one, under the same id',
  async () => {
    answers = [500];

    const callId = await callAndHangUp({ statusCallbackUrl: url });
    await until(() => statuses().at(-1) === 'completed', { timeoutMs: RETRY_LIMIT_MS });

    const [first, second] = received;
    expect(second).toMatchObject({ id: first!.id, body: first!.body });
    expect(statuses()).toEqual(['queued', ...bridge.statuses(callId)]);
  },
  2 * RETRY_LIMIT_MS,
);

test('a call that names no endpoint is told to the one of the settings', async () => {
  await bridge.close();
  bridge = await TestBridge.start({ env: { STATUS_CALLBACK_URL: url } });

  await callAndHangUp({});

  await until(() => statuses().at(-1) === 'completed');
  expect(received[0]!.signature).toBe('undefined');
});
