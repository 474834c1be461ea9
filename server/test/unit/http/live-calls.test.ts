// GET /api/ai-calls/live: what goes on now, once and as a stream, over real connections. The test owns the time.

import request from 'supertest';
import { anEntry } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';
import { HttpRig, problemFields } from './http-rig';
import { type SseClient, TestServer } from './sse-client';

const LOOK_MS = 250;
const MAX_STREAMS = 50;

let rig: HttpRig;
let server: TestServer;

beforeEach(async () => {
  rig = new HttpRig();
  server = await TestServer.listen(rig.app);
});

afterEach(async () => {
  await server.close();
});

function open(): Promise<SseClient> {
  return server.open('/api/ai-calls/live');
}

function talk(talking: 'callee' | 'assistant' | 'both' | 'nobody'): void {
  rig.calls.conversations.last.talking = talking;
}

/** Who talks in the first call, as each snapshot that came has it. */
function talkers(client: SseClient): unknown[] {
  return client.events.map(({ data }) => (data['calls'] as { readonly talking: string }[])[0]?.talking);
}

test('a snapshot has who, who talks, for how long and at what cost', async () => {
  const callId = await rig.calls.talk();
  talk('callee');
  rig.lastReplies.onEntry(
    anEntry({ callId, type: 'reply.started', data: { latencyMs: 640 } }),
    await rig.calls.call(callId),
  );
  rig.calls.clock.advance(61_250);

  const { body, headers } = await request(rig.app)
    .get('/api/ai-calls/live')
    .expect(200)
    .expect('Vary', /Accept/);

  expect(headers['cache-control']).toBe('no-store');
  expect(body).toEqual({
    at: new Date(rig.calls.clock.nowMs()).toISOString(),
    calls: [
      {
        callId,
        status: 'in-progress',
        to: '+12025550123',
        from: '+12025550100',
        talking: 'callee',
        startedAt: new Date(ManualClock.START_MS).toISOString(),
        answeredAt: expect.any(String),
        durationSeconds: 61.3,
        costUsd: 0,
        lastReplyMs: 640,
        placedBy: null,
        metadata: {},
      },
    ],
  });
});

test('a call that is over is none, and its latency is forgotten', async () => {
  const callId = await rig.calls.talk();
  const call = await rig.calls.call(callId);
  const reply = anEntry({ callId, type: 'reply.started', data: { latencyMs: 640 } });
  rig.lastReplies.onEntry(reply, call);
  await rig.calls.end(callId);

  rig.lastReplies.onEntry(anEntry({ callId, type: 'call.completed' }), { ...call, status: 'completed' });
  rig.lastReplies.onEntry(reply, { ...call, status: 'completed' });

  expect((await request(rig.app).get('/api/ai-calls/live')).body).toMatchObject({ calls: [] });
  expect(rig.lastReplies.of(callId)).toBeUndefined();
});

test('a reader gets how it is at once, and each change after that', async () => {
  await rig.calls.talk();
  const client = await open();
  await client.received(1);

  talk('assistant');
  rig.calls.clock.advance(LOOK_MS);
  await client.received(2);
  talk('both');
  rig.calls.clock.advance(LOOK_MS);
  await client.received(3);

  expect(client.names).toEqual(['calls', 'calls', 'calls']);
  expect(talkers(client)).toEqual(['nobody', 'assistant', 'both']);
});

test('where nothing changes nothing is sent but the heartbeat', async () => {
  await rig.calls.talk();
  const client = await open();
  await client.received(1);

  for (let looks = 0; looks < 80; looks += 1) rig.calls.clock.advance(LOOK_MS);

  await until(() => client.text.includes('\n:\n'));
  expect(client.events).toHaveLength(1);
});

test('however often it changes, it is sent four times a second at most', async () => {
  await rig.calls.talk();
  const client = await open();
  await client.received(1);

  for (let ms = 0; ms < 1_000; ms += 10) {
    talk(ms % 20 === 0 ? 'callee' : 'assistant');
    await rig.calls.clock.advanceAsync(10);
  }

  expect(client.events.length).toBeLessThanOrEqual(5);
});

test('a reader who comes when another one looks on already is shown how it is now', async () => {
  await rig.calls.talk();
  talk('callee');
  const first = await open();
  await first.received(1);
  rig.calls.clock.advance(LOOK_MS);

  const second = await open();
  await second.received(1);

  expect(talkers(second)).toEqual(['callee']);
});

test('nothing runs when nobody looks on', async () => {
  const pending = rig.calls.clock.pendingTimers;
  const [first, second] = [await open(), await open()];
  await Promise.all([first.received(1), second.received(1)]);
  expect(rig.calls.clock.pendingTimers).toBeGreaterThan(pending);

  first.leave();
  second.leave();

  await until(() => rig.calls.clock.pendingTimers === pending);
});

test('a reader that takes nothing gets the newest when it is ready, not all that it has missed', async () => {
  for (let call = 0; call < 9; call += 1) {
    await rig.calls.place({ metadata: { note: 'x'.repeat(60_000) } });
  }
  const callId = await rig.calls.talk();
  const client = await server.openSlowly('/api/ai-calls/live');
  for (let change = 0; change < 100; change += 1) {
    talk(change % 2 === 0 ? 'callee' : 'assistant');
    await rig.calls.clock.advanceAsync(LOOK_MS);
  }
  talk('both');
  await rig.calls.clock.advanceAsync(LOOK_MS);

  client.read();

  const newest = (): unknown => (client.events.at(-1)?.data['calls'] as { callId: string; talking: string }[])?.at(-1);
  await until(() => (newest() as { talking?: string } | undefined)?.talking === 'both');
  expect(newest()).toMatchObject({ callId });
  expect(client.events.length).toBeLessThan(60);
});

test('there is an end to the streams, and a place again when one is left', async () => {
  const open50 = await Promise.all(Array.from({ length: MAX_STREAMS }, open));
  await Promise.all(open50.map((client) => client.received(1)));

  const refused = await request(server.url).get('/api/ai-calls/live').set('Accept', 'text/event-stream');
  problemFields(refused, 'TOO_MANY_STREAMS');
  expect((await request(server.url).get('/api/ai-calls/live')).status).toBe(200);

  const before = server.closedAnswers;
  open50[0]?.leave();
  await until(() => server.closedAnswers > before);
  await (await open()).received(1);
});

test('HEAD takes no place and waits for nothing', async () => {
  await request(rig.app).head('/api/ai-calls/live').set('Accept', 'text/event-stream').expect(200);

  expect(rig.calls.clock.pendingTimers).toBe(0);
});

test('without the key there is nothing to see', async () => {
  rig = new HttpRig({ apiKeys: ['a-secret-key'] });

  problemFields(await request(rig.app).get('/api/ai-calls/live').set('Accept', 'text/event-stream'), 'UNAUTHORIZED');
  problemFields(await request(rig.app).get('/api/ai-calls/live?key=a-secret-key'), 'UNAUTHORIZED');
});
