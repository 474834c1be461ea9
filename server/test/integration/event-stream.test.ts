// A call as it happens, followed over real HTTP from a real record: every entry, at once, in order, to the end.

import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { SseClient } from '../unit/http/sse-client';

let bridge: TestBridge;
let clients: SseClient[];

beforeEach(async () => {
  clients = [];
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript({ turns: [{ say: [{ toneHz: 700, ms: 300, text: 'Hello.' }] }], otherwise: {} });
});

afterEach(async () => {
  for (const client of clients) client.leave();
  await bridge.close();
});

async function follow(callId: string, headers: Readonly<Record<string, string>> = {}): Promise<SseClient> {
  const client = await SseClient.open(`${bridge.url}/api/ai-calls/${callId}/events`, headers);
  clients.push(client);
  return client;
}

async function hangUp(callId: string): Promise<void> {
  await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
}

async function eventIds(callId: string): Promise<string[]> {
  const { body } = await bridge.request('GET', `/api/ai-calls/${callId}/events`);
  return (body['events'] as { id: number }[]).map(({ id }) => String(id));
}

test('a reader sees a whole call as it happens, and its end', async () => {
  const callId = await bridge.place();
  const client = await follow(callId);

  await until(() => client.names.includes('turn.finished'));
  expect(client.names).not.toContain('call.completed');
  await hangUp(callId);
  await client.ended();

  expect(client.ids).toEqual([...(await eventIds(callId)), undefined]);
  expect(client.names[0]).toBe('call.queued');
  expect(client.names.slice(-2)).toEqual(['leg.down', 'end']);
});

test('a reader that was cut off goes on where it was, and misses nothing', async () => {
  const callId = await bridge.place();
  const first = await follow(callId);
  await until(() => first.names.includes('greeting.started'));
  first.leave();
  const lastId = String(first.ids.at(-1));

  const second = await follow(callId, { 'Last-Event-ID': lastId });
  await hangUp(callId);
  await second.ended();
  const third = await follow(callId, { 'Last-Event-ID': String(second.ids.at(-2)) });

  expect([...first.ids, ...second.ids.slice(0, -1)]).toEqual(await eventIds(callId));
  expect(third.status).toBe(204);
});

test('a status is told at once, not at the next look into the record', async () => {
  bridge.telnyx.setDefaultScript({ ringMs: 5_000 });
  const callId = await bridge.place();
  const client = await follow(callId);
  await until(() => client.names.includes('call.ringing'));

  const beforeMs = performance.now();
  await hangUp(callId);
  await until(() => client.names.includes('call.canceled'));

  expect(performance.now() - beforeMs).toBeLessThan(500);
});

test('a server that stops lets its readers go', async () => {
  bridge.telnyx.setDefaultScript({ ringMs: 5_000 });
  const callId = await bridge.place();
  const client = await follow(callId);
  await client.received(1);

  await bridge.stopServer();

  await until(() => client.isClosed);
});
