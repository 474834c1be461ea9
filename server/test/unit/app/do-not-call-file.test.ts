import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DoNotCallFile } from '../../../src/app/do-not-call-file';
import { ConfigError } from '../../../src/config/config';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';

const ANNA = '+12025550101';
const BERT = '+12025550102';

let folder: string;
let path: string;
let clock: ManualClock;
let log: RecordingLogger;
let file: DoNotCallFile | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'do-not-call-'));
  path = join(folder, 'list.txt');
  clock = new ManualClock();
  log = new RecordingLogger();
  file = undefined;
});

afterEach(() => {
  file?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(text: string): Promise<DoNotCallFile> {
  writeFileSync(path, text);
  file = await DoNotCallFile.open(path, { clock, log });
  file.start();
  return file;
}

/** Lets the file be looked at once more: the timer is set again when the look is over. */
async function look(): Promise<void> {
  clock.advance(1_000);
  await until(() => clock.pendingTimers === 1);
}

async function looks(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await look();
}

test('whoever is in the file is on the list', async () => {
  const list = await opened(`${ANNA}\n`);

  expect([list.isOnList(ANNA), list.isOnList(BERT)]).toEqual([true, false]);
});

test('without a file nobody is on the list, and nothing is looked at', async () => {
  const list = await DoNotCallFile.open(undefined, { clock, log });
  list.start();

  expect(list.isOnList(ANNA)).toBe(false);
  expect(clock.pendingTimers).toBe(0);
});

test('a file with wrong lines keeps the server from starting: the lines are named, and no number', async () => {
  writeFileSync(path, `${ANNA}\n2025550102\nAnna\n`);

  const error = await DoNotCallFile.open(path, { clock, log }).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).message).toMatch(/DO_NOT_CALL_FILE: lines 2, 3: /);
  expect((error as ConfigError).message).not.toMatch(/202555010|Anna/);
});

test('a file that has gone since the settings were read keeps the server from starting', async () => {
  await expect(DoNotCallFile.open(path, { clock, log })).rejects.toThrow('DO_NOT_CALL_FILE: cannot be read (ENOENT)');
});

test('a change takes effect within seconds', async () => {
  const list = await opened(`${ANNA}\n`);

  writeFileSync(path, `${BERT}\n`);
  await looks(2);

  expect([list.isOnList(ANNA), list.isOnList(BERT)]).toEqual([false, true]);
});

test('another file in its place takes effect as well, though it has the same size', async () => {
  const list = await opened(`${ANNA}\n`);
  writeFileSync(join(folder, 'next.txt'), `${BERT}\n`);

  renameSync(join(folder, 'next.txt'), path);
  await looks(2);

  expect(list.isOnList(BERT)).toBe(true);
});

test('a file that is still being written is not read', async () => {
  const list = await opened(`${ANNA}\n${BERT}\n`);

  for (const text of ['', '+1202', `${BERT}\n`]) {
    writeFileSync(path, text);
    await look();
    expect([list.isOnList(ANNA), list.isOnList(BERT)]).toEqual([true, true]);
  }
  await look();

  expect([list.isOnList(ANNA), list.isOnList(BERT)]).toEqual([false, true]);
});

test('a file that disappears opens nothing, is warned of once, and is read when it is back', async () => {
  const list = await opened(`${ANNA}\n`);

  rmSync(path);
  await looks(5);
  expect(list.isOnList(ANNA)).toBe(true);
  expect(log.at('warn')).toHaveLength(1);

  writeFileSync(path, `${ANNA}\n${BERT}\n`);
  await looks(2);
  expect(list.isOnList(BERT)).toBe(true);

  rmSync(path);
  await looks(2);
  expect(list.isOnList(BERT)).toBe(true);
  expect(log.at('warn')).toHaveLength(2);
});

test('a file that has become wrong changes nothing, and is warned of once, by its lines and without numbers', async () => {
  const list = await opened(`${ANNA}\n`);

  writeFileSync(path, `${BERT}\n2025550199\n`);
  await looks(5);

  expect([list.isOnList(ANNA), list.isOnList(BERT)]).toEqual([true, false]);
  expect(log.at('warn')).toHaveLength(1);
  expect(JSON.stringify(log.at('warn'))).toContain('line 2');
  expect(JSON.stringify(log.at('warn'))).not.toMatch(/202555/);
});

test('a folder in its place opens nothing', async () => {
  const list = await opened(`${ANNA}\n`);
  rmSync(path);
  renameSync(mkdtempSync(join(folder, 'folder-')), path);

  await looks(4);

  expect(list.isOnList(ANNA)).toBe(true);
  expect(log.at('warn')).toHaveLength(1);
});

test('started twice, it looks as often as started once', async () => {
  const list = await opened(`${ANNA}\n`);

  list.start();
  expect(clock.pendingTimers).toBe(1);

  clock.advance(1_000);
  list.start();
  expect(clock.pendingTimers).toBe(0);
  await until(() => clock.pendingTimers === 1);
});

test('closed, it looks no more', async () => {
  const list = await opened(`${ANNA}\n`);

  list.close();
  list.close();

  expect(clock.pendingTimers).toBe(0);
});
