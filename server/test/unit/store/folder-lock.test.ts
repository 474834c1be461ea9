// One process a folder. That the lock ends with the process is for test/integration/stop-signals.test.ts.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderInUseError, lockFolder } from '../../../src/store/folder-lock';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-lock-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a folder has one holder, and the next one once it is released', () => {
  const first = lockFolder(folder);

  expect(() => lockFolder(folder)).toThrow(FolderInUseError);

  first.release();
  lockFolder(folder).release();
});

test('a release that comes twice does not take the lock from the next holder', () => {
  const first = lockFolder(folder);
  first.release();
  const second = lockFolder(folder);

  first.release();

  expect(() => lockFolder(folder)).toThrow(FolderInUseError);
  second.release();
});

test('two folders have nothing to do with each other, and one that is missing is created', () => {
  const here = lockFolder(folder);
  const there = lockFolder(join(folder, 'of', 'its', 'own'));

  for (const lock of [here, there]) lock.release();
});

test('a file where the folder should be is not taken for another server', () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');

  expect(() => lockFolder(file)).toThrow(/EEXIST/);
});

test('a holder leaves nothing in the folder but the lock itself', () => {
  const lock = lockFolder(folder);

  expect(readdirSync(folder)).toEqual(['ai-calls.lock']);
  lock.release();
});
