// GET /openapi.json and GET /docs: for everybody, never twice the same bytes, nothing but what the page needs.

import supertest from 'supertest';
import { openApiDocument } from '../../../src/http/openapi/document';
import { HttpRig, problemFields } from './http-rig';

const { app } = new HttpRig({ apiKeys: ['a-key-of-16-characters'] });

/** As through a tunnel: from elsewhere, and without a key. */
function get(path: string, headers: Readonly<Record<string, string>> = {}): supertest.Test {
  return supertest(app)
    .get(path)
    .set({ 'X-Forwarded-For': '203.0.113.7', Host: 'calls.example.com', ...headers });
}

test('tells what the API can do without a key', async () => {
  const answer = await get('/openapi.json');

  expect(answer.status).toBe(200);
  expect(answer.type).toBe('application/json');
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test.each(['/openapi.json', '/docs', '/docs/start.js', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js'])(
  '%s is sent once and asked for again by its tag',
  async (path) => {
    const first = await get(path);

    const again = await get(path, { 'If-None-Match': String(first.headers['etag']) });

    expect(first.status).toBe(200);
    expect(first.headers['cache-control']).toBe('no-cache');
    expect(again.status).toBe(304);
    expect(again.text).toBe('');
  },
);

test('the page runs no script but those beside it, and cannot be framed', async () => {
  const { headers, text } = await get('/docs');

  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|style=|https?:/);
});

test('the page with a slash behind it is elsewhere, as its addresses are relative', async () => {
  const answer = await get('/docs/');

  expect(answer.status).toBe(308);
  expect(answer.headers['location']).toBe('../docs');
});

test.each([
  '/docs/index.html',
  '/docs/swagger-ui-bundle.js.map',
  '/docs/package.json',
  '/docs/..%2fpackage.json',
  '/docs/..%2f..%2fexpress%2fpackage.json',
  '/docs/%2e%2e/package.json',
  '/docs/swagger-ui.css%00.js',
  '/docs/constructor',
])('%s is not served', async (path) => {
  const answer = await get(path);

  problemFields(answer, 'ROUTE_NOT_FOUND');
});

test('only reading is possible', async () => {
  const posted = await supertest(app).post('/openapi.json').send({});

  problemFields(posted, 'METHOD_NOT_ALLOWED');
});
