// A read that is asked again is not prepared again; what that keeps must not be seen.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { SqliteFile } from '../../../src/store/sqlite-file';

let folder: string;
let raw: Libsql.Database;
let file: SqliteFile;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-reads-'));
  raw = new Libsql(join(folder, 'a.db'));
  raw.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 1; create table t (n integer unique)');
  file = new SqliteFile(raw);
});

afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

function read(sql: string, ...parameters: readonly unknown[]): unknown[] {
  return file.prepare(sql).all(parameters);
}

function write(n: number): void {
  file.prepare('insert into t (n) values (?)').run([n]);
}

test('the same read sees what was written since', () => {
  write(1);
  const before = read('select n from t');
  write(2);

  expect([before, read('select n from t')]).toEqual([[{ n: 1 }], [{ n: 1 }, { n: 2 }]]);
});

test('the same read takes other parameters, and fewer rows', () => {
  for (const n of [1, 2, 3]) write(n);

  expect(read('select n from t where n > ?', 1)).toHaveLength(2);
  expect(read('select n from t where n > ?', 2)).toHaveLength(1);
});

test('a parameter that is forgotten is not the one of the last time', () => {
  write(1);
  const sql = 'select n from t where n > ?';
  expect(read(sql, 0)).toHaveLength(1);

  expect(() => read(sql)).toThrow('parameters');
  expect(read(sql, 0)).toHaveLength(1);
});

test('the same read shows a column that came later', () => {
  write(1);
  read('select * from t');
  raw.exec('alter table t add column m integer');

  expect(read('select * from t')).toEqual([{ n: 1, m: null }]);
});

test('a read that fails does not stand in the way of a commit, nor of the next one', () => {
  const sql = 'select n, json(?) as checked from t';
  write(1);
  read(sql, '{}');

  expect(() => read(sql, 'no json')).toThrow();

  write(2);
  expect(read('select count(*) as count from t')).toEqual([{ count: 2 }]);
});

test("two readers of the same rows do not take each other's", () => {
  for (const n of [1, 2, 3]) write(n);
  const half = file.prepare('select n from t').iterate([]);
  half.next();

  expect(read('select n from t')).toHaveLength(3);
  expect([...half]).toHaveLength(2);
});

test('reads without end, no two alike, are still right', () => {
  write(1);

  for (let i = 0; i < 300; i++) expect(read(`select n + ${i} as sum from t`)).toEqual([{ sum: 1 + i }]);
});

test('a file is closed although a read of it is only half done', () => {
  for (const n of [1, 2, 3]) write(n);
  file.prepare('select n from t').iterate([]).next();

  file.close();

  expect(raw.open).toBe(false);
});

test('a file with reads that are kept can be closed and opened again', () => {
  read('select n from t');
  file.close();

  raw = new Libsql(join(folder, 'a.db'));
  file = new SqliteFile(raw);
  write(1);
  expect(read('select n from t')).toEqual([{ n: 1 }]);
});
