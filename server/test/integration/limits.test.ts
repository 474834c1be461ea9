// Who may be called, and how often: the whole server, over real HTTP.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const CRM = 'the-key-of-the-crm-1234';
const BILLING = 'the-key-of-billing-1234';
const TO = '+12025550123';

let bridge: TestBridge;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'limits-'));
});

afterEach(async () => {
  await bridge.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startWith(env: Readonly<Record<string, string>>): Promise<void> {
  bridge = await TestBridge.start({ env });
}

function create(body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
  return bridge.request('POST', '/api/ai-calls/create', { to: TO, ...body }, headers);
}

function as(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

/** A number of its own for each request. */
function numberOf(index: number): string {
  return `+120255501${String(index).padStart(2, '0')}`;
}

/** How many answers there were of each status. */
function byStatus(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test('a burst is let through in its turn, and what would wait too long is told so at once', async () => {
  await startWith({ CALLS_PER_SECOND: '1' });
  const startedMs = performance.now();
  const order: number[] = [];

  const answers = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const answer = await create({ to: numberOf(index + 10) });
      order.push(answer.status);
      return answer;
    }),
  );

  const { 201: placed = 0, 429: refused = 0 } = byStatus(answers);
  const elapsedSeconds = (performance.now() - startedMs) / 1000;
  expect(placed + refused).toBe(12);
  // One at once, two that waited, and one more for each second that the requests took to arrive.
  expect(placed).toBeGreaterThanOrEqual(3);
  expect(placed).toBeLessThanOrEqual(1.1 + elapsedSeconds);
  expect(order.lastIndexOf(429)).toBeLessThan(order.lastIndexOf(201));
  for (const { body, headers } of answers.filter(({ status }) => status === 429)) {
    expect(body).toMatchObject({ code: 'CALL_RATE_EXCEEDED', setting: 'CALLS_PER_SECOND' });
    expect(headers.get('retry-after')).toBe('1');
  }
});

test('fifty requests for one number at the same moment do not get past its limit', async () => {
  await startWith({ CALLS_PER_DESTINATION_PER_HOUR: '3' });

  const answers = await Promise.all(Array.from({ length: 50 }, () => create()));

  expect(byStatus(answers)).toEqual({ 201: 3, 429: 47 });
  const refused = answers.find(({ status }) => status === 429)!;
  expect(refused.body).toMatchObject({
    code: 'DESTINATION_LIMIT_REACHED',
    setting: 'CALLS_PER_DESTINATION_PER_HOUR',
  });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_500);
  expect((await create({ to: numberOf(24) })).status).toBe(201);
});

test('a limit holds over a restart', async () => {
  const env = { CALLS_PER_DESTINATION_PER_HOUR: '1', DATA_DIR: folder };
  await startWith(env);
  expect((await create()).status).toBe(201);
  await bridge.close();

  await startWith(env);

  expect((await create()).body).toMatchObject({ code: 'DESTINATION_LIMIT_REACHED' });
  expect((await create({ to: numberOf(24) })).status).toBe(201);
});

test('each key has its own calls of the day, and nobody else’s', async () => {
  await startWith({ API_KEYS: `crm:${CRM},billing:${BILLING}`, CALLS_PER_KEY_PER_DAY: '2' });

  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => create({ to: numberOf(index + 10) }, as(CRM))),
  );

  expect(byStatus(answers)).toEqual({ 201: 2, 429: 8 });
  expect(answers.find(({ status }) => status === 429)?.body).toMatchObject({
    code: 'KEY_LIMIT_REACHED',
    setting: 'CALLS_PER_KEY_PER_DAY',
  });
  expect((await create({}, as(BILLING))).status).toBe(201);
});

test('a request that is repeated while it waits for its turn is one call, and counts as one', async () => {
  await startWith({ CALLS_PER_SECOND: '1', CALLS_PER_DESTINATION_PER_HOUR: '1', MAX_CONCURRENT_CALLS: '2' });
  await create({ to: numberOf(10) });

  const answers = await Promise.all(
    Array.from({ length: 5 }, () => create({}, { 'idempotency-key': 'one-call-and-no-more' })),
  );

  expect(byStatus(answers)).toEqual({ 201: 5 });
  expect(new Set(answers.map(({ body }) => body['callId'])).size).toBe(1);
  expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(4);
});

test('whoever is put on the do-not-call list is not called any more, without a restart', async () => {
  const path = join(folder, 'do-not-call.txt');
  writeFileSync(path, '# nobody yet\n');
  await startWith({ DO_NOT_CALL_FILE: path });
  await bridge.place();

  writeFileSync(path, `# since today\r\n+1 (202) 555-0123\r\n`);
  await until(async () => (await create()).status === 403, { timeoutMs: 8_000 });

  expect((await create()).body).toMatchObject({
    code: 'DO_NOT_CALL',
    setting: 'DO_NOT_CALL_FILE',
    errors: [{ field: 'to', message: 'is on the do-not-call list' }],
  });
  expect((await create({ to: numberOf(24) })).status).toBe(201);
});
