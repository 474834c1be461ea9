import request from 'supertest';
import type { MeasuredRequest, RequestMeasure } from '../../../src/http/request-measure';
import { until } from '../../support/until';
import { HttpRig } from './http-rig';
import { SseClient, TestServer } from './sse-client';

/** Keeps what it is told. */
class Told implements RequestMeasure {
  begun = 0;
  readonly ended: MeasuredRequest[] = [];

  onBegun(): void {
    this.begun += 1;
  }

  onEnded(ended: MeasuredRequest): void {
    this.ended.push(ended);
  }

  async next(): Promise<MeasuredRequest> {
    await until(() => this.ended.length > 0);
    return this.ended.shift()!;
  }
}

const KEY = 'a-key-of-the-operator';
const BEARER = `Bearer ${KEY}`;
const CALL_ID = '00000000-0000-4000-8000-000000000001';

let told: Told;
let rig: HttpRig;

beforeEach(() => {
  told = new Told();
  rig = new HttpRig({ requests: told, apiKeys: [KEY] });
});

test('a request is told with its route as a pattern, its outcome and its time', async () => {
  await request(rig.app).get('/health').expect(200);

  const { durationMs, ...facts } = await told.next();
  expect(facts).toEqual({ method: 'GET', route: '/health', outcome: '2xx', problem: undefined });
  expect(durationMs).toBeGreaterThanOrEqual(0);
  expect(told.begun).toBe(1);
});

test.each([
  ['GET', `/api/ai-calls/${CALL_ID}`, '/api/ai-calls/:callId'],
  ['GET', `/API/AI-calls/${CALL_ID}/?canary=1`, '/api/ai-calls/:callId'],
  ['POST', `/api/ai-calls/${CALL_ID}/hangup`, '/api/ai-calls/:callId/hangup'],
  ['GET', '/api/ai-calls/status?limit=1', '/api/ai-calls/status'],
  ['POST', '/api/ai-calls/create', '/api/ai-calls/create'],
] as const)('%s %s is known as %s, also when it fails', async (method, path, route) => {
  const send = request(rig.app);
  await (method === 'GET' ? send.get(path) : send.post(path)).set('Authorization', BEARER);

  expect(await told.next()).toMatchObject({ method, route });
});

test('a problem is told with its code', async () => {
  await request(rig.app).get(`/api/ai-calls/${CALL_ID}`).set('Authorization', BEARER).expect(404);

  expect(await told.next()).toMatchObject({ outcome: '4xx', problem: 'CALL_NOT_FOUND' });
});

test.each(['/canary', '/canary/health', '/health/canary', '/%63anary', '/..%2f..%2fcanary', '/?canary'])(
  'of a path that no route serves nothing is told: %s',
  async (path) => {
    await request(rig.app).get(path);

    const ended = await told.next();
    expect(JSON.stringify(ended).toLowerCase()).not.toContain('anary');
  },
);

test.each([
  [`/api/ai-calls/${CALL_ID}`, '/api/ai-calls'],
  ['/API/AI-Calls?canary', '/api/ai-calls'],
  ['/api/ai-calls/canary', '/api/ai-calls'],
  ['/metrics', '/metrics'],
  ['/metrics/canary', '/metrics'],
])('a request without a key is told by the door that it was refused at: %s', async (path, route) => {
  rig = new HttpRig({ requests: told, apiKeys: [KEY], metrics: { contentType: 'text/plain', text: async () => '' } });
  await request(rig.app).get(path).expect(401);

  expect(await told.next()).toMatchObject({ route, outcome: '4xx', problem: 'UNAUTHORIZED' });
});

test('without keys, a request from elsewhere is told by that door, too', async () => {
  rig = new HttpRig({ requests: told });
  await request(rig.app).get('/api/ai-calls/status').set('X-Forwarded-For', '192.0.2.1').expect(403);

  expect(await told.next()).toMatchObject({ route: '/api/ai-calls', problem: 'LOOPBACK_ONLY' });
});

test('a webhook without a signature is known by its route', async () => {
  await request(rig.app).post('/api/webhooks/telnyx').send('{}').expect(401);

  expect(await told.next()).toMatchObject({ route: '/api/webhooks/telnyx', problem: 'WEBHOOK_REFUSED' });
});

test('a reader that leaves a stream of events has had its answer', async () => {
  const server = await TestServer.listen((asked, response) => rig.app(asked, response));
  const callId = await rig.calls.place();
  const reader = await SseClient.open(`${server.url}/api/ai-calls/${callId}/events`, { authorization: BEARER });
  expect(reader.status).toBe(200);

  reader.leave();

  expect(await told.next()).toMatchObject({ outcome: '2xx', durationMs: undefined });
  await server.close();
});

test('a method that hardly anybody uses is no label of its own', async () => {
  await request(rig.app).propfind('/health');

  expect(await told.next()).toMatchObject({ method: 'OTHER' });
});

test('a client that goes away before it is answered is told as such', async () => {
  rig.readiness = () => new Promise(() => undefined);
  const server = await TestServer.listen((asked, response) => rig.app(asked, response));
  const leaving = new AbortController();
  const answer = fetch(`${server.url}/ready`, { signal: leaving.signal });
  await until(() => told.begun === 1);

  leaving.abort();

  await expect(answer).rejects.toThrow();
  expect(await told.next()).toMatchObject({ outcome: 'aborted' });
  await server.close();
});
