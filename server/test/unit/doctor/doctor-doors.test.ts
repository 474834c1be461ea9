// Whether what Telnyx sends to the public URL gets to this server: with the server running and without, and through
// proxies that work or break something.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { farEndSettings } from '../../../src/simulator/far-end-settings';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { signingKey } from '../../../src/simulator/simulated-telnyx/signing-key';
import { TestBridge } from '../../support/test-bridge';
import { DoctorRig } from './doctor-rig';
import { Proxy, type ProxyFault } from './proxy';

let rig: DoctorRig;
let proxy: Proxy | undefined;
let bridge: TestBridge | undefined;
let other: Server | undefined;
let another: SimulatedOpenai | undefined;

beforeEach(async () => {
  rig = await DoctorRig.start();
});

afterEach(async () => {
  await proxy?.close();
  await bridge?.close();
  other?.close();
  await another?.close();
  proxy = bridge = other = another = undefined;
  await rig.close();
});

async function behind(fault: ProxyFault): Promise<void> {
  proxy = await Proxy.start(rig.port, fault);
  rig.env = { ...rig.env, BASE_PUBLIC_URL: proxy.url };
}

/** The settings of a server that runs. */
async function running(): Promise<void> {
  bridge = await TestBridge.start();
  rig.env = {
    ...farEndSettings(bridge.telnyx, bridge.openai),
    PORT: new URL(bridge.url).port,
    BASE_PUBLIC_URL: bridge.url,
  };
}

const DOORS = ['server', 'public URL', 'webhooks', 'media stream'];

test('while the server does not run, the doctor answers in its place', async () => {
  await behind('none');

  const result = await rig.examine();

  expect(DOORS.map((check) => result.line(check).state)).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(result.line('server').found).toContain('does not run');
  expect(result.line('certificate').state).toBe('skipped');
  // It has let go of the port.
  await expect(fetch(`http://127.0.0.1:${rig.port}/`)).rejects.toThrow();
});

test('a server that runs is asked itself', async () => {
  await running();

  const result = await rig.examine();

  expect(DOORS.map((check) => result.line(check).state)).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(result.line('server').found).toMatch(/^runs at 127\.0\.0\.1:\d+$/);
  expect(result.exitCode).toBe(0);
});

test('a server that runs with other keys is a stranger', async () => {
  await running();
  another = await SimulatedOpenai.start({ apiKey: 'sk-another-0123456789' });
  rig.env = { ...rig.env, ...farEndSettings(rig.telnyx, another) };

  const result = await rig.examine();

  expect(result.line('server')).toMatchObject({
    state: 'fail',
    cure: expect.stringContaining('Start the server anew'),
  });
  expect(result.line('public URL')).toMatchObject({
    state: 'skipped',
    found: 'because what listens on the port is not this server',
  });
});

test.each([
  ['TELNYX_API_KEY', 'Telnyx key', 'KEY0123456789-wrong'],
  ['OPENAI_API_KEY', 'OpenAI key', 'sk-wrong-0123456789'],
])('with a wrong %s nobody can tell who listens: the %s is all that fails', async (name, check, key) => {
  await running();
  rig.env = { ...rig.env, [name]: key };

  const result = await rig.examine();

  expect(result.troubled).toEqual([check]);
  expect(result.line('server')).toMatchObject({
    state: 'skipped',
    found: expect.stringContaining('because a key is not accepted'),
  });
});

test.each([
  'https://localhost',
  'http://192.168.1.20:3000',
  'https://10.0.0.5',
  'https://[fd12::1]',
  'https://calls.local',
])(
  'a public URL %s, where the real Telnyx cannot get, is a fault of the settings, and is not asked',
  async (BASE_PUBLIC_URL) => {
    rig.env = { BASE_PUBLIC_URL, TELNYX_BASE_URL: 'https://api.invalid/v2', API_KEYS: 'crm:0123456789abcdef0123' };

    const result = await rig.examine();

    expect(result.line('settings')).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('Telnyx cannot reach this machine'),
      cure: expect.stringContaining('tunnel'),
    });
    for (const name of ['public URL', 'webhooks', 'media stream', 'certificate']) {
      expect(result.line(name)).toMatchObject({ state: 'skipped', found: expect.stringContaining('because') });
    }
  },
);

