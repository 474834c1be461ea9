import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import request from 'supertest';
import type { LogFields } from '../../../src/calls/ports';
import { until } from '../../support/until';
import { HttpRig } from './http-rig';

const KEYS = ['a-key-of-the-operator', 'another-key-of-theirs'];
const WORDS = 'c4n4ry words';

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig({ apiKeys: KEYS });
});

function post(path: string, body: object = {}, key = KEYS[1]): request.Test {
  return request(rig.app).post(`/api/ai-calls${path}`).set('Authorization', `Bearer ${key}`).send(body);
}

function commands(): LogFields[] {
  return rig.calls.log.at('info').flatMap(({ message, fields }) => (message === 'Command' ? [fields] : []));
}

test('who placed which call is logged by the name of the key', async () => {
  const { body } = await post('/create', { to: '+12025550123', instructions: WORDS });

  expect(commands()).toEqual([
    { command: 'create', callId: (body as { callId: string }).callId, keyName: 'key-2', httpStatus: 201 },
  ]);
});

test('a call that was refused has no id', async () => {
  await post('/create', { to: 'nobody' });

  expect(commands()).toEqual([{ command: 'create', callId: undefined, keyName: 'key-2', httpStatus: 400 }]);
});

test.each(['hangup', 'interrupt', 'say', 'instructions', 'dtmf', 'transfer'])(
  'a command to a call is logged with its outcome and without its words: %s',
  async (command) => {
    const callId = await rig.calls.place();

    const { status } = await post(`/${callId}/${command}`, { text: WORDS, instructions: WORDS, to: WORDS }, KEYS[0]);

    expect(commands()).toEqual([{ command, callId, keyName: 'key-1', httpStatus: status }]);
    expect(JSON.stringify(rig.calls.log.lines)).not.toContain(WORDS);
    for (const key of KEYS) expect(JSON.stringify(rig.calls.log.lines)).not.toContain(key);
  },
);

/** The bytes of a request for a call. */
function creation(fields: object): string {
  const body = JSON.stringify(fields);
  const head = ['POST /api/ai-calls/create HTTP/1.1', 'Host: x', `Authorization: Bearer ${KEYS[0]}`];
  return [...head, 'Content-Type: application/json', `Content-Length: ${body.length}`, '', body].join('\r\n');
}

test('who hung up in the middle of the command is logged, too', async () => {
  const server = createServer(rig.app);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(creation({ to: '+12025550123' }).slice(0, -5));
  await once(server, 'request');

  client.destroy();
  await until(() => commands().length > 0);
  server.close();

  expect(commands()).toMatchObject([{ command: 'create', keyName: 'key-1', httpStatus: 400, isAborted: true }]);
  expect(rig.calls.carrier.dials).toEqual([]);
});

test('who placed a call and hung up before the answer is logged all the same, with the call', async () => {
  const server = createServer(rig.app);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const isAway = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
  rig.calls.store.before = async (operation) => {
    if (operation !== 'insert') return;
    client.destroy();
    await isAway;
  };

  client.write(creation({ to: '+12025550123' }));
  await until(() => commands().length > 0);
  server.close();

  const [dial] = rig.calls.carrier.dials;
  expect(commands()).toEqual([
    { command: 'create', callId: dial?.callId, keyName: 'key-1', httpStatus: 201, isAborted: true },
  ]);
});

test('a path in another form is the same command', async () => {
  const callId = await rig.calls.place();

  await post(`/${callId.toUpperCase()}/HangUp/`);

  expect(commands()).toMatchObject([{ command: 'hangup', callId }]);
});

test('reading is no command, and neither is what no route takes', async () => {
  const callId = await rig.calls.place();
  await request(rig.app).get('/api/ai-calls/status').set('Authorization', `Bearer ${KEYS[0]}`);
  await post(`/${callId}/${WORDS}`);
  await post(`/c4n4ry/hangup`);

  expect(commands()).toEqual([]);
});

test('a stranger causes no line of a command', async () => {
  await post('/create', { to: '+12025550123' }, 'a-key-that-is-wrong');

  expect(commands()).toEqual([]);
});

test('on this machine without keys there is no name', async () => {
  rig = new HttpRig();
  await request(rig.app).post('/api/ai-calls/create').send({ to: '+12025550123' }).expect(201);

  expect(commands()).toMatchObject([{ command: 'create', keyName: undefined }]);
});
