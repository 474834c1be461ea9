// Deliveries to an endpoint that takes them: what arrives, in which order, how often, and what ends a node's work.

import { createHmac } from 'node:crypto';
import { aCallId } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';
import { DeliveryRig } from './delivery-rig';

const LIMIT_MS = 5_000;
const CLAIM_MS = 30_000;

let rig: DeliveryRig;

beforeEach(async () => {
  rig = await DeliveryRig.open();
});

afterEach(async () => {
  await rig.close();
});

test('posts the body as it was written, as JSON', async () => {
  rig.queue('a', { body: '{"to":"é"}' });

  await rig.start().flush(LIMIT_MS);

  expect(rig.endpoint.deliveries).toMatchObject([{ path: '/hook', body: '{"to":"é"}' }]);
  const { headers } = rig.endpoint.deliveries[0]!;
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'ai-calls' });
  expect(headers).toMatchObject({ 'webhook-id': 'a', 'webhook-timestamp': String(ManualClock.START_MS / 1_000) });
  expect(headers['webhook-signature']).toBeUndefined();
});

test('signs what is sent, when there is a secret', async () => {
  const key = Buffer.alloc(32, 7);
  rig.queue('a', { body: '{"to":"é"}' });

  await rig.start({ secret: `whsec_${key.toString('base64')}` }).flush(LIMIT_MS);

  const { headers, body } = rig.endpoint.deliveries[0]!;
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const mac = createHmac('sha256', key).update(signed).digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${mac}`);
});

test('delivers what a node before it has left', async () => {
  for (const id of ['a', 'b', 'c']) rig.queue(id);

  await rig.start().flush(LIMIT_MS);

  expect(rig.endpoint.bodies).toEqual(['a', 'b', 'c']);
  expect(rig.outbox.states()).toEqual(['delivered', 'delivered', 'delivered']);
});

test('delivers what is new as soon as it is told', async () => {
  const delivery = rig.start();
  await delivery.flush(LIMIT_MS);

  rig.queue('a');
  delivery.wake();

  await until(() => rig.endpoint.bodies.length === 1);
});

test('finds what another node has written within half a minute', async () => {
  await rig.start().flush(LIMIT_MS);
  rig.queue('a');

  await rig.clock.advanceAsync(29_999);
  expect(rig.endpoint.bodies).toEqual([]);
  await rig.clock.advanceAsync(1);

  await until(() => rig.endpoint.bodies.length === 1);
});

test('keeps the order of a call when its first callback fails', async () => {
  rig.endpoint.replies.push(500);
  for (const id of ['a', 'b', 'c']) rig.queue(id);
  const delivery = rig.start();
  await rig.failed(1);
  expect(rig.endpoint.bodies).toEqual(['a']);

  await rig.clock.advanceAsync(5_000);
  await delivery.flush(LIMIT_MS);

  expect(rig.endpoint.bodies).toEqual(['a', 'a', 'b', 'c']);
});

test('never sends again what was received', async () => {
  rig.queue('a');
  await rig.start().flush(LIMIT_MS);

  await rig.clock.advanceAsync(48 * 60 * 60 * 1_000);

  expect(rig.endpoint.bodies).toEqual(['a']);
});

test('is recognised as a repeat when the node was lost before it could note the delivery', async () => {
  rig.queue('a');
  rig.outbox.before = (operation) => (operation === 'markDelivered' ? new Promise(() => undefined) : Promise.resolve());
  const lost = rig.start();
  await until(() => rig.endpoint.bodies.length === 1);
  lost.close();
  rig.outbox.before = () => Promise.resolve();

  const next = rig.start();
  await rig.clock.advanceAsync(CLAIM_MS);
  await until(() => rig.endpoint.bodies.length === 2);
  await next.flush(LIMIT_MS);

  const [first, second] = rig.endpoint.deliveries;
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
  expect(second!.headers['webhook-timestamp']).not.toBe(first!.headers['webhook-timestamp']);
  expect(rig.outbox.states()).toEqual(['delivered']);
});

test('two nodes on one outbox deliver everything once', async () => {
  for (let number = 0; number < 40; number += 1) rig.queue(`${number}`, { callId: aCallId(number % 10) });

  await Promise.all([rig.start().flush(LIMIT_MS), rig.start().flush(LIMIT_MS)]);
  await until(() => rig.outbox.states().every((state) => state === 'delivered'));

  expect(new Set(rig.endpoint.bodies).size).toBe(40);
  expect(rig.endpoint.bodies).toHaveLength(40);
});

test('has at most twenty requests under way', async () => {
  rig.endpoint.reply = () => 'hang';
  for (let number = 0; number < 30; number += 1) rig.queue(`${number}`, { callId: aCallId(number) });

  rig.start();
  await until(() => rig.endpoint.bodies.length === 20);
  await rig.clock.advanceAsync(100);

  expect(rig.endpoint.bodies).toHaveLength(20);
});

test('flush waits for the whole queue of a call, but not for what is due later', async () => {
  rig.endpoint.reply = ({ body }) => (body === 'later' ? 500 : 200);
  rig.queue('later', { callId: aCallId(2) });
  rig.queue('behind', { callId: aCallId(2) });
  for (const id of ['a', 'b', 'c']) rig.queue(id);

  await rig.start().flush(LIMIT_MS);

  expect(rig.outbox.states()).toEqual(['waiting', 'waiting', 'delivered', 'delivered', 'delivered']);
});

test('flush ends at its limit', async () => {
  rig.endpoint.replies.push('hang');
  rig.queue('a');
  const delivery = rig.start();
  await until(() => rig.endpoint.bodies.length === 1);

  const flushed = delivery.flush(1_000);
  await rig.clock.advanceAsync(1_000);

  await flushed;
  expect(rig.outbox.states()).toEqual(['waiting']);
});

test('leaves what is on its way in the outbox when it is closed, and uses neither timers nor the outbox any more', async () => {
  rig.endpoint.replies.push('hang');
  rig.queue('a');
  rig.queue('b');
  const delivery = rig.start();
  await until(() => rig.endpoint.bodies.length === 1);
  const flushed = delivery.flush(LIMIT_MS);

  delivery.close();
  delivery.close();
  rig.outbox.before = (operation) => Promise.reject(new Error(`${operation} after the end`));
  await flushed;
  await delivery.flush(LIMIT_MS);
  delivery.wake();
  await rig.clock.advanceAsync(60_000);

  expect(rig.clock.pendingTimers).toBe(0);
  expect(rig.log.lines).toEqual([]);
  rig.outbox.before = () => Promise.resolve();
  const due = { nowMs: rig.clock.nowMs(), claimedUntilMs: rig.clock.nowMs() + CLAIM_MS, limit: 5 };
  expect(await rig.outbox.claimDue(due)).toMatchObject([{ callbackId: 'a', attempts: 0 }]);
});
