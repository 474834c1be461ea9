// What can be read of a call when it is over, over real HTTP from a real record: the call itself, its words, its events,
// its audio, and what it cost. Calls happen in real time.

import { scriptExchange } from '../support/exchange';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const TO = '+12025550123';

let bridge: TestBridge;
/** One conversation for all tests, as it takes its time. */
let callId: string;

beforeAll(async () => {
  bridge = await TestBridge.start({ telnyx: { isCostReported: true } });
  scriptExchange(bridge);
  callId = await bridge.place({ to: TO, maxCostUsd: 2, record: true });
  await bridge.ended(callId, 15_000);
  // The carrier's bill comes after the end.
  await until(async () => (await cost()).carrierUsd !== null);
});

afterAll(async () => {
  await bridge.close();
});

type Cost = {
  readonly totalUsd: number;
  readonly aiUsd: number;
  readonly carrierUsd: number | null;
  readonly items: readonly { readonly source: string; readonly amountUsd: number }[];
};

async function cost(): Promise<Cost> {
  return (await bridge.call(callId))['cost'] as Cost;
}

function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${bridge.url}/api/ai-calls/${path}`, { headers });
}

test('a call tells its words and its events', async () => {
  const transcript = await (await get(`${callId}/transcript`, { accept: 'text/plain' })).text();
  const events = await bridge.request('GET', `/api/ai-calls/${callId}/events`);

  expect(transcript).toMatch(
    /^00:0\d AI: I see\. Please go on\.\n00:0\d Callee: Sorry, where are you exactly\?\n00:0\d AI: I see\. Please go on\.\n$/,
  );
  expect(await bridge.call(callId)).toMatchObject({ maxCostUsd: 2, record: true });
  expect(events.body).toMatchObject({ isComplete: true, status: 'completed' });
  const types = (events.body['events'] as { id: number; type: string }[]).map(({ type }) => type);
  expect(types[0]).toBe('call.queued');
  expect(types).toEqual(expect.arrayContaining(['turn.finished', 'usage.added', 'call.completed', 'leg.down']));
});

test('a call tells its bill, which adds up to what it cost', async () => {
  const bill = await cost();

  const amounts = (source: 'ai' | 'carrier'): number =>
    bill.items
      .filter((item) => (item.source === 'carrier') === (source === 'carrier'))
      .reduce((sum, { amountUsd }) => sum + amountUsd, 0);
  expect(bill.aiUsd).toBeGreaterThan(0);
  expect(amounts('ai')).toBeCloseTo(bill.aiUsd, 9);
  expect(amounts('carrier')).toBeCloseTo(bill.carrierUsd ?? 0, 9);
  expect(bill.totalUsd).toBeCloseTo(bill.aiUsd + (bill.carrierUsd ?? 0), 9);
});

test('events are numbered without a gap, and can be asked for from any of them on', async () => {
  const all = await bridge.request('GET', `/api/ai-calls/${callId}/events`);
  const rest = await bridge.request('GET', `/api/ai-calls/${callId}/events?after=3`);

  const ids = (all.body['events'] as { id: number }[]).map(({ id }) => id);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
  expect(rest.body['events']).toEqual((all.body['events'] as unknown[]).slice(3));
  expect(rest.body['lastId']).toBe(ids.length);
});

test('a call that is recorded has a stereo WAV file, whole and in parts', async () => {
  const { recording } = (await bridge.call(callId)) as { recording: { bytes: number; url: string; state: string } };
  const whole = await get(`${callId}/recording`);
  const part = await get(`${callId}/recording`, { range: 'bytes=0-43' });

  const file = Buffer.from(await whole.arrayBuffer());
  expect(recording).toMatchObject({ state: 'ready', url: `/api/ai-calls/${callId}/recording`, bytes: file.length });
  expect(whole.headers.get('content-type')).toBe('audio/wav');
  expect([file.toString('latin1', 0, 4), file.toString('latin1', 8, 12)]).toEqual(['RIFF', 'WAVE']);
  expect(file.readUInt16LE(22)).toBe(2);
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer()).equals(file.subarray(0, 44))).toBe(true);
});

test('a call that is not recorded has none', async () => {
  const other = await bridge.place({ to: '+12025550124', record: false });
  const during = await get(`${other}/recording`);
  await bridge.request('POST', `/api/ai-calls/${other}/hangup`);
  await bridge.ended(other);
  const after = await get(`${other}/recording`);

  expect([during.status, after.status]).toEqual([409, 404]);
  expect(await after.json()).toMatchObject({ code: 'RECORDING_NOT_FOUND' });
});

test('what calls used is told by day and destination, as JSON and as a table', async () => {
  const { totalUsd, aiUsd, carrierUsd } = await cost();

  const { body } = await bridge.request('GET', `/api/ai-calls/usage?to=${encodeURIComponent(TO)}`);
  const table = await get('usage?to=%2B12025550123&format=csv');

  expect(body['days']).toEqual([
    expect.objectContaining({
      day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      to: '+12025550123',
      calls: 1,
      answered: 1,
    }),
  ]);
  const totals = body['totals'] as Record<string, number>;
  expect(totals['costUsd']).toBeCloseTo(totalUsd, 9);
  expect(totals['aiCostUsd']).toBeCloseTo(aiUsd, 9);
  expect(totals['carrierCostUsd']).toBeCloseTo(carrierUsd ?? 0, 9);
  expect(totals['inputTokens']).toBeGreaterThan(0);
  expect(table.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect((await table.text()).split('\r\n')[1]).toMatch(/^\d{4}-\d\d-\d\d,\+12025550123,1,1,0,/);
});

test('a server that works is ready, and one that drains is not', async () => {
  const before = await bridge.request('GET', '/ready');
  bridge.app.calls.startDraining();
  const after = await bridge.request('GET', '/ready');

  expect(before).toMatchObject({ status: 200, body: { status: 'ready' } });
  const names = (before.body['checks'] as { name: string }[]).map(({ name }) => name);
  expect(names.sort()).toEqual(['ai', 'capacity', 'database', 'draining', 'overload', 'records']);
  expect(after.status).toBe(503);
  expect(after.body['checks']).toContainEqual(expect.objectContaining({ name: 'draining', status: 'failing' }));
});
