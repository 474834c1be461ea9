/** The life of a simulated call: webhooks in order, signatures, outcomes, limits, and how it ends. */
import { createPublicKey, verify } from 'node:crypto';
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import type { SimulatedTelnyxOptions } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import type { Json, ReceivedWebhook } from './simulated-telnyx-harness';
import { act, api, ServerUnderTest } from './simulated-telnyx-harness';

const TO = '+12025550199';

let server: ServerUnderTest;
let telnyx: SimulatedTelnyx;

async function start(options: SimulatedTelnyxOptions = {}): Promise<void> {
  server = await ServerUnderTest.start();
  telnyx = await SimulatedTelnyx.start(options);
  telnyx.setDefaultScript({ ringMs: 20 });
}

async function dial(changes: Json = {}): Promise<unknown> {
  const { status, json } = await api(telnyx, '/calls', { body: server.dialBody(telnyx, changes) });
  expect(status).toBe(200);
  return json['data'];
}

function isSignedBy(publicKey: string, { headers, raw }: ReceivedWebhook): boolean {
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey, 'base64')]),
    format: 'der',
    type: 'spki',
  });
  const signature = Buffer.from(String(headers['telnyx-signature-ed25519']), 'base64');
  return verify(null, Buffer.from(`${String(headers['telnyx-timestamp'])}|${raw}`), key, signature);
}

afterEach(async () => {
  await telnyx.close();
  await server.close();
});

test('answers a dial with the ids of a leg that is not alive yet', async () => {
  await start();

  const data = await dial();

  const leg = await telnyx.nextLeg({ to: TO });
  expect(data).toEqual({
    call_control_id: leg.carrierCallId,
    call_leg_id: leg.legId,
    call_session_id: leg.sessionId,
    is_alive: false,
    record_type: 'call',
  });
});

test('tells the whole story of a call in webhooks, in order', async () => {
  await start();
  await dial();
  const leg = await telnyx.nextLeg();
  await leg.until('stream-started');
  await server.webhook('streaming.started');

  leg.hangUp();

  const hangup = await server.webhook('call.hangup');
  expect(telnyx.webhooks.map(({ eventType }) => eventType)).toEqual([
    'call.initiated',
    'call.answered',
    'streaming.started',
    'streaming.stopped',
    'call.hangup',
  ]);
  expect(hangup.data.payload).toMatchObject({
    call_control_id: leg.carrierCallId,
    client_state: Buffer.from('call-1').toString('base64'),
    connection_id: telnyx.connectionId,
    from: telnyx.fromNumber,
    to: TO,
    state: 'hangup',
    hangup_cause: 'normal_clearing',
    hangup_source: 'callee',
    sip_hangup_cause: '200',
    call_quality_stats: { inbound: { mos: '4.50' } },
  });
});

test('signs every webhook with the key it publishes', async () => {
  await start();

  await dial();

  const webhook = await server.webhook('call.answered');
  expect(Buffer.from(telnyx.publicKey, 'base64')).toHaveLength(32);
  expect(isSignedBy(telnyx.publicKey, webhook)).toBe(true);
  expect(webhook.meta).toMatchObject({ attempt: 1 });
});

test('derives the key pair from its seed', async () => {
  await start({ keySeed: 'one' });
  const again = await SimulatedTelnyx.start({ keySeed: 'one' });
  const other = await SimulatedTelnyx.start({ keySeed: 'two' });

  expect(again.publicKey).toBe(telnyx.publicKey);
  expect(other.publicKey).not.toBe(telnyx.publicKey);

  await again.close();
  await other.close();
});

test('signs with a wrong key when told to', async () => {
  await start();
  telnyx.webhookFaults.badSignature = true;

  await dial();

  expect(isSignedBy(telnyx.publicKey, await server.webhook('call.initiated'))).toBe(false);
});

