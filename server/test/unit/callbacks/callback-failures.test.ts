// Endpoints and databases that fail: what is tried again and when, what is given up, and who has to wait for whom.

import { aCallId } from '../../support/builders';
import { until } from '../../support/until';
import { DeliveryRig, Endpoint } from './delivery-rig';

const LIMIT_MS = 5_000;
const HOUR_MS = 3_600_000;

let rig: DeliveryRig;
/** Another server of a user. */
let dead: Endpoint;

beforeEach(async () => {
  rig = await DeliveryRig.open();
  dead = new Endpoint();
  dead.reply = () => 'hang';
  await dead.listen();
});

afterEach(async () => {
  await rig.close();
  await dead.close();
});

test.each([301, 302, 307, 308, 400, 401, 404, 408, 425, 500, 502])(
  'an answer of %i is a failure, and nothing is sent elsewhere',
  async (status) => {
    rig.endpoint.replies.push(status);
    rig.queue('a');

    await rig.start().flush(LIMIT_MS);

    expect(rig.endpoint.deliveries.map(({ path }) => path)).toEqual(['/hook']);
    expect(rig.outbox.states()).toEqual(['waiting']);
    expect(rig.outbox.waitMs('a')).toBe(5_000);
    expect(rig.log.at('warn')[0]?.fields).toMatchObject({ callbackId: 'a', attempts: 1, httpStatus: status });
  },
);

test.each([200, 201, 202, 204, 299])('an answer of %i means that it was received', async (status) => {
  rig.endpoint.replies.push(status);
  rig.queue('a');

  await rig.start().flush(LIMIT_MS);

  expect(rig.outbox.states()).toEqual(['delivered']);
});

test('an endpoint that is gone is not asked again, and the next one of the call has its turn', async () => {
  rig.endpoint.replies.push(410);
  rig.queue('a');
  rig.queue('b');

  await rig.start().flush(LIMIT_MS);

  expect(rig.outbox.states()).toEqual(['given-up', 'delivered']);
  expect(rig.log.at('error')[0]?.fields).toMatchObject({ callId: aCallId(), callbackId: 'a', httpStatus: 410 });
});

test.each([
  ['seconds', '120', 120_000],
  ['a date', new Date(Date.parse('2026-11-20T12:03:00.000Z')).toUTCString(), 180_000],
  ['more than an hour', '86400', HOUR_MS],
  ['less than the usual wait', '0', 5_000],
  ['a time that is past', 'Wed, 21 Oct 2015 07:28:00 GMT', 5_000],
  ['something else', 'soon', 5_000],
])('an endpoint that is busy may ask for patience: %s', async (_what, retryAfter, waitMs) => {
  rig.endpoint.replies.push({ status: 429, headers: { 'retry-after': retryAfter } });
  rig.queue('a');

  await rig.start().flush(LIMIT_MS);

  expect(rig.outbox.waitMs('a')).toBe(waitMs);
});

test('is tried for a day, given up and logged; then the next one of the call is tried some times', async () => {
  rig.endpoint.reply = () => 500;
  rig.queue('a');
  rig.queue('b');
  const delivery = rig.start();

  for (let hour = 0; hour < 25; hour += 0.5) {
    await delivery.flush(LIMIT_MS);
    await rig.clock.advanceAsync(HOUR_MS / 2);
  }
  await delivery.flush(LIMIT_MS);
  await until(() => rig.outbox.states().every((state) => state === 'given-up'));

  expect(rig.endpoint.bodies.filter((body) => body === 'a').length).toBeGreaterThan(12);
  const triesOfNext = rig.endpoint.bodies.filter((body) => body === 'b').length;
  expect(triesOfNext).toBeGreaterThanOrEqual(4);
  expect(triesOfNext).toBeLessThan(7);
  expect(rig.log.at('error').map(({ fields }) => fields['callbackId'])).toEqual(['a', 'b']);
});

test('an endpoint that never answers is a failure after five seconds', async () => {
  rig.endpoint.replies.push('hang');
  rig.queue('a');
  rig.start();
  await until(() => rig.endpoint.bodies.length === 1);

  await rig.clock.advanceAsync(4_999);
  expect(rig.outbox.attempts('a')).toBe(0);
  await rig.clock.advanceAsync(1);
  await rig.failed(1);

  expect(rig.log.at('warn')[0]?.fields).toMatchObject({ attempts: 1, code: 'ETIMEDOUT', httpStatus: undefined });
});

