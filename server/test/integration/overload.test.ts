import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const TIMEOUT_MS = 120_000;
const TRY_MS = 30_000;

let bridge: TestBridge;
let busy: NodeJS.Timeout | undefined;

beforeEach(async () => {
  bridge = await TestBridge.start({ env: { OVERLOAD_LAG_MS: '200' } });
});

afterEach(async () => {
  clearInterval(busy);
  await bridge.close();
});

/** The loop is blocked for most of the time, as one call too many would. */
function keepBusy(): void {
  busy = setInterval(() => {
    const untilMs = performance.now() + 300;
    while (performance.now() < untilMs) {
      // Everybody else waits.
    }
  }, 310);
}

function create(key: string): ReturnType<TestBridge['request']> {
  return bridge.request('POST', '/api/ai-calls/create', { to: '+12025550123' }, { 'Idempotency-Key': key });
}

test(
  'a server whose event loop lags takes no new calls, and takes them again when it keeps up',
  async () => {
    const first = await create('first');
    keepBusy();
    await until(async () => (await bridge.request('GET', '/ready')).status === 503, { timeoutMs: TRY_MS });

    const refused = await create('second');
    const repeated = await create('first');
    const ready = await bridge.request('GET', '/ready');

    expect(refused).toMatchObject({ status: 503, body: { code: 'SERVER_OVERLOADED', setting: 'OVERLOAD_LAG_MS' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(repeated.body['callId']).toBe(first.body['callId']);
    expect(ready.body['checks']).toContainEqual({
      name: 'overload',
      status: 'failing',
      reason: expect.stringMatching(/^the event loop lags \d+ ms$/),
    });
    expect((await bridge.request('GET', '/health')).status).toBe(200);
    expect(await bridge.call(String(first.body['callId']))).not.toHaveProperty('verdict.reason', 'internal-error');

    clearInterval(busy);
    await until(async () => (await create('third')).status === 201, { timeoutMs: TRY_MS });
    expect((await bridge.request('GET', '/ready')).status).toBe(200);
  },
  TIMEOUT_MS,
);
