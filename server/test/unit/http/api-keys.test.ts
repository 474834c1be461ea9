// Attempts to get past the API keys, and what the log says of them.

import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import request from 'supertest';
import { HttpRig, problemFields } from './http-rig';

const KEYS = ['a-key-of-the-operator', 'another-key-of-theirs', 'a-third-key-of-somebody'];
const [KEY = ''] = KEYS;
const STATUS = '/api/ai-calls/status';

let rig: HttpRig;
let server: Server;

beforeEach(async () => {
  rig = new HttpRig({ apiKeys: KEYS });
  server = createServer(rig.app);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

/** The first line of what comes back for the very headers. */
async function statusLine(...headers: string[]): Promise<string | undefined> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write([`GET ${STATUS} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'));
  return (await text(socket)).split('\r\n')[0];
}

const OPEN = 'HTTP/1.1 200 OK';
const CLOSED = 'HTTP/1.1 401 Unauthorized';

test.each(KEYS)('each key opens: %s', async (key) => {
  expect(await statusLine(`Authorization: Bearer ${key}`)).toBe(OPEN);
});

test('whitespace around a header is none of the key', async () => {
  expect(await statusLine(`Authorization:\t Bearer ${KEY} \t`)).toBe(OPEN);
});

test.each([
  ['a tab instead of a space', `Authorization: Bearer\t${KEY}`],
  ['two spaces', `Authorization: Bearer  ${KEY}`],
  ['a space within', `Authorization: Bearer ${KEY.slice(0, 3)} ${KEY.slice(3)}`],
  ['something behind the key', `Authorization: Bearer ${KEY} ${KEY}`],
  ['a part of the key', `Authorization: Bearer ${KEY.slice(0, -1)}`],
  ['all keys', `Authorization: Bearer ${KEYS.join(',')}`],
  ['another case', `Authorization: Bearer ${KEY.toUpperCase()}`],
  ['a name of a key', 'Authorization: Bearer key-1'],
  ['a name and a key', `Authorization: Bearer key-1:${KEY}`],
  ['quotes', `Authorization: Bearer "${KEY}"`],
  ['another scheme', `Authorization: Basic ${Buffer.from(`${KEY}:`).toString('base64')}`],
  ['another header', `X-Api-Key: ${KEY}`],
  ['a header of a proxy', `Proxy-Authorization: Bearer ${KEY}`],
  ['a cookie', `Cookie: authorization=Bearer ${KEY}`],
  ['a very long value', `Authorization: Bearer ${KEY}${'a'.repeat(7_000)}`],
  ['bytes that are no text', `Authorization: Bearer ${KEY}\u00ff`],
])('%s does not', async (_what, header) => {
  expect(await statusLine(header)).toBe(CLOSED);
});

test('two headers do not, in whichever order', async () => {
  const [right, wrong] = [`Authorization: Bearer ${KEY}`, 'Authorization: Bearer wrong'];

  expect(await statusLine(right, wrong)).toBe(CLOSED);
  expect(await statusLine(wrong, right)).toBe(CLOSED);
  expect(await statusLine(right, right)).toBe(CLOSED);
});

test.each(['apiKey', 'api_key', 'key', 'token', 'access_token', 'authorization'])(
  'a key in the address does not: %s',
  async (name) => {
    problemFields(await request(rig.app).get(`${STATUS}?${name}=${KEY}`), 'UNAUTHORIZED');
    problemFields(await request(rig.app).get(`${STATUS}?${name}=Bearer%20${KEY}`), 'UNAUTHORIZED');
  },
);

test('a refusal says which scheme is expected, and nothing of what was sent', async () => {
  const answer = await request(rig.app).get(STATUS).set('Authorization', 'Bearer c4n4ry');

  expect(answer.headers['www-authenticate']).toBe('Bearer');
  expect(JSON.stringify([answer.headers, answer.text])).not.toContain('c4n4ry');
});

test('refusals are logged once a minute, with the address and never what was offered', async () => {
  for (let count = 0; count < 20; count += 1) await statusLine(`Authorization: Bearer c4n4ry-${count}`);
  rig.calls.clock.advance(60_000);
  await statusLine();

  const lines = rig.calls.log.at('warn');
  expect(lines.map(({ fields }) => fields)).toEqual([
    { remoteAddress: '127.0.0.1' },
    { remoteAddress: '127.0.0.1', leftOut: 19 },
  ]);
  expect(JSON.stringify(rig.calls.log.lines)).not.toContain('c4n4ry');
});

test('a right key beside a wrong one in the address causes no line', async () => {
  await request(rig.app).get(STATUS).set('Authorization', `Bearer ${KEY}`).expect(200);

  expect(rig.calls.log.at('warn')).toEqual([]);
});
