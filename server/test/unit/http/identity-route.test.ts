// The proof of identity: what it takes, what it says, and what nobody can do with it.

import { createHmac } from 'node:crypto';
import express, { type Express } from 'express';
import request from 'supertest';
import { problemHandler } from '../../../src/http/problem';
import { IDENTITY_PATH, identityRouter } from '../../../src/http/routes/identity';
import { IdentityProof } from '../../../src/lib/identity-proof';
import { SILENT_LOGGER } from '../../../src/observability/logger';

const SECRETS = ['KEY0123456789', 'sk-0123456789'];
const NONCE = 'a-nonce-of-the-doctor_01';

const proof = new IdentityProof(SECRETS);
const app: Express = express();
app.use(IDENTITY_PATH, identityRouter(proof));
app.use(problemHandler(SILENT_LOGGER));

async function signatureOf(path: string, body?: string): Promise<string> {
  const asked = body === undefined ? request(app).get(path) : request(app).post(path).type('text/plain').send(body);
  const answer = await asked.expect(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  return (answer.body as { signature: string }).signature;
}

test('whoever has the same secrets recognises the signature, and nobody else does', async () => {
  const signature = await signatureOf(`${IDENTITY_PATH}?nonce=${NONCE}`);

  expect(new IdentityProof(SECRETS).isSigned({ nonce: NONCE }, signature)).toBe(true);
  expect(new IdentityProof([...SECRETS].reverse()).isSigned({ nonce: NONCE }, signature)).toBe(false);
  expect(new IdentityProof([SECRETS.join('')]).isSigned({ nonce: NONCE }, signature)).toBe(false);
  expect(proof.isSigned({ nonce: `${NONCE}x` }, signature)).toBe(false);
});

test('a body is signed as it comes in', async () => {
  const signature = await signatureOf(`${IDENTITY_PATH}?nonce=${NONCE}`, '{ "a":1 }');

  expect(proof.isSigned({ nonce: NONCE, body: '{ "a":1 }' }, signature)).toBe(true);
  expect(proof.isSigned({ nonce: NONCE, body: '{"a":1}' }, signature)).toBe(false);
  expect(proof.isSigned({ nonce: NONCE }, signature)).toBe(false);
});

test('is of no use as a signature of anything else', async () => {
  const signature = await signatureOf(`${IDENTITY_PATH}?nonce=${NONCE}`);

  for (const secret of SECRETS) {
    expect(signature).not.toBe(createHmac('sha256', secret).update(NONCE).digest('base64url'));
  }
});

test.each(['', 'short', 'x'.repeat(65), 'with spaces in between', 'a'.repeat(20) + '%0A', '%00'.repeat(16)])(
  'does not sign %j',
  async (nonce) => {
    const answer = await request(app).get(`${IDENTITY_PATH}?nonce=${nonce}`);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ field: 'nonce' }] });
    expect(answer.text).not.toContain('signature');
  },
);

test('does not sign several nonces, or none', async () => {
  await request(app).get(`${IDENTITY_PATH}?nonce=${NONCE}&nonce=${NONCE}`).expect(400);
  await request(app).get(IDENTITY_PATH).expect(400);
});

test('does not read a body that is too long', async () => {
  await request(app).post(`${IDENTITY_PATH}?nonce=${NONCE}`).type('text/plain').send('x'.repeat(5_000)).expect(413);
});

test('a signature that is none is not taken for one', () => {
  for (const signature of ['', 'x', '%', proof.sign({ nonce: NONCE }).slice(0, -2)]) {
    expect(proof.isSigned({ nonce: NONCE }, signature)).toBe(false);
  }
});
