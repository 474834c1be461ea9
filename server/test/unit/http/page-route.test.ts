// GET /: the files of the operator's page, and what they may and may not do in a browser.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { HttpRig, problemFields } from './http-rig';

// The name of a folder above may begin with a dot: that is no reason not to serve what is in it.
const root = mkdtempSync(join(tmpdir(), '.ai-calls-page-'));
const folder = join(root, 'page');

beforeAll(() => {
  mkdirSync(join(folder, '.git'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>AI Calls</title>');
  writeFileSync(join(folder, 'main.js'), '// The page.');
  writeFileSync(join(folder, '.git', 'config'), 'hidden');
  writeFileSync(join(root, 'secret.txt'), 'secret');
});

afterAll(() => rmSync(root, { recursive: true }));

function page(path: string): request.Test {
  return request(new HttpRig({ apiKeys: ['a-secret-key'], pageFolder: folder }).app).get(path);
}

test('the page is there for everybody, and may do nothing but speak to this server', async () => {
  const { headers, text } = await page('/')
    .expect(200)
    .expect('Content-Type', /^text\/html/);

  expect(text).toContain('AI Calls');
  expect(headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
      "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
});

test('a browser that has a file asks whether it is still the same', async () => {
  const { headers } = await page('/page/main.js')
    .expect(200)
    .expect('Content-Type', /javascript/);

  expect(headers['cache-control']).toBe('no-cache');
  await page('/page/main.js').set('If-None-Match', String(headers['etag'])).expect(304);
});

test.each([
  '/page/../secret.txt',
  '/page/%2e%2e/secret.txt',
  '/page/..%2fsecret.txt',
  '/page/.git/config',
  '/page/',
  '/page/no',
])('nothing else is given out: %s', async (path) => {
  const answer = await page(path);

  expect([400, 403, 404]).toContain(answer.status);
  expect(answer.type).toBe('application/problem+json');
  expect(answer.text).not.toMatch(/secret|hidden/);
});

test('a page that is not built says how to build it', async () => {
  const { text } = await request(new HttpRig().app)
    .get('/')
    .expect(503)
    .expect('Content-Type', /^text\/plain/);

  expect(text).toContain('npm run build');
});

test('the API answers unknown paths as before', async () => {
  problemFields(await page('/nothing'), 'ROUTE_NOT_FOUND');
  problemFields(await request(new HttpRig({ pageFolder: folder }).app).post('/'), 'METHOD_NOT_ALLOWED');
});
