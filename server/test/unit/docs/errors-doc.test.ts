// docs/errors.md against the code: every code and every reason, with its status, and nothing that does not exist.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { END_REASONS, endCall } from '../../../src/calls/end-call';
import { PROBLEMS } from '../../../src/http/problem';

const doc = readFileSync(join(__dirname, '../../../../docs/errors.md'), 'utf8');

/** `| \`name\` | status | …` rows. */
function rows(pattern: RegExp): [string, string][] {
  return [...doc.matchAll(pattern)].map(([, name = '', status = '']) => [name, status]);
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
