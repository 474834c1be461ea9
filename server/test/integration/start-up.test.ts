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
const TSX = join(__dirname, '../../../node_modules/.bin/tsx');
const PUBLIC_KEY = Buffer.alloc(32, 1).toString('base64');

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
  child = spawn(TSX, [MAIN], {
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

test('a port that is taken, with everything else begun', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;

  const { said, exitCode } = await startInVain({ PORT: String(port), MAX_COST_USD_PER_DAY: '100' });
  taken.close();

  expect(exitCode).toBe(1);
  expect(said).toContain('EADDRINUSE');
  expectNoStack(said);
});
