// What a stranger or a user sends comes back in no refusal: a word that nobody else says is put into every field, path,
// query and header, and looked for in whole answers. Names of unknown fields are the exception: they tell what to correct.

import request from 'supertest';
import { HttpRig } from './http-rig';

const CANARY = 'c4n4ry';
const SCRIPT = `<script>${CANARY}</script>`;
const KEY = 'a-key-of-the-operator';

const rig = new HttpRig({ apiKeys: [KEY], allowsPrivateUrls: false });

/** Everything that came back, headers and all. */
function said({ headers, text }: request.Response): string {
  return JSON.stringify([headers, text]);
}

function expectSafe(answer: request.Response): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(said(answer)).not.toContain(CANARY);
  expect(said(answer)).not.toMatch(/node_modules|\.ts:|\.js:| at \w+ \(/);
  expect(answer.type).toBe('application/problem+json');
  expectHeaders(answer);
}

function expectHeaders({ headers }: request.Response): void {
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(headers).not.toHaveProperty('server');
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringContaining('default-src'),
    'x-content-type-options': 'nosniff',
    'x-frame-options': expect.stringMatching(/SAMEORIGIN|DENY/),
    'referrer-policy': 'no-referrer',
    'strict-transport-security': expect.any(String),
    'cross-origin-resource-policy': 'same-origin',
  });
}

function post(path: string, body: string | object, headers: Record<string, string> = {}): request.Test {
  const all = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json', ...headers };
  return request(rig.app)
    .post(path)
    .set(all)
    .serialize(String)
    .send(typeof body === 'string' ? body : JSON.stringify(body));
}

test.each([
  'to',
  'from',
  'voice',
  'opening',
  'answeringMachine',
  'turnDetection',
  'noiseReduction',
  'maxCostUsd',
  'record',
  'builtInTools',
  'tools',
  'transferTargets',
  'maxDurationSeconds',
  'silenceNudgeSeconds',
  'statusCallbackUrl',
])('a value of %s that is wrong does not come back', async (field) => {
  for (const value of [
    SCRIPT,
    [SCRIPT],
    { type: SCRIPT },
    [{ name: SCRIPT, to: SCRIPT, url: SCRIPT, description: SCRIPT }],
  ]) {
    expectSafe(await post('/api/ai-calls/create', { to: '+12025550123', [field]: value }));
  }
});

test.each([
  ['instructions', { instructions: 7, mode: CANARY }],
  ['say', { text: 7, when: CANARY }],
  ['dtmf', { digits: CANARY }],
  ['transfer', { to: CANARY }],
])('neither do those of a command: %s', async (command, body) => {
  const callId = await rig.calls.place();

  expectSafe(await post(`/api/ai-calls/${callId}/${command}`, body));
});

test.each([
  ['no JSON', `{"to": ${CANARY}`],
  ['a text', `"${CANARY}"`],
  ['a list', `["${CANARY}"]`],
  ['JSON with something behind', `{} ${CANARY}`],
])('a body that is %s does not come back', async (_what, body) => {
  expectSafe(await post('/api/ai-calls/create', body));
});

test.each([
  `/${CANARY}`,
  `/api/${CANARY}`,
  `/api/ai-calls/${CANARY}`,
  `/api/ai-calls/${CANARY}/transcript`,
  `/api/ai-calls/status?status=${CANARY}`,
  `/api/ai-calls/status?to=${CANARY}`,
  `/api/ai-calls/status?since=${CANARY}`,
  `/api/ai-calls/status?limit=${CANARY}`,
  `/api/ai-calls/status?cursor=${CANARY}`,
  `/api/ai-calls/usage?from=${CANARY}`,
  `/api/ai-calls/%3Cscript%3E${CANARY}`,
  `/api/ai-calls/%E0%A4%A/${CANARY}`,
  `/api/ai-calls/..%2f..%2f${CANARY}`,
])('an address does not come back: %s', async (path) => {
  expectSafe(await request(rig.app).get(path).set('Authorization', `Bearer ${KEY}`));
});

test.each([
  ['Authorization', `Bearer ${CANARY}`],
  ['Idempotency-Key', `${CANARY} ${CANARY}`],
  ['Content-Type', `text/${CANARY}`],
  ['Content-Type', `application/json; charset=${CANARY}`],
  ['Content-Encoding', CANARY],
])('a header does not come back: %s: %s', async (name, value) => {
  expectSafe(await post('/api/ai-calls/create', { to: '+12025550123' }, { [name]: value }));
});

test('headers that nobody asked for do not come back either', async () => {
  const headers = {
    Cookie: CANARY,
    Origin: `https://${CANARY}`,
    'User-Agent': CANARY,
    Referer: CANARY,
    'X-Request-Id': CANARY,
  };

  expectSafe(await request(rig.app).get('/nowhere').set(headers));
});

test('a refused webhook says nothing of what was sent', async () => {
  const headers = { 'Telnyx-Signature-Ed25519': CANARY, 'Telnyx-Timestamp': CANARY };

  expectSafe(await request(rig.app).post('/api/webhooks/telnyx').set(headers).send(CANARY));
});

test('every answer has the headers of a careful server, the good ones too', async () => {
  expectHeaders(await request(rig.app).get('/health'));
  expectHeaders(await request(rig.app).get('/ready'));
  expectHeaders(await request(rig.app).get('/api/ai-calls/status').set('Authorization', `Bearer ${KEY}`).expect(200));
  expectHeaders(await request(rig.app).get('/api/ai-calls/status').expect(401));
});

test('a fault of ours shows no stack, and nothing of what was sent', async () => {
  rig.calls.store.before = () => Promise.reject(new Error(`boom ${CANARY}`));

  const answer = await rig.patiently(
    Promise.resolve(post('/api/ai-calls/create', { to: '+12025550123', instructions: CANARY })),
  );
  rig.calls.store.before = undefined as never;

  expect(answer.status).toBeGreaterThanOrEqual(500);
  expect(said(answer)).not.toMatch(/c4n4ry|boom|\.ts:/);
  expectHeaders(answer);
});
