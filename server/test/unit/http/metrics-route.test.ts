import request from 'supertest';
import { HttpRig, problemFields } from './http-rig';

const KEY = 'a-key-of-the-operator';
const TEXT = '# HELP calls_active Calls.\ncalls_active 3\n';
const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const metrics = { contentType: TYPE, text: () => Promise.resolve(TEXT) };

test('the figures come as they are, in their own type', async () => {
  const answer = await request(new HttpRig({ metrics }).app).get('/metrics').expect(200);

  expect(answer.text).toBe(TEXT);
  expect(answer.headers['content-type']).toBe(TYPE);
});

test('the figures are for this machine only while there are no keys', async () => {
  const { app } = new HttpRig({ metrics });

  problemFields(await request(app).get('/metrics').set('Via', '1.1 proxy'), 'LOOPBACK_ONLY');
  problemFields(await request(app).get('/metrics').set('Host', 'bridge.example'), 'LOOPBACK_ONLY');
});

test('the figures are for holders of a key when there are some', async () => {
  const { app } = new HttpRig({ metrics, apiKeys: [KEY] });

  problemFields(await request(app).get('/metrics'), 'UNAUTHORIZED');
  await request(app).get('/metrics').set('Authorization', `Bearer ${KEY}`).set('Via', '1.1 proxy').expect(200);
});

test('without figures there is no such route', async () => {
  problemFields(await request(new HttpRig().app).get('/metrics'), 'ROUTE_NOT_FOUND');
});

test('figures that cannot be collected are a fault of the server', async () => {
  const rig = new HttpRig({ metrics: { contentType: TYPE, text: () => Promise.reject(new Error('canary')) } });

  const answer = await request(rig.app).get('/metrics');

  problemFields(answer, 'INTERNAL_ERROR');
  expect(answer.text).not.toContain('canary');
  expect(rig.calls.log.at('error')).toHaveLength(1);
});
