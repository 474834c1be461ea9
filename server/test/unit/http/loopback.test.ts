// Without keys the API is for this machine: neither what a tunnel or proxy brings, nor what a web page of somebody else in
// the operator's browser asks for, must get through.

import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { HttpRig } from './http-rig';

const CREATE = '/api/ai-calls/create';
const BODY = JSON.stringify({ to: '+12025550123' });

let rig: HttpRig;
let server: Server;
let port: number;

beforeEach(async () => {
  rig = new HttpRig();
  server = createServer(rig.app);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

type Answered = { readonly status: number | undefined; readonly code: unknown };

/** Tries to place a call. */
async function attempt(headers: Record<string, string>): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', ...headers };
    const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: CREATE, headers: all }, (response) => {
      text(response)
        .then((body) => resolve({ status: response.statusCode, code: (JSON.parse(body) as { code?: unknown }).code }))
        .catch(reject);
    });
    sent.on('error', reject).end(BODY);
  });
}

/** What comes back for the very bytes. */
function raw(lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write([...lines, 'Connection: close', 'Content-Type: application/json', '', ''].join('\r\n'));
  return text(socket);
}

const REFUSED = { status: 403, code: 'LOOPBACK_ONLY' };

test.each([
  'Forwarded',
  'Via',
  'X-Forwarded',
  'X-Forwarded-By',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Proto',
  'X-Forwarded-Server',
  'X-Forwarded-Ssl',
  'X-Forwarded-User',
  'X-Forwarded-Anything-New',
  'X-Real-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'X-Original-Host',
  'X-Original-Forwarded-For',
  'X-Original-URL',
  'X-Remote-IP',
  'X-ProxyUser-Ip',
  'CF-Connecting-IP',
  'CF-Ray',
  'CF-Visitor',
  'CF-IPCountry',
  'CDN-Loop',
  'True-Client-IP',
  'Fly-Client-IP',
  'Fly-Request-Id',
  'Fastly-Client-IP',
  'Fastly-FF',
  'X-Azure-ClientIP',
  'X-Azure-FDID',
  'X-ARR-LOG-ID',
  'X-Envoy-External-Address',
  'X-Envoy-Internal',
  'X-Amzn-Trace-Id',
  'X-Amz-Cf-Id',
  'X-Cloud-Trace-Context',
  'X-Appengine-User-IP',
  'X-Vercel-Forwarded-For',
  'X-Tunnel-Id',
  'Ngrok-Auth-User-Email',
  'Ngrok-Skip-Browser-Warning',
  'Tailscale-User-Login',
])('what came through a proxy or tunnel is refused, by %s', async (name) => {
  expect(await attempt({ [name]: '127.0.0.1' })).toEqual(REFUSED);
  expect(await attempt({ [name.toUpperCase()]: '' })).toEqual(REFUSED);
  expect(rig.calls.carrier.dials).toEqual([]);
});

test.each<[string, Record<string, string>]>([
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ['another site, whose origin is withheld', { 'sec-fetch-site': 'cross-site' }],
  ['a sandboxed frame', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
  ['another server of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:5173' }],
  ['an old browser that says its origin only', { origin: 'https://evil.example' }],
  ['a page that was opened as a file', { origin: 'null' }],
  ['a site whose name begins like ours', { origin: 'http://localhost.evil.example' }],
  ['the same host on another port', { origin: 'http://127.0.0.1:1' }],
  ['the same host by another protocol', { origin: 'chrome-extension://abcdefghijklmnop' }],
  ['a word of the future', { 'sec-fetch-site': 'cross-planet' }],
  ['no word', { 'sec-fetch-site': '' }],
])('a web page in the browser of the operator places no call: %s', async (_from, headers) => {
  expect(await attempt(headers)).toEqual(REFUSED);
  expect(rig.calls.carrier.dials).toEqual([]);
});

test('a form of another site is refused, whatever the content type that it can send', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    expect(await attempt({ origin: 'https://evil.example', 'content-type': type })).toEqual(REFUSED);
  }
});

test('our own page and a user who types in the address are answered', async () => {
  const own = `http://127.0.0.1:${port}`;

  expect(await attempt({ 'sec-fetch-site': 'same-origin', origin: own })).toMatchObject({ status: 201 });
  expect(await attempt({ 'sec-fetch-site': 'none' })).toMatchObject({ status: 201 });
  expect(await attempt({})).toMatchObject({ status: 201 });
});

test('a name that a browser was made to believe is this machine is refused by its Host', async () => {
  expect(await attempt({ host: 'rebound.evil.example', 'sec-fetch-site': 'same-origin' })).toEqual(REFUSED);
});

test.each([
  ['two hosts', 'GET /api/ai-calls/status HTTP/1.1', ['Host: localhost', 'Host: evil.example']],
  [
    'two hosts, the first of them strange',
    'GET /api/ai-calls/status HTTP/1.1',
    ['Host: evil.example', 'Host: localhost'],
  ],
  ['a whole address as for a proxy', 'GET http://evil.example/api/ai-calls/status HTTP/1.1', ['Host: localhost']],
  ['a whole address without a name', 'GET http:///api/ai-calls/status HTTP/1.1', ['Host: localhost']],
  ['no host at all, in an old protocol', 'GET /api/ai-calls/status HTTP/1.0', []],
])('a request with %s is not answered', async (_what, line, headers) => {
  expect(await raw([line, ...headers])).toMatch(/^HTTP\/1\.1 40[034] /);
});

test('a refusal is told in the log once a minute, with the address and nothing that was sent', async () => {
  for (let count = 0; count < 5; count += 1)
    await attempt({ via: 'c4n4ry', cookie: 'c4n4ry', authorization: 'c4n4ry' });
  rig.calls.clock.advance(60_000);
  await attempt({ via: 'c4n4ry' });

  expect(rig.calls.log.at('warn').map(({ fields }) => fields)).toEqual([
    { remoteAddress: '127.0.0.1' },
    { remoteAddress: '127.0.0.1', leftOut: 4 },
  ]);
});
