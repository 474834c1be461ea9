// docs/api.md against the code: every route, every type in a timeline, every field of a request, and no route that does
// not exist.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROBLEMS } from '../../../src/http/problem';
import { createCallSchema } from '../../../src/http/schemas';

const root = join(__dirname, '../../../..');
const doc = readFileSync(join(root, 'docs/api.md'), 'utf8');
const routes = join(root, 'server/src/http/routes');

/** Told to the call, never to its timeline. */
const INTERNAL_EVENTS = ['conversation.failed'];

function source(path: string): string {
  return readFileSync(join(root, 'server/src', path), 'utf8');
}

test('describes every route of the calls, and no other', () => {
  const files = readdirSync(routes).filter((name) => /^(ai-calls|call-|usage)/.test(name));
  const inCode = files.flatMap((name) =>
    [...readFileSync(join(routes, name), 'utf8').matchAll(/router\.(get|post)\('([^']+)'/g)].map(
      ([, method = '', path]) => `${method.toUpperCase()} /api/ai-calls${path}`,
    ),
  );

  const described = [...doc.matchAll(/^## ((?:GET|POST) \/api\/ai-calls\S*)$/gm)].map(([, route]) => route);

  expect(inCode.length).toBeGreaterThan(10);
  expect(described.sort()).toEqual(inCode.sort());
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
