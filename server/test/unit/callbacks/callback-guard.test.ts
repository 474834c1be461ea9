// Callbacks go to the open internet, and to nobody's own network unless the operator says so: whatever the URL looks like,
// whatever its name resolves to, and whatever that is changed to meanwhile. A refusal is a failed try like any other.

import type { LookupAddress } from 'node:dns';
import { urlGuard } from '../../../src/lib/url-guard';
import { until } from '../../support/until';
import { DeliveryRig } from './delivery-rig';

const HOUR_MS = 3_600_000;

let rig: DeliveryRig;
/** What names resolve to, one answer for each lookup; the last one goes on. */
let answers: string[][];
let lookups: number;

beforeEach(async () => {
  rig = await DeliveryRig.open();
  answers = [];
  lookups = 0;
});

afterEach(() => rig.close());

function start(allowsPrivateAddresses = false): void {
  const guard = urlGuard({
    allowsPrivateAddresses,
    resolve: (_name, _options, callback) => {
      lookups += 1;
      const found = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
      callback(null, found.map(asFound));
    },
  });
  rig.start({ guard });
}

function asFound(address: string): LookupAddress {
  return { address, family: address.includes(':') ? 6 : 4 };
}

/** The endpoint of the test, by another name or number. */
function at(host: string): string {
  return `http://${host}:${new URL(rig.endpoint.url).port}/hook`;
}

const REFUSED = { message: 'A status callback was not taken', fields: { code: 'URL_REFUSED', attempts: 1 } };

test.each([
  'localhost',
  'LOCALHOST.',
  'api.localhost',
  '127.0.0.1',
  '127.1',
  '0177.0.0.1',
  '0x7f.1',
  '2130706433',
  '017700000001',
  '127.0.0.1.',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::127.0.0.1]',
  'user:password@127.0.0.1',
  '1.1.1.1@127.0.0.1',
  '10.0.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '0.0.0.0',
  '169.254.169.254',
  '[fd00:ec2::254]',
])('an address of our own is refused without a connection: %s', async (host) => {
  rig.queue('a', { url: at(host) });
  start();
  await rig.failed(1);

  expect(rig.log.at('warn')).toMatchObject([REFUSED]);
  expect(rig.endpoint.deliveries).toEqual([]);
  expect(lookups).toBe(0);
});

test.each([
  ['this machine', ['127.0.0.1']],
  ['this machine in IPv6', ['::1']],
  ['this machine, IPv4 written as IPv6', ['::ffff:127.0.0.1']],
  ['a private network', ['10.1.2.3']],
  ['a metadata service', ['169.254.169.254']],
  ['a public and a private address', ['1.1.1.1', '127.0.0.1']],
  ['a private and a public address', ['127.0.0.1', '1.1.1.1']],
  ['nothing', []],
])('a name that resolves to %s is refused', async (_what, addresses) => {
  answers = [addresses];
  rig.queue('a', { url: at('hooks.example.com') });
  start();
  await rig.failed(1);

  expect(rig.log.at('warn')).toMatchObject([REFUSED]);
  expect(rig.endpoint.deliveries).toEqual([]);
});

test('a name is looked up once, by the connection itself: there is no moment in which it could change', async () => {
  answers = [['127.0.0.1'], ['10.0.0.1']];
  rig.queue('a', { url: at('hooks.example.com') });
  start(true);
  await until(() => rig.endpoint.deliveries.length === 1);

  expect(lookups).toBe(1);
});

test('a name that was allowed at the first try and is not at the next one is refused then', async () => {
  answers = [['127.0.0.1'], ['169.254.169.254']];
  rig.endpoint.replies.push({ status: 500, headers: { connection: 'close' } });
  rig.queue('a', { url: at('rebound.example.com') });
  start(true);
  await rig.failed(1);
  await rig.clock.advanceAsync(10_000);
  await rig.failed(2);

  expect(rig.log.at('warn').map(({ fields }) => fields['code'])).toEqual([undefined, 'URL_REFUSED']);
  expect(rig.endpoint.deliveries).toHaveLength(1);
});

test.each([301, 302, 303, 307, 308])('a redirect is followed nowhere, be it to this machine: %i', async (status) => {
  rig.endpoint.replies.push({ status, headers: { location: `${rig.endpoint.url}/private` } });
  rig.queue('a');
  start(true);
  await rig.failed(1);

  expect(rig.log.at('warn')).toMatchObject([{ fields: { httpStatus: status } }]);
  expect(rig.endpoint.deliveries.map(({ path }) => path)).toEqual(['/hook']);
});

test('a proxy of the environment is not used: it would look the name up past the guard', async () => {
  const before = { ...process.env };
  process.env['http_proxy'] = process.env['HTTP_PROXY'] = rig.endpoint.url;
  try {
    answers = [['127.0.0.1']];
    rig.queue('a', { url: 'http://hooks.example.com/hook' });
    start();
    await rig.failed(1);
  } finally {
    process.env = before;
  }

  expect(rig.log.at('warn')).toMatchObject([REFUSED]);
  expect(rig.endpoint.deliveries).toEqual([]);
});

test('a callback that is refused is given up in the end', async () => {
  rig.queue('a', { url: at('127.0.0.1') });
  start();
  for (let hour = 0; hour < 60 && rig.log.at('error').length === 0; hour += 0.5)
    await rig.clock.advanceAsync(HOUR_MS / 2);

  expect(rig.log.at('error')).toMatchObject([
    { message: 'A status callback was given up', fields: { code: 'URL_REFUSED' } },
  ]);
  expect(JSON.stringify(rig.log.lines)).not.toContain('127.0.0.1');
});

test('with the word of the operator, private addresses are called, and those of a cloud are not', async () => {
  rig.queue('a', { url: at('127.0.0.1') });
  rig.queue('b', { url: 'http://169.254.169.254/latest', callId: 'another' });
  start(true);
  await rig.failed(1);
  await until(() => rig.endpoint.deliveries.length === 1);

  expect(rig.log.at('warn')).toMatchObject([{ fields: { callbackId: 'b', code: 'URL_REFUSED' } }]);
});