test('delivers an event again with the same id when the answer is 503', async () => {
  await start();
  server.webhookStatus = ({ meta }) => (meta.attempt === 1 ? 503 : 200);

  await dial();

  const second = await telnyx.webhook('call.answered', ({ attempt }) => attempt === 2);
  const tries = telnyx.webhooks.filter(({ eventType }) => eventType === 'call.answered');
  expect(tries.map(({ attempt, httpStatus }) => [attempt, httpStatus])).toEqual([
    [1, 503],
    [2, 200],
  ]);
  expect(tries[0]?.eventId).toBe(second.eventId);
});

test('gives up after three tries, and at once when the answer is 404', async () => {
  await start();
  server.webhookStatus = ({ data }) => (data.event_type === 'call.initiated' ? 500 : 404);

  await dial();

  await telnyx.webhook('call.initiated', ({ attempt }) => attempt === 3);
  const answered = telnyx.webhooks.filter(({ eventType }) => eventType === 'call.answered');
  expect(answered.map(({ attempt }) => attempt)).toEqual([1]);
});

test('takes an unanswered webhook for lost after two seconds and tries again', async () => {
  await start();
  server.webhookStatus = ({ meta }) => (meta.attempt === 1 ? undefined : 200);

  await dial();

  const first = await telnyx.webhook('call.initiated');
  const second = await telnyx.webhook('call.initiated', ({ attempt }) => attempt === 2);
  expect(first.httpStatus).toBeUndefined();
  expect(second.atMs - first.atMs).toBeGreaterThan(1_950);
});

test('delivers doubles, late, out of order or not at all when told to', async () => {
  await start();
  telnyx.webhookFaults = { duplicate: true, reorder: true, delayMs: 10, drop: (type) => type === 'streaming.started' };

  await dial();
  const leg = await telnyx.nextLeg();
  await leg.until('stream-started');
  leg.hangUp();

  await telnyx.webhook('call.hangup');
  const types = telnyx.webhooks.map(({ eventType }) => eventType);
  expect(types.slice(0, 4)).toEqual(['call.answered', 'call.answered', 'call.initiated', 'call.initiated']);
  expect(types).not.toContain('streaming.started');
});

test('can deliver call.initiated before the dial is answered', async () => {
  await start();
  telnyx.webhookFaults.beforeDialResponse = true;

  await dial();

  expect(server.eventTypes()).toContain('call.initiated');
});

test.each([
  ['busy', 'user_busy', 'callee', '486'],
  ['reject', 'call_rejected', 'callee', '603'],
  ['not-found', 'not_found', 'unknown', '404'],
  ['no-answer', 'no_answer', 'callee', '480'],
] as const)('ends a call to a phone with outcome %s as %s', async (outcome, cause, source, sipCode) => {
  await start();
  telnyx.script(TO, { outcome, ringMs: 10 });

  await dial();

  const { data } = await server.webhook('call.hangup');
  expect(data.payload).toMatchObject({
    hangup_cause: cause,
    hangup_source: source,
    sip_hangup_cause: sipCode,
    call_quality_stats: null,
  });
  expect(server.eventTypes()).not.toContain('call.answered');
});

test('gives up ringing after timeout_secs', async () => {
  await start({ secondMs: 10 });
  telnyx.script(TO, { outcome: 'no-answer' });

  await dial({ timeout_secs: 5 });

  const leg = await telnyx.nextLeg();
  expect(await leg.until('ended')).toMatchObject({ cause: 'timeout' });
});

test('hangs up an answered call after time_limit_secs', async () => {
  await start({ secondMs: 5 });

  await dial({ time_limit_secs: 30 });

  const leg = await telnyx.nextLeg();
  expect(await leg.until('ended')).toMatchObject({ cause: 'time_limit' });
});

test('cancels a ringing call on the hangup command, and refuses commands after the end', async () => {
  await start();
  telnyx.script(TO, { ringMs: 5_000 });
  await dial();
  const leg = await telnyx.nextLeg();
  await leg.until('ringing');

  const first = await act(telnyx, leg.carrierCallId, ['hangup']);
  const second = await act(telnyx, leg.carrierCallId, ['hangup']);

  expect(first).toMatchObject({ status: 200, json: { data: { result: 'ok' } } });
  expect(leg).toMatchObject({ state: 'ended', hangupCause: 'originator_cancel', hangupSource: 'caller' });
  expect(second).toMatchObject({ status: 422, json: { errors: [{ code: '90018' }] } });
  await telnyx.allLegsDown();
});

