// The API as its users meet it, over real HTTP, and its two side doors: webhooks and media streams.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript({ turns: [{ say: [{ toneHz: 700, ms: 300, text: 'Hello.' }] }], otherwise: {} });
});

afterEach(async () => {
  await bridge.close();
});

test('create answers 201 at once, status counts and lists the call, hangup ends it, and a second hangup is refused', async () => {
  const created = await bridge.request('POST', '/api/ai-calls/create', {
    to: '+12025550123',
    instructions: 'Be kind.',
  });
  const callId = String(created.body['callId']);
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ status: 'queued', to: '+12025550123', from: '+12025550100' });
  expect(created.headers.get('location')).toBe(`/api/ai-calls/${callId}`);

  await bridge.entry(callId, 'greeting.started');
  const status = await bridge.request('GET', '/api/ai-calls/status');
  expect(status.body).toMatchObject({ activeCalls: 1, calls: [{ callId, status: 'in-progress' }] });

  const first = await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  expect(first.status).toBe(200);
  expect(first.body).toMatchObject({ callId, status: 'completed', endReason: 'api-hung-up' });
  await bridge.telnyx.allLegsDown();

  const second = await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({ code: 'CALL_STATE_CONFLICT', status: 409 });
  const after = await bridge.request('GET', '/api/ai-calls/status');
  expect(after.body).toMatchObject({ activeCalls: 0, calls: [] });
});

test('status looks into history by status, number and page', async () => {
  for (const to of ['+12025550121', '+12025550122', '+12025550122']) {
    const callId = await bridge.place({ to });
    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    await bridge.ended(callId);
  }

  const page = await bridge.request('GET', '/api/ai-calls/status?status=canceled&limit=2');
  const rest = await bridge.request(
    'GET',
    `/api/ai-calls/status?status=canceled&cursor=${String(page.body['nextCursor'])}`,
  );
  const toOne = await bridge.request('GET', `/api/ai-calls/status?to=${encodeURIComponent('+12025550121')}`);

  expect((page.body['calls'] as { to: string }[]).map(({ to }) => to)).toEqual(['+12025550122', '+12025550122']);
  expect((rest.body['calls'] as { to: string }[]).map(({ to }) => to)).toEqual(['+12025550121']);
  expect(rest.body['nextCursor']).toBeNull();
  expect(toOne.body['calls']).toHaveLength(1);
});

