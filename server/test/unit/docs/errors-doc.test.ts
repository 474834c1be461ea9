// docs/errors.md against the code: every code and every reason, with its status, and nothing that does not exist. And
// the catalogue against the settings that it names, and against the code that answers with it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { END_REASONS, endCall } from '../../../src/calls/end-call';
import { OPERATIONS, problemsOf } from '../../../src/http/openapi/operations';
import { PROBLEMS } from '../../../src/http/problem';

const root = join(__dirname, '../../../..');
const doc = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** The rest of the row of a code. */
function rowOf(code: string): string {
  return new RegExp(`^\\| \`${code}\` .*$`, 'm').exec(doc)?.[0] ?? '';
}

/** `| \`name\` | status | …` rows. */
function rows(pattern: RegExp): [string, string][] {
  return [...doc.matchAll(pattern)].map(([, name = '', status = '']) => [name, status]);
}

/** The names of settings, as they can stand in a file of them. */
function settings(): Set<string | undefined> {
  const example = readFileSync(join(root, '.env.example'), 'utf8');
  return new Set([...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name));
}

/** All code but the catalogue itself and what describes it. */
function sources(): string {
  const folder = join(root, 'server/src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('openapi'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

test('lists every problem code with its status', () => {
  const documented = rows(/^\| `([A-Z_]+)`\s*\| (\d+)/gm);

  const inCode = Object.entries(PROBLEMS).map(([code, { status }]) => [code, String(status)]);
  expect(documented.sort()).toEqual(inCode.sort());
});

test('lists every reason for which calls end with its status', () => {
  const documented = rows(/^\| `([a-z-]+)`\s*\| ([a-z-]+)/gm);

  const inCode = END_REASONS.map((reason) => [reason, endCall(reason).status]);
  expect(documented.sort()).toEqual([...inCode].sort());
});

test('a problem names a setting that exists, and says so in its cure and in its row', () => {
  const named = Object.entries(PROBLEMS).flatMap(([code, problem]) =>
    'setting' in problem ? [{ code, setting: problem.setting, cure: problem.cure }] : [],
  );

  expect(named.length).toBeGreaterThan(5);
  for (const { code, setting, cure } of named) {
    expect([...settings()]).toContain(setting);
    expect({ code, cure }).toEqual({ code, cure: expect.stringContaining(setting) });
    expect(rowOf(code)).toContain(`\`${setting}\``);
  }
});

test('settings that a cure or a row names exist', () => {
  const known = settings();
  const texts = Object.entries(PROBLEMS).map(([code, { cure }]) => `${cure} ${rowOf(code)}`);
  const named = texts.flatMap((text) => [...text.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name));

  const unknown = named.filter((name) => !known.has(name) && !Object.hasOwn(PROBLEMS, name));

  expect(unknown).toEqual([]);
});

test('every code is answered somewhere', () => {
  const code = sources();

  // Once in the catalogue, and at least once where it is raised.
  const unused = Object.keys(PROBLEMS).filter(
    (name) => [...code.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length < 2,
  );

  expect(unused).toEqual([]);
});

test('every code is among the answers of some route, but for the one of all methods that no route has', () => {
  const answered = new Set<string>([...OPERATIONS.flatMap(problemsOf), 'METHOD_NOT_ALLOWED']);

  expect(Object.keys(PROBLEMS).filter((code) => !answered.has(code))).toEqual([]);
});
