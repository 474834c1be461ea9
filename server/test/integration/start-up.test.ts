// A server that cannot start says why in a few words, and what to do, and its process ends. As a process of its own: how
// it ends is the matter, and starting one takes seconds.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/simulator/free-port';

const MAIN = join(__dirname, '../../src/main.ts');
// Starting one takes long on a machine that has other work.
const LIMIT_MS = 60_000;
const PUBLIC_KEY = Buffer.alloc(32, 1).toString('base64');

jest.setTimeout(LIMIT_MS);

let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-start-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a server that cannot; what it says until it has ended, and its exit code. */
async function startInVain(env: Readonly<Record<string, string>>): Promise<{ said: string; exitCode: unknown }> {
  child = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), MAIN], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      BASE_PUBLIC_URL: 'https://calls.example.com',
      TELNYX_API_KEY: 'KEY',
      TELNYX_PUBLIC_KEY: PUBLIC_KEY,
      TELNYX_CONNECTION_ID: '1',
      TELNYX_FROM_NUMBER: '+12025550100',
      OPENAI_API_KEY: 'sk-test',
      PORT: String(await freePort()),
      DATA_DIR: folder,
      ...env,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: Buffer) => (said += text.toString()));
  const [exitCode] = (await once(child, 'close')) as unknown[];
  return { said, exitCode };
}

function expectNoStack(said: string): void {
  expect(said).not.toMatch(/^\s+at /m);
  expect(said).not.toContain('node_modules');
}

test('a database that cannot be reached', async () => {
  const port = await freePort();

  const { said, exitCode } = await startInVain({ DATABASE_URL: `postgres://calls:s3cret@127.0.0.1:${port}/calls` });

  expect(exitCode).toBe(1);
  expect(said).toMatch(/^DATABASE_URL: .*cannot be used/);
  expect(said).toContain('Check that the server runs');
  expect(said).toContain('ECONNREFUSED');
  expect(said).not.toContain('s3cret');
  expectNoStack(said);
});

test('a folder for the database that is none', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');

  const { said, exitCode } = await startInVain({ DATA_DIR: file });

  expect(exitCode).toBe(1);
  expect(said).toMatch(/^DATA_DIR: .*cannot be used/);
  expectNoStack(said);
});

test('names that are almost settings are told by their names', async () => {
  writeFileSync(join(folder, '.env'), 'MAX_CONCURRENT_CALL=7777777\nVOICE=marin\nTOOL_CRM_KEY=s3cret\n');
  const notAFolder = join(folder, '.env');

  const { said } = await startInVain({ DATA_DIR: notAFolder, LOG_LEVELS: 'debug' });

  const line = said.split('\n').find((each) => each.includes('no settings'));
  expect(JSON.parse(line ?? '')).toMatchObject({
    level: 'warn',
    names: ['MAX_CONCURRENT_CALL (MAX_CONCURRENT_CALLS?)', 'VOICE', 'LOG_LEVELS (LOG_LEVEL?)'],
  });
  expect(said).not.toMatch(/7777777|TOOL_CRM_KEY|s3cret/);
});

test('everything that is in the way is told together', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const databasePort = await freePort();
  writeFileSync(join(folder, 'tools.json'), '{');
  writeFileSync(join(folder, 'never.txt'), 'nobody\n');

  const { said, exitCode } = await startInVain({
    PORT: String(port),
    DATABASE_URL: `postgres://calls:s3cret@127.0.0.1:${databasePort}/calls`,
    TOOLS_FILE: 'tools.json',
    DO_NOT_CALL_FILE: 'never.txt',
  });
  taken.close();

  expect(exitCode).toBe(1);
  for (const setting of ['DATABASE_URL', 'PORT', 'TOOLS_FILE', 'DO_NOT_CALL_FILE'])
    expect(said).toMatch(new RegExp(`^${setting}: `, 'm'));
  expect(said).toContain('EADDRINUSE');
  expect(said).not.toContain('s3cret');
  expectNoStack(said);
});

test('settings that are missing or wrong are all told, and nothing of what they hold', async () => {
  const { said, exitCode } = await startInVain({
    OPENAI_API_KEY: '',
    API_KEYS: 'short-secret',
    PORT: '99999',
    TELNYX_FROM_NUMBER: 'me',
  });

  expect(exitCode).toBe(1);
  for (const setting of ['OPENAI_API_KEY', 'API_KEYS', 'PORT', 'TELNYX_FROM_NUMBER'])
    expect(said).toContain(`  ${setting}: `);
  expect(said).not.toContain('short-secret');
  expectNoStack(said);
});
