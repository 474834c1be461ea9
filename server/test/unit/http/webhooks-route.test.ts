import request from 'supertest';
import { aCarrierEvent } from '../../support/builders';
import { until } from '../../support/until';
import { HttpRig, problemFields } from './http-rig';

const BODY = '{ "data" :\t{"id":"é"} }';

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig({ apiKeys: ['a-key-that-telnyx-does-not-have'] });
  rig.webhooks.event = aCarrierEvent({ type: 'leg.ringing' });
});

function deliver(body: string | Buffer = BODY, type = 'application/json'): request.Test {
  return request(rig.app).post('/api/webhooks/telnyx').set('Content-Type', type).serialize(String).send(body);
}

test('is answered at once with 200 and no body, without an API key', async () => {
  const { status, text } = await deliver();

  expect([status, text]).toEqual([200, '']);
});

test('is answered before the work is done', async () => {
  const callId = await rig.calls.place();
  await rig.calls.end(callId);
  rig.calls.store.before = () => new Promise(() => undefined);
  rig.webhooks.event = aCarrierEvent({ type: 'leg.ringing' }, { callId });

  await deliver().expect(200);
});

test('is verified over the bytes as they came, with its headers', async () => {
  await deliver().set('Telnyx-Timestamp', '17').expect(200);

  expect(rig.webhooks.bodies).toEqual([BODY]);
  expect(rig.webhooks.headers[0]).toMatchObject({ 'telnyx-timestamp': '17' });
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8'])(
  'is read whatever its type: %s',
  async (type) => {
    await deliver(BODY, type).expect(200);

    expect(rig.webhooks.bodies).toEqual([BODY]);
  },
);

test('that cannot be verified is refused, and does nothing', async () => {
  const callId = await rig.calls.place();
  rig.webhooks.event = undefined;

  problemFields(await deliver(), 'WEBHOOK_REFUSED');
  expect(await rig.calls.status(callId)).toBe('initiated');
});

test('that is verified reaches its call', async () => {
  const callId = await rig.calls.place();
  rig.webhooks.event = aCarrierEvent({ type: 'leg.ringing' }, { callId });

  await deliver().expect(200);

  expect(await rig.calls.status(callId)).toBe('ringing');
});

test('whose work fails is answered all the same, and the failure is logged', async () => {
  const callId = await rig.calls.place();
  await rig.calls.end(callId);
  rig.calls.store.before = () => Promise.reject(new Error('locked'));
  rig.webhooks.event = aCarrierEvent({ type: 'leg.ringing' }, { callId });

  await deliver().expect(200);

  await rig.patiently(until(() => rig.calls.log.at('error').length === 1));
});

test('that is too large is refused before anything is verified', async () => {
  problemFields(await deliver('a'.repeat(300_000)), 'BODY_TOO_LARGE');
  expect(rig.webhooks.bodies).toEqual([]);
});

test('that is compressed is refused: the signature is over plain bytes', async () => {
  problemFields(await deliver().set('Content-Encoding', 'gzip'), 'MEDIA_TYPE_NOT_SUPPORTED');
});

test('without a body is left to the verification to refuse', async () => {
  rig.webhooks.event = undefined;

  problemFields(await request(rig.app).post('/api/webhooks/telnyx'), 'WEBHOOK_REFUSED');
});
