import request from 'supertest';
import { HttpRig, problemFields } from './http-rig';

const KEY = 'a-key-of-the-operator';
const OTHER_KEY = 'another-key-of-theirs';

describe('without keys', () => {
  const rig = new HttpRig();
  const get = (): request.Test => request(rig.app).get('/api/ai-calls/status');

  test('a direct request from this machine is answered', async () => {
    await get().expect(200);
  });

  test.each(['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000'])('the host may be %s', async (host) => {
    await get().set('Host', host).expect(200);
  });

  test.each([
    'bridge.example',
    'abc.ngrok.app',
    'localhost.evil.example',
    'evil.example#localhost',
    '127.0.0.1.evil.example',
    'localhost:3000@evil.example',
    '0.0.0.0',
    '',
  ])('the host may not be %j', async (host) => {
    problemFields(await get().set('Host', host), 'LOOPBACK_ONLY');
  });

  test.each([
    ['X-Forwarded-For', '203.0.113.5'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-For', ''],
    ['X-Forwarded-Host', 'localhost'],
    ['X-Forwarded-Proto', 'https'],
    ['Forwarded', 'for=127.0.0.1'],
    ['Via', '1.1 proxy'],
    ['X-Real-IP', '127.0.0.1'],
    ['CF-Connecting-IP', '203.0.113.5'],
    ['True-Client-IP', '203.0.113.5'],
    ['Fly-Client-IP', '203.0.113.5'],
  ])('a request that was forwarded is not direct: %s: %s', async (name, value) => {
    problemFields(await get().set(name, value), 'LOOPBACK_ONLY');
  });

  test('nothing can be done, not only not looked at', async () => {
    const answer = await request(rig.app)
      .post('/api/ai-calls/create')
      .set('Via', '1.1 proxy')
      .send({ to: '+12025550123' });

    problemFields(answer, 'LOOPBACK_ONLY');
    expect(rig.calls.carrier.dials).toEqual([]);
  });
});

describe('with keys', () => {
  const rig = new HttpRig({ apiKeys: [KEY, OTHER_KEY] });
  const get = (authorization?: string): request.Test => {
    const pending = request(rig.app).get('/api/ai-calls/status');
    return authorization === undefined ? pending : pending.set('Authorization', authorization);
  };

  test.each([`Bearer ${KEY}`, `Bearer ${OTHER_KEY}`, `bearer ${KEY}`])('%s opens', async (authorization) => {
    await get(authorization).expect(200);
  });

  test('a key opens through a proxy too', async () => {
    await get(`Bearer ${KEY}`).set('X-Forwarded-For', '203.0.113.5').set('Host', 'bridge.example').expect(200);
  });

  test.each([
    '',
    'Bearer',
    'Bearer ',
    `Basic ${KEY}`,
    KEY,
    `Bearer ${KEY}x`,
    `Bearer ${KEY.slice(1)}`,
    `Bearer  ${KEY}`,
    `Bearer ${KEY},${OTHER_KEY}`,
    'Bearer undefined',
  ])('%j does not', async (authorization) => {
    problemFields(await get(authorization), 'UNAUTHORIZED');
  });

  test('no header does not either, although the request comes from this machine', async () => {
    problemFields(await get(), 'UNAUTHORIZED');
  });

  test('a key in the address does not count', async () => {
    problemFields(await request(rig.app).get(`/api/ai-calls/status?apiKey=${KEY}`), 'UNAUTHORIZED');
  });

  test.each(['/create', '/status', '/x', '/x/hangup', '/x/interrupt', '/x/say', '/x/transfer', '/nothing/at/all'])(
    'no route under the API tells strangers anything: %s',
    async (path) => {
      problemFields(await request(rig.app).post(`/api/ai-calls${path}`), 'UNAUTHORIZED');
    },
  );
});

test.each(['/usage', '/status', '/x', '/x/transcript', '/x/events', '/x/recording'])(
  'nothing can be read by strangers: %s',
  async (path) => {
    const { app } = new HttpRig({ apiKeys: [KEY] });

    problemFields(await request(app).get(`/api/ai-calls${path}`), 'UNAUTHORIZED');
  },
);

test('readiness is for everybody', async () => {
  const rig = new HttpRig({ apiKeys: [KEY] });

  await request(rig.app).get('/ready').set('Via', '1.1 proxy').expect(200);
});

test('health is for everybody', async () => {
  const rig = new HttpRig({ apiKeys: [KEY] });

  const { body } = await request(rig.app).get('/health').set('Via', '1.1 proxy').expect(200);

  expect(body).toEqual({ status: 'ok', uptimeSeconds: expect.any(Number) });
});
