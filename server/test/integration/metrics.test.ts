import { WebSocket } from 'ws';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { figuresOf } from '../support/prometheus-text';

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start({ env: { OVERLOAD_LAG_MS: '5000' } });
});

afterEach(() => bridge.close());

async function metrics(): Promise<string> {
  return (await fetch(`${bridge.url}/metrics`)).text();
}

async function figures(): Promise<Map<string, number>> {
  return figuresOf(await metrics());
}

test('a call, a refused request and a refused stream are in the figures, and nothing that they said', async () => {
  const callId = await bridge.place({ instructions: 'canary', metadata: { canary: 'canary' } });
  await bridge.entry(callId, 'greeting.started');
  expect((await figures()).get('ai_calls_live{status="in-progress"}')).toBe(1);
  // One frame in 47 is timed, from the second second on.
  await until(async () => Number((await figures()).get('ai_calls_frame_lateness_seconds_count')) > 0, {
    timeoutMs: 10_000,
  });
  await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  await bridge.ended(callId);
  await bridge.request('GET', '/api/ai-calls/canary-canary');
  await bridge.request('POST', '/api/webhooks/telnyx', '{"canary":1}');
  await bridge.request('GET', '/canary');

  const found = await figures();
  const text = await metrics();

  expect(found.get('ai_calls_ended_total{status="completed",reason="api-hung-up"}')).toBe(1);
  expect(found.get('ai_calls_live{status="in-progress"}')).toBe(0);
  expect(found.get('ai_calls_http_requests_total{method="POST",route="/api/ai-calls/create",status="2xx"}')).toBe(1);
  expect(found.get('ai_calls_http_problems_total{code="WEBHOOK_REFUSED"}')).toBe(1);
  expect(found.get('ai_calls_http_problems_total{code="ROUTE_NOT_FOUND"}')).toBeGreaterThan(0);
  expect(found.get('ai_calls_record_write_seconds_count{outcome="ok"}')).toBeGreaterThan(0);
  expect(found.get('ai_calls_frames_total{kind="received"}')).toBeGreaterThan(40);
  expect(text).not.toMatch(/canary|\+?1202555/);
});

test('a stream without a token is counted', async () => {
  const socket = new WebSocket(`${bridge.url.replace('http', 'ws')}/media-bridge`);
  await new Promise((resolve) => {
    socket.once('error', resolve);
  });

  expect((await figures()).get('ai_calls_refused_streams_total{why="token"}')).toBe(1);
});
