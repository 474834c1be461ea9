// What a caller reads when a call is refused by a rule: which rule, which setting is behind it, and when to try again.

import request from 'supertest';
import type { CallLimits } from '../../../src/calls/admission/admission';
import { settle } from '../../support/manual-clock';
import { HttpRig, problemFields } from './http-rig';

const TO = '+12025550123';
const LISTED = '+12025550166';
const KEY = 'a-key-of-twenty-chars';

function create(rig: HttpRig, body: object = {}, key = KEY): request.Test {
  return request(rig.app)
    .post('/api/ai-calls/create')
    .set('Authorization', `Bearer ${key}`)
    .send({ to: TO, ...body });
}

test('too many concurrent calls', async () => {
  const rig = new HttpRig({ apiKeys: [KEY], maxConcurrentCalls: 1 });
  await create(rig);

  const answer = await create(rig, { to: '+12025550124' });

  problemFields(answer, 'TOO_MANY_CALLS');
  expect(answer.body).toMatchObject({ setting: 'MAX_CONCURRENT_CALLS' });
  expect(answer.headers).toMatchObject({ 'retry-after': '5' });
});

test('too many calls a second', async () => {
  const rig = new HttpRig({ apiKeys: [KEY], limits: { callsPerSecond: 1 } });
  const waiting = [create(rig), create(rig), create(rig)].map((each) => each.then(({ status }) => status));
  while (rig.calls.clock.pendingTimers < 2) await settle();

  const answer = await create(rig);

  problemFields(answer, 'CALL_RATE_EXCEEDED');
  expect(answer.body).toMatchObject({ setting: 'CALLS_PER_SECOND' });
  expect(answer.headers).toMatchObject({ 'retry-after': '1' });
  await rig.calls.clock.advanceAsync(2_000);
  expect(await Promise.all(waiting)).toEqual([201, 201, 201]);
});

test('too many calls to one number, and none to another', async () => {
  const rig = new HttpRig({ apiKeys: [KEY], limits: { callsPerDestinationPerHour: 1 } });
  await create(rig);
  await rig.calls.clock.advanceAsync(600_000);

  const answer = await create(rig);

  problemFields(answer, 'DESTINATION_LIMIT_REACHED');
  expect(answer.body).toMatchObject({ setting: 'CALLS_PER_DESTINATION_PER_HOUR' });
  expect(answer.headers).toMatchObject({ 'retry-after': '3000' });
  expect(JSON.stringify(answer.body)).not.toContain(TO);
  expect((await create(rig, { to: '+12025550124' })).status).toBe(201);
});

test('too many calls by one key, and none by another', async () => {
  const other = 'another-key-of-twenty';
  const rig = new HttpRig({ apiKeys: [KEY, other], limits: { callsPerKeyPerDay: 1 } });
  await create(rig);

  const answer = await create(rig, { to: '+12025550124' });

  problemFields(answer, 'KEY_LIMIT_REACHED');
  expect(answer.body).toMatchObject({ setting: 'CALLS_PER_KEY_PER_DAY' });
  expect(answer.headers).toMatchObject({ 'retry-after': '86400' });
  expect((await create(rig, { to: '+12025550124' }, other)).status).toBe(201);
});

test('a body cannot say which key it came with', async () => {
  const rig = new HttpRig({ apiKeys: [KEY], limits: { callsPerKeyPerDay: 1 } });

  expect(problemFields(await create(rig, { placedBy: 'somebody-else' }), 'VALIDATION_FAILED')).toEqual(['placedBy']);
});

test.each([
  ['a number on the list', TO, 'DO_NOT_CALL', 'DO_NOT_CALL_FILE'],
  ['a country that is not allowed', '+4915112345678', 'DESTINATION_NOT_ALLOWED', 'ALLOWED_COUNTRIES'],
  ['a satellite', '+881612345678', 'PREMIUM_DESTINATION', undefined],
] as const)('%s', async (_what, to, code, setting) => {
  const rig = new HttpRig({ apiKeys: [KEY], doNotCall: [TO] });

  const answer = await create(rig, { to });

  expect(problemFields(answer, code)).toEqual(['to']);
  expect((answer.body as { setting?: string }).setting).toBe(setting);
  expect(answer.headers).not.toHaveProperty('retry-after');
  expect(rig.calls.carrier.dials).toEqual([]);
});

test('a number on the list to which a callee could be transferred', async () => {
  const rig = new HttpRig({ apiKeys: [KEY], doNotCall: ['+12025550177'] });

  const answer = await create(rig, { transferTargets: [{ name: 'Desk', to: '+12025550177' }] });

  expect(problemFields(answer, 'DO_NOT_CALL')).toEqual(['transferTargets.0.to']);
});

describe('a transfer', () => {
  /** A call in conversation, and a request to transfer it. */
  async function talking(limits: Partial<CallLimits>): Promise<{ rig: HttpRig; order: (to: string) => request.Test }> {
    const rig = new HttpRig({ apiKeys: [KEY], limits, sipDomains: ['pbx.example'], doNotCall: [LISTED] });
    const callId = String((await create(rig)).body.callId);
    await settle();
    await rig.calls.answer(callId);
    rig.calls.connectStream(callId);
    const order = (to: string): request.Test =>
      request(rig.app).post(`/api/ai-calls/${callId}/transfer`).set('Authorization', `Bearer ${KEY}`).send({ to });
    return { rig, order };
  }

  test('to a number that was called too often', async () => {
    const { order } = await talking({ transfersPerDestinationPerHour: 1 });

    const answer = await order(TO);

    problemFields(answer, 'DESTINATION_LIMIT_REACHED');
    expect(answer.body).toMatchObject({ setting: 'TRANSFERS_PER_DESTINATION_PER_HOUR' });
    expect(answer.headers).toMatchObject({ 'retry-after': '3600' });
    expect((await order('+12025550124')).status).toBe(202);
  });

  test.each(['+12025550124', 'sip:desk@pbx.example'])('to %s with a key that has had its calls', async (to) => {
    const { rig, order } = await talking({ callsPerKeyPerDay: 1 });

    const answer = await order(to);

    problemFields(answer, 'KEY_LIMIT_REACHED');
    expect(answer.body).toMatchObject({ setting: 'CALLS_PER_KEY_PER_DAY' });
    expect(answer.headers).toMatchObject({ 'retry-after': '86400' });
    expect(rig.calls.conversations.last.transfers).toEqual([]);
  });

  test('while too many calls are asked for', async () => {
    const { rig, order } = await talking({ callsPerSecond: 1 });
    for (let count = 0; count < 2; count += 1) void create(rig).then(() => undefined);
    while (rig.calls.clock.pendingTimers < 3) await settle();

    const answer = await order('+12025550124');

    problemFields(answer, 'CALL_RATE_EXCEEDED');
    expect(answer.body).toMatchObject({ setting: 'CALLS_PER_SECOND' });
    await rig.calls.clock.advanceAsync(3_000);
  });

  test('through a SIP host to somebody on the list', async () => {
    const { order } = await talking({});

    problemFields(await order(`sip:${LISTED}@pbx.example`), 'DO_NOT_CALL');
  });
});