test('reports a call while it lives and after it has ended', async () => {
  await start();
  await dial();
  const leg = await telnyx.nextLeg();
  await leg.until('answered');
  const path = `/calls/${encodeURIComponent(leg.carrierCallId)}`;
  const activePath = `/connections/${telnyx.connectionId}/active_calls`;

  const alive = await api(telnyx, path, { method: 'GET' });
  const active = await api(telnyx, activePath, { method: 'GET' });
  await act(telnyx, leg.carrierCallId, ['hangup']);
  const ended = await api(telnyx, path, { method: 'GET' });
  const none = await api(telnyx, activePath, { method: 'GET' });

  expect(alive.json['data']).toMatchObject({ call_control_id: leg.carrierCallId, is_alive: true });
  expect(active.json['data']).toMatchObject([{ call_control_id: leg.carrierCallId, record_type: 'call' }]);
  expect(ended.json['data']).toMatchObject({ is_alive: false, end_time: expect.any(String) });
  expect(none.json['data']).toEqual([]);
});

test('speaks for as long as the text takes, with webhooks at both ends', async () => {
  await start();
  await dial();
  const leg = await telnyx.nextLeg();
  await leg.until('answered');

  const result = await act(telnyx, leg.carrierCallId, ['speak', { payload: 'Bye.', voice: 'female' }]);

  expect(result.status).toBe(200);
  const started = await telnyx.webhook('call.speak.started');
  const ended = await telnyx.webhook('call.speak.ended');
  expect(ended.payload).toMatchObject({ status: 'completed' });
  expect(ended.atMs - started.atMs).toBeGreaterThan(380);
  expect(ended.atMs - started.atMs).toBeLessThan(900);
});

test('cuts an announcement off when the call ends', async () => {
  await start();
  await dial();
  const leg = await telnyx.nextLeg();
  await leg.until('answered');
  await act(telnyx, leg.carrierCallId, ['speak', { payload: 'A very long farewell.', voice: 'female' }]);
  await telnyx.webhook('call.speak.started');

  leg.hangUp();

  expect((await telnyx.webhook('call.speak.ended')).payload).toMatchObject({ status: 'call_hangup' });
});

test('reports machine detection, recordings and cost when asked for', async () => {
  await start({ isCostReported: true });
  telnyx.script(TO, { ringMs: 0, machineDetection: [{ afterMs: 0, kind: 'greeting', result: 'beep_detected' }] });
  await dial({ answering_machine_detection: 'premium', record: 'record-from-answer' });
  const greeting = await telnyx.webhook('call.machine.premium.greeting.ended');

  (await telnyx.nextLeg()).hangUp();

  expect(greeting.payload).toMatchObject({ result: 'beep_detected' });
  expect((await telnyx.webhook('call.recording.saved')).payload).toMatchObject({ channels: 'dual', format: 'mp3' });
  expect((await telnyx.webhook('call.cost')).payload).toMatchObject({ status: 'success', total_cost: '0.0089' });
});

test('reports the cost as the bill has it: in parts that add up, and without naming the parties', async () => {
  await start({ isCostReported: true });
  await dial();
  const leg = await telnyx.nextLeg();
  await leg.until('answered');

  leg.hangUp();

  const part = { currency: 'USD', billed_duration_secs: 60 };
  expect((await telnyx.webhook('call.cost')).payload).toEqual({
    call_control_id: leg.carrierCallId,
    call_leg_id: leg.legId,
    call_session_id: leg.sessionId,
    connection_id: telnyx.connectionId,
    client_state: leg.clientState,
    status: 'success',
    total_cost: '0.0070',
    billed_duration_secs: 60,
    billing_group_id: null,
    cost_parts: [
      { call_part: 'sip-trunking', cost: '0.0050', rate: '0.00500', ...part },
      { call_part: 'call-control', cost: '0.0020', rate: '0.00200', ...part },
    ],
    occurred_at: expect.any(String),
  });
});
