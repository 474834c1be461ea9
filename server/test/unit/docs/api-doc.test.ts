// The routes of the server, its OpenAPI document and docs/api.md: what one of them has, the others have. And docs/api.md
// against the fields, types and words of the code.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATIONS } from '../../../src/http/openapi/operations';
import { PROBLEMS } from '../../../src/http/problem';
import { createCallSchema } from '../../../src/http/schemas';
import { HttpRig } from '../http/http-rig';
import { routesOf } from './routes-of';

const root = join(__dirname, '../../../..');
const doc = readFileSync(join(root, 'docs/api.md'), 'utf8');

/** Told to the call, never to its timeline. */
const INTERNAL_EVENTS = ['conversation.failed'];

/** Parts of pages for people. */
const PAGE_PARTS = ['GET /', 'GET /docs/start.js', 'GET /docs/:file'];

function source(path: string): string {
  return readFileSync(join(root, 'server/src', path), 'utf8');
}

function routesOfServer(): string[] {
  const { app } = new HttpRig({ metrics: { contentType: 'text/plain', text: () => Promise.resolve('') } });
  return routesOf(app);
}

test('every route is in the OpenAPI document, and no other', () => {
  const described = OPERATIONS.map(
    ({ method, path }) => `${method.toUpperCase()} ${path.replace('{callId}', ':callId')}`,
  );

  const inCode = routesOfServer();

  expect(inCode.length).toBeGreaterThan(20);
  expect([...described, ...PAGE_PARTS].sort()).toEqual(inCode);
});

test('every route of the calls has a section in docs/api.md, and no other', () => {
  const described = [...doc.matchAll(/^## ((?:GET|POST) \/api\/ai-calls\S*)$/gm)].map(([, route]) => route);

  const inCode = routesOfServer().filter((route) => route.includes(' /api/ai-calls'));

  expect(described.sort()).toEqual(inCode);
});

test('every other route is in the table of docs/api.md, and no other', () => {
  const described = [...doc.matchAll(/^\| `((?:GET|POST) [^`]+)`/gm)].map(([, route]) => route);

  const others = routesOfServer().filter((route) => !route.includes(' /api/ai-calls'));

  const parts = PAGE_PARTS.filter((route) => route !== 'GET /');
  expect([...described, ...parts].sort()).toEqual(others);
});

test('a route that nobody describes would be seen', () => {
  const { app } = new HttpRig();
  app.post('/api/ai-calls/:callId/forgotten', (_request, response) => void response.end());

  expect(routesOf(app)).toContain('POST /api/ai-calls/:callId/forgotten');
});

test('describes every field of a request for a call', () => {
  for (const field of Object.keys(createCallSchema.shape)) expect(doc).toContain(`| \`${field}\``);
});

test('names every type of entry that a conversation adds to the timeline', () => {
  const types = [...source('calls/conversation-events.ts').matchAll(/readonly type: '([^']+)'/g)]
    .map(([, type = '']) => type)
    .filter((type) => !INTERNAL_EVENTS.includes(type));

  expect(types.length).toBeGreaterThan(20);
  for (const type of types) expect(doc).toContain(`\`${type}\``);
});

test('names every kind of line on a bill', () => {
  const [, kinds = ''] = /type CostItemKind =([^;]+);/.exec(source('calls/cost.ts')) ?? [];

  expect(kinds).toContain("'leg'");
  for (const [, kind] of kinds.matchAll(/'([^']+)'/g)) expect(doc).toContain(`\`${kind}\``);
});

test('names only problems that exist', () => {
  const named = [...doc.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name = '']) => name);
  const settings = readFileSync(join(root, '.env.example'), 'utf8');

  for (const name of named) {
    expect(Object.hasOwn(PROBLEMS, name) || settings.includes(name) || name.startsWith('TOOL_')).toBe(true);
  }
});