test('a public URL that is http is none for the real Telnyx', async () => {
  await behind('none');
  rig.env = {
    BASE_PUBLIC_URL: 'http://calls.invalid',
    TELNYX_BASE_URL: 'https://api.invalid/v2',
    API_KEYS: 'crm:0123456789abcdef0123',
  };

  expect((await rig.examine()).line('settings')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('BASE_PUBLIC_URL is http'),
  });
});

test('another program has the port', async () => {
  other = createServer((_request, response) => response.end('hello')).listen(rig.port, '127.0.0.1');
  await once(other, 'listening');

  const result = await rig.examine();

  expect(result.line('server')).toMatchObject({ state: 'fail', cure: expect.stringContaining('another PORT') });
  expect(result.line('public URL').state).toBe('skipped');
  expect(result.troubled).toEqual(['server']);
});

test('a HOST that this machine does not have', async () => {
  rig.env = { HOST: '203.0.113.1' };

  expect((await rig.examine()).line('server')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('EADDRNOTAVAIL'),
  });
});

test('a port that is not known yet', async () => {
  rig.env = { PORT: '0' };

  expect((await rig.examine()).line('server').state).toBe('skipped');
});

test.each<readonly [ProxyFault, string]>([
  ['redirects', 'it redirects (HTTP 301)'],
  ['finds-nothing', 'a proxy answers, and finds no server behind it (HTTP 502)'],
  ['is-another', 'another server answers (HTTP 200)'],
])('a public URL whose server %s', async (fault, found) => {
  await behind(fault);

  const result = await rig.examine();

  expect(result.line('public URL')).toMatchObject({ state: 'fail', found });
  expect(result.line('webhooks').state).toBe('skipped');
  expect(result.line('media stream').state).toBe('skipped');
  expect(result.troubled).toEqual(['public URL']);
});

test.each<readonly [ProxyFault, string, string]>([
  ['strips-upgrade', 'media stream', 'its Upgrade was taken off'],
  ['refuses-upgrade', 'media stream', 'does not get here (HTTP 400)'],
  ['rewrites-bodies', 'webhooks', 'bodies arrive changed'],
  ['refuses-posts', 'webhooks', 'does not get here (HTTP 405)'],
  ['guards-api', 'webhooks', 'not the one of this server (HTTP 401)'],
])('a proxy that %s', async (fault, check, found) => {
  await behind(fault);

  const result = await rig.examine();

  expect(result.line(check)).toMatchObject({ state: 'fail', found: expect.stringContaining(found) });
  expect(result.troubled).toEqual([check]);
});

test('a public URL with a path that the proxy does not take off', async () => {
  await behind('none');
  rig.env = { BASE_PUBLIC_URL: `${proxy!.url}/phone` };

  expect((await rig.examine()).line('public URL')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('whose path is not that of the URL'),
  });
});

test('a public URL that is no host', async () => {
  rig.env = { BASE_PUBLIC_URL: 'https://calls.invalid' };

  const result = await rig.examine();

  expect(result.line('public URL')).toMatchObject({ state: 'fail', found: expect.stringContaining('reached') });
  expect(result.line('certificate').state).toBe('fail');
});

test('a webhook that comes in meanwhile is refused in such a way that it comes again', async () => {
  let delivered = 0;
  // When the doctor asks through the public URL, it listens itself.
  other = createServer((_request, response) => {
    void deliver(`http://127.0.0.1:${rig.port}`).then((status) => {
      delivered = status;
      response.writeHead(502).end();
    });
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  rig.env = { BASE_PUBLIC_URL: `http://127.0.0.1:${port}` };

  await rig.examine();

  expect(delivered).toBe(503);
});

/** A genuine webhook, signed as Telnyx does. */
async function deliver(url: string): Promise<number> {
  const payload = { call_control_id: 'v3:x', from: '+12025550100', to: '+12025550123', client_state: null };
  const data = { id: 'e', event_type: 'call.hangup', occurred_at: new Date().toISOString(), payload };
  const body = JSON.stringify({ data });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = signingKey('ai-calls simulator').sign(timestamp, body);
  const response = await fetch(`${url}/api/webhooks/telnyx`, {
    method: 'POST',
    headers: { 'telnyx-signature-ed25519': signature, 'telnyx-timestamp': timestamp },
    body,
  });
  return response.status;
}