test('one idempotency key places one call, however often and however fast it comes', async () => {
  const body = { to: '+12025550123', instructions: 'Be kind.' };
  const send = (): ReturnType<TestBridge['request']> =>
    bridge.request('POST', '/api/ai-calls/create', body, { 'Idempotency-Key': 'order-17' });

  const answers = await Promise.all([send(), send(), send()]);
  const again = await send();
  const other = await bridge.request(
    'POST',
    '/api/ai-calls/create',
    { ...body, to: '+12025550124' },
    { 'Idempotency-Key': 'order-17' },
  );

  const callIds = new Set([...answers, again].map((answer) => answer.body['callId']));
  expect(callIds.size).toBe(1);
  expect([...answers, again].map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  await bridge.telnyx.nextLeg();
  expect(bridge.telnyx.requests.filter(({ operation }) => operation === 'dial')).toHaveLength(1);
});

test('a call that is not in conversation cannot be interrupted, and an unknown one not found', async () => {
  bridge.telnyx.setDefaultScript({ ringMs: 5_000 });
  const callId = await bridge.place();
  await bridge.entry(callId, 'call.ringing');

  const ringing = await bridge.request('POST', `/api/ai-calls/${callId}/interrupt`);
  const unknown = await bridge.request('POST', '/api/ai-calls/00000000-0000-4000-8000-000000000000/interrupt');
  const nonsense = await bridge.request('GET', '/api/ai-calls/nonsense');

  expect(ringing).toMatchObject({ status: 409, body: { code: 'CALL_STATE_CONFLICT' } });
  expect(unknown).toMatchObject({ status: 404, body: { code: 'CALL_NOT_FOUND' } });
  expect(nonsense).toMatchObject({ status: 404, body: { code: 'CALL_NOT_FOUND' } });
});

test('more calls than the limit are refused with 429, and the place is free again afterwards', async () => {
  await bridge.close();
  bridge = await TestBridge.start({ env: { MAX_CONCURRENT_CALLS: '1' } });
  const callId = await bridge.place();

  const refused = await bridge.request('POST', '/api/ai-calls/create', { to: '+12025550124' });
  await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  await bridge.ended(callId);
  await bridge.app.calls.whenIdle();
  const accepted = await bridge.request('POST', '/api/ai-calls/create', { to: '+12025550124' });

  expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_CALLS' } });
  expect(refused.headers.get('retry-after')).not.toBeNull();
  expect(accepted.status).toBe(201);
});

test('the status callback is told of each status in order', async () => {
  const events: string[] = [];
  const endpoint = await listen((body) => events.push((JSON.parse(body) as { event: string }).event));

  const callId = await bridge.place({ statusCallbackUrl: `http://127.0.0.1:${endpoint.port}/calls` });
  await bridge.entry(callId, 'greeting.started');
  await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  await until(() => events.length === 5);

  expect(events).toEqual(['call.queued', 'call.initiated', 'call.ringing', 'call.in-progress', 'call.completed']);
  await endpoint.close();
});

test('a webhook that is not signed by Telnyx is refused and changes nothing', async () => {
  bridge.telnyx.setDefaultScript({ ringMs: 5_000 });
  const callId = await bridge.place();
  const leg = await bridge.telnyx.nextLeg();
  await bridge.entry(callId, 'call.ringing');
  const forged = {
    data: {
      id: 'f0000000-0000-4000-8000-000000000000',
      event_type: 'call.hangup',
      payload: { call_control_id: leg.carrierCallId, client_state: leg.clientState, hangup_cause: 'user_busy' },
    },
  };

  const answer = await bridge.request('POST', '/api/webhooks/telnyx', forged, {
    'telnyx-timestamp': String(Math.floor(Date.now() / 1000)),
    'telnyx-signature-ed25519': Buffer.alloc(64).toString('base64'),
  });

  expect(answer).toMatchObject({ status: 401, body: { code: 'WEBHOOK_REFUSED' } });
  expect(bridge.statuses(callId).at(-1)).toBe('ringing');
});

test('a media stream without the token of its call is refused before the upgrade', async () => {
  bridge.telnyx.setDefaultScript({ ringMs: 5_000 });
  const callId = await bridge.place();
  const leg = await bridge.telnyx.nextLeg();
  const { stream_url: url, stream_auth_token: token } = leg.dialBody as {
    stream_url: string;
    stream_auth_token: string;
  };

  const statuses = await Promise.all([
    upgradeStatus(url, {}),
    upgradeStatus(url, { 'x-telnyx-streaming-auth-token': 'wrong' }),
    upgradeStatus(url.replace(callId, '00000000-0000-4000-8000-000000000000'), {
      'x-telnyx-streaming-auth-token': token,
    }),
    upgradeStatus(url.replace('/media-bridge', '/other'), { 'x-telnyx-streaming-auth-token': token }),
  ]);
  const good = await upgradeStatus(url, { 'x-telnyx-streaming-auth-token': token });
  const secondTime = await upgradeStatus(url, { 'x-telnyx-streaming-auth-token': token });

  expect(statuses).toEqual([401, 401, 401, 401]);
  expect(good).toBe(101);
  expect(secondTime).toBe(401);
});

test('a drained server refuses new calls with 503', async () => {
  bridge.app.calls.startDraining();

  const answer = await bridge.request('POST', '/api/ai-calls/create', { to: '+12025550123' });

  expect(answer).toMatchObject({ status: 503, body: { code: 'SERVER_DRAINING' } });
});

test('health answers', async () => {
  expect(await bridge.request('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

/** 101 when the upgrade was granted, or the HTTP status of the refusal. */
function upgradeStatus(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}

type Endpoint = { readonly port: number; readonly close: () => Promise<void> };

/** A user's own endpoint. */
function listen(onBody: (body: string) => void): Promise<Endpoint> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      onBody(Buffer.concat(chunks).toString());
      response.end();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done());
          server.closeAllConnections();
        });
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}
