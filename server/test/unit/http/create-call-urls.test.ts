// Addresses in a create request that no server of a user can have: refused at once, before anything is dialled. What a
// name resolves to is found out by whoever connects.

import request from 'supertest';
import { HttpRig, problemFields } from './http-rig';

const TO = '+12025550123';

function create(rig: HttpRig, body: object): request.Test {
  return request(rig.app)
    .post('/api/ai-calls/create')
    .send({ to: TO, ...body });
}

function tool(url: string): object {
  return { name: 'look_up', description: 'Looks something up.', url };
}

const OWN = [
  'http://127.0.0.1/',
  'http://127.1:8080/',
  'http://0x7f000001/',
  'http://2130706433/',
  'http://localhost:3000/',
  'https://x.localhost/',
  'http://[::1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://10.0.0.1/',
  'http://192.168.1.1/',
  'http://172.16.0.1/',
];

const CLOUD = ['http://169.254.169.254/latest/meta-data', 'http://0.0.0.0/', 'http://[fd00:ec2::254]/'];

describe('without ALLOW_PRIVATE_URLS', () => {
  const rig = new HttpRig({ allowsPrivateUrls: false });

  test.each([...OWN, ...CLOUD])('no callback goes to %s', async (url) => {
    const answer = await create(rig, { statusCallbackUrl: url });

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['statusCallbackUrl']);
    expect(answer.text).toContain('ALLOW_PRIVATE_URLS');
    expect(answer.text).not.toContain(url);
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test.each([...OWN, ...CLOUD])('no tool is at %s', async (url) => {
    const tools = [tool('https://tools.example.com/'), { ...tool(url), name: 'other' }];

    expect(problemFields(await create(rig, { tools }), 'VALIDATION_FAILED')).toEqual(['tools.1.url']);
  });

  test('each wrong address is named', async () => {
    const answer = await create(rig, { statusCallbackUrl: 'http://10.0.0.1/', tools: [tool('http://10.0.0.2/')] });

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['statusCallbackUrl', 'tools.0.url']);
  });

  test('names and public addresses pass, as only the connection can tell more', async () => {
    const statusCallbackUrl = 'https://hooks.example.com/calls';

    await create(rig, { statusCallbackUrl, tools: [tool('https://1.1.1.1/x')] }).expect(201);
  });
});

describe('with ALLOW_PRIVATE_URLS', () => {
  const rig = new HttpRig({ allowsPrivateUrls: true, maxConcurrentCalls: 100 });

  test.each(OWN)('callbacks and tools may go to %s', async (url) => {
    await create(rig, { statusCallbackUrl: url, tools: [tool(url)] }).expect(201);
  });

  test.each(CLOUD)('nothing goes to %s', async (url) => {
    problemFields(await create(rig, { statusCallbackUrl: url }), 'VALIDATION_FAILED');
  });
});

test.each([
  'https://user:secret@hooks.example.com/',
  'https://user@hooks.example.com/',
  'https://:secret@hooks.example.com/',
])('an address with a user or a password is refused: %s', async (url) => {
  const answer = await create(new HttpRig(), { statusCallbackUrl: url });

  expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['statusCallbackUrl']);
  expect(answer.text).not.toContain('secret');
});
