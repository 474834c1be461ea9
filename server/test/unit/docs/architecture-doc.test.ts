// docs/architecture.md against the tree: every folder is explained, and every explained folder exists.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../../..');
const doc = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const source = join(root, 'server/src');

test('explains every folder of the source, and no other', () => {
  const table = doc.split('\n').filter((line) => line.startsWith('| `'));
  const documented = table
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([a-z/]+)\/`/g)])
    .map(([, folder = '']) => folder.split('/')[0]);

  const folders = readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  expect([...documented].sort()).toEqual(folders.sort());
});

describe.each(['calls', 'media'])('%s/', (folder) => {
  const row = doc.split('\n').find((line) => line.startsWith(`| \`${folder}/\``)) ?? '';
  const inside = readdirSync(join(source, folder), { recursive: true, withFileTypes: true });

  test('names only files that exist', () => {
    const named = [...row.matchAll(/`([a-z-]+)`/g)].map(([, name]) => `${name}.ts`);

    const files = inside.filter((entry) => entry.isFile()).map(({ name }) => name);

    expect(named.length).toBeGreaterThan(0);
    expect(files).toEqual(expect.arrayContaining(named));
  });

  test('names every folder inside', () => {
    const named = [...row.matchAll(/`([a-z-]+)\/`/g)].map(([, name]) => name).filter((name) => name !== folder);

    const folders = inside.filter((entry) => entry.isDirectory()).map(({ name }) => name);

    expect(named.toSorted()).toEqual(folders.toSorted());
  });
});