test('an answer without an end is cut off, and its status counts', async () => {
  let written = 0;
  rig.endpoint.reply = (_delivery, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384))) written += 1;
    };
    response.on('drain', more);
    more();
    return undefined;
  };
  rig.queue('a');

  await rig.start().flush(LIMIT_MS);

  expect(rig.outbox.states()).toEqual(['delivered']);
  expect(written).toBeLessThan(1_000);
});

test('an answer that drips for ever ends at the time limit, and its status counts', async () => {
  rig.endpoint.reply = (_delivery, response) => {
    response.writeHead(200).write('.');
    return undefined;
  };
  rig.queue('a');
  rig.start();
  await until(() => rig.endpoint.bodies.length === 1);

  await until(async () => {
    await rig.clock.advanceAsync(5_000);
    return rig.outbox.states()[0] === 'delivered';
  });
});

test('an endpoint where nobody listens is logged without its address, which may be a secret', async () => {
  rig.queue('a', { url: 'http://127.0.0.1:1/canary' });

  await rig.start().flush(LIMIT_MS);

  expect(rig.log.at('warn')[0]?.fields).toMatchObject({ callId: aCallId(), attempts: 1, code: 'ECONNREFUSED' });
  expect(JSON.stringify(rig.log.lines)).not.toContain('canary');
});

test('a slow endpoint of one call does not delay another call', async () => {
  rig.endpoint.replies.push('hang');
  rig.queue('slow');
  const delivery = rig.start();
  await until(() => rig.endpoint.bodies.length === 1);

  rig.queue('other', { callId: aCallId(2) });
  delivery.wake();

  await until(() => rig.outbox.states()[1] === 'delivered');
  expect(rig.outbox.states()).toEqual(['waiting', 'delivered']);
});

test('a server that is known to be silent holds two places at most', async () => {
  const hang = { url: dead.url };
  rig.queue('first', { ...hang, callId: aCallId(100) });
  const delivery = rig.start();
  await until(() => dead.bodies.length === 1);
  await rig.clock.advanceAsync(5_000);
  await rig.failed(1);

  for (let number = 0; number < 60; number += 1) rig.queue(`dead-${number}`, { ...hang, callId: aCallId(number) });
  rig.queue('alive', { callId: aCallId(200) });
  delivery.wake();

  await until(() => rig.endpoint.bodies.length === 1);
  expect(rig.endpoint.bodies).toEqual(['alive']);
  await until(() => dead.bodies.length === 3);
  expect(rig.outbox.attempts('dead-59')).toBe(0);
});

test('a server that answers again has all places again', async () => {
  rig.endpoint.replies.push('hang');
  rig.queue('a');
  const delivery = rig.start();
  await until(() => rig.endpoint.bodies.length === 1);
  await rig.clock.advanceAsync(5_000);
  await rig.failed(1);
  await rig.clock.advanceAsync(5_000);
  await delivery.flush(LIMIT_MS);

  rig.endpoint.reply = () => 'hang';
  for (let number = 0; number < 10; number += 1) rig.queue(`${number}`, { callId: aCallId(number) });
  delivery.wake();

  await until(() => rig.endpoint.bodies.length === 12);
});

describe('a database that does not answer', () => {
  test('is asked again every five seconds, and complained about once a minute', async () => {
    rig.outbox.before = () => Promise.reject(new Error('away'));
    rig.queue('a');
    rig.start();

    await rig.clock.advanceAsync(119_000);
    expect(rig.log.at('warn')).toHaveLength(2);
    rig.outbox.before = () => Promise.resolve();
    await rig.clock.advanceAsync(5_000);

    await until(() => rig.outbox.states()[0] === 'delivered');
  });

  test('does not make that something is sent twice', async () => {
    rig.outbox.before = (operation) =>
      operation === 'markDelivered' ? Promise.reject(new Error('away')) : Promise.resolve();
    rig.queue('a');
    rig.queue('b');
    const delivery = rig.start();
    await rig.failed(1);

    // The claim lapses meanwhile.
    await rig.clock.advanceAsync(90_000);
    rig.outbox.before = () => Promise.resolve();
    await rig.clock.advanceAsync(5_000);
    await delivery.flush(LIMIT_MS);

    expect(rig.endpoint.bodies).toEqual(['a', 'b']);
  });
});
