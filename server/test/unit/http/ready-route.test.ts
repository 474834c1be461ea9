import request from 'supertest';
import type { ReadinessCheck } from '../../../src/http/routes/ready';
import { until } from '../../support/until';
import { HttpRig, problemFields } from './http-rig';
import { TestServer } from './sse-client';

const WORKS: readonly ReadinessCheck[] = [
  { name: 'database', status: 'ok' },
  { name: 'records', status: 'ok' },
  { name: 'ai', status: 'ok' },
  { name: 'draining', status: 'ok' },
];

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig();
  rig.readiness = () => Promise.resolve(WORKS);
});

test('a server that can place calls is ready', async () => {
  const { body, headers } = await request(rig.app).get('/ready').expect(200);

  expect(body).toEqual({ status: 'ready', checks: WORKS });
  expect(headers['cache-control']).toBe('no-store');
});

test('one thing that does not work is enough, and is named with its reason', async () => {
  const failing = { name: 'records', status: 'failing', reason: '120 records wait to be written' } as const;
  rig.readiness = () => Promise.resolve([...WORKS.filter(({ name }) => name !== 'records'), failing]);

  const { body } = await request(rig.app).get('/ready').expect(503);

  expect(body.status).toBe('not-ready');
  expect(body.checks).toContainEqual(failing);
});

test('the next one who asks gets the next look', async () => {
  await request(rig.app).get('/ready').expect(200);
  rig.readiness = () => Promise.resolve([{ name: 'draining', status: 'failing' }]);

  await request(rig.app).get('/ready').expect(503);
});

test('a look that fails is a fault of the server, and the next one is taken anew', async () => {
  rig.readiness = () => Promise.reject(new Error('canary'));
  const answer = await request(rig.app).get('/ready');
  rig.readiness = () => Promise.resolve(WORKS);

  problemFields(answer, 'INTERNAL_ERROR');
  expect(answer.text).not.toContain('canary');
  await request(rig.app).get('/ready').expect(200);
});

test('however many ask at once, one look is enough', async () => {
  let looks = 0;
  let finish: () => void = () => undefined;
  rig.readiness = () => {
    looks += 1;
    return new Promise((resolve) => {
      finish = () => resolve(WORKS);
    });
  };

  let arrived = 0;
  const server = await TestServer.listen((asked, response) => {
    rig.app(asked, response);
    arrived += 1;
  });
  const answers = Promise.all([1, 2, 3].map(() => fetch(`${server.url}/ready`)));
  await until(() => arrived === 3);
  finish();

  expect((await answers).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(looks).toBe(1);
  await server.close();
});
