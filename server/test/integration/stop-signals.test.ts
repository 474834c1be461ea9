// What the process does when it is told to stop, or killed. A process of its own: signals and exit codes are the matter.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { farEndSettings } from '../../src/simulator/far-end-settings';
import { freePort } from '../../src/simulator/free-port';
import { SimulatedOpenai } from '../../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from '../../src/simulator/simulated-telnyx/simulated-telnyx';
import { until } from '../support/until';

const MAIN = join(__dirname, '../../src/main.ts');
// Starting one takes long on a machine that has other work.
const START_LIMIT_MS = 40_000;
const TEST_LIMIT_MS = 60_000;
const CALLEE = '+12025550123';

jest.setTimeout(TEST_LIMIT_MS);

let telnyx: SimulatedTelnyx;
let openai: SimulatedOpenai;
let folder: string;
let url: string;
let port: string;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  telnyx = await SimulatedTelnyx.start();
  openai = await SimulatedOpenai.start();
  telnyx.setDefaultScript({ outcome: 'answer', steps: [{ do: 'wait', ms: 60_000 }] });
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-signals-'));
  port = String(await freePort());
  url = `http://127.0.0.1:${port}`;
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await telnyx.close();
  await openai.close();
  rmSync(folder, { recursive: true, force: true });
});

type Spawned = { readonly child: ChildProcess; readonly exited: Promise<unknown[]>; readonly said: () => string };

function spawnServer(env: Readonly<Record<string, string>> = {}): Spawned {
  // Not by way of tsx, which is a process of its own and would be the one that gets the signal.
  const child = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), MAIN], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      ...farEndSettings(telnyx, openai),
      BASE_PUBLIC_URL: url,
      PORT: port,
      DATA_DIR: folder,
      DRAIN_SECONDS: '20',
      // How late the loop of a busy test machine is says nothing about these.
      OVERLOAD_LAG_MS: '0',
      ...env,
    },
  });
  children.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
  return { child, exited: once(child, 'exit'), said: () => said };
}

async function started(env?: Readonly<Record<string, string>>): Promise<Spawned> {
  const server = spawnServer(env);
  await until(isReady, { timeoutMs: START_LIMIT_MS });
  return server;
}

async function isReady(): Promise<boolean> {
  const response = await fetch(`${url}/ready`, { headers: { connection: 'close' } }).catch(() => undefined);
  return response?.status === 200;
}

async function placeCall(): Promise<void> {
  await fetch(`${url}/api/ai-calls/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ to: CALLEE, instructions: 'Be brief.' }),
  });
  await until(() => telnyx.leg(CALLEE)?.answeredAtMs !== undefined);
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s lets a live call finish, takes no new one, and ends the process with 0',
  async (signal) => {
    const { child, exited } = await started();
    await placeCall();

    child.kill(signal);
    await until(async () => !(await isReady()));
    const legsMeanwhile = telnyx.liveLegs().length;
    telnyx.leg(CALLEE)?.hangUp();

    expect(await exited).toEqual([0, null]);
    expect(legsMeanwhile).toBe(1);
  },
);

test('one Ctrl-C that npm doubles still lets the call finish', async () => {
  const { child, exited, said } = await started();
  await placeCall();

  child.kill('SIGINT');
  await until(() => said().includes('Signal received'));
  child.kill('SIGINT');
  await until(async () => !(await isReady()));
  const legsMeanwhile = telnyx.liveLegs().length;
  telnyx.leg(CALLEE)?.hangUp();

  expect(await exited).toEqual([0, null]);
  expect(legsMeanwhile).toBe(1);
});

test('SIGQUIT hangs up at once', async () => {
  const { child, exited } = await started();
  await placeCall();

  child.kill('SIGQUIT');

  expect(await exited).toEqual([0, null]);
  expect(telnyx.liveLegs()).toEqual([]);
});

test('SIGQUIT right after SIGTERM hangs up at once', async () => {
  const { child, exited, said } = await started();
  await placeCall();

  child.kill('SIGTERM');
  await until(() => said().includes('Signal received'));
  child.kill('SIGQUIT');

  expect(await exited).toEqual([0, null]);
  expect(telnyx.liveLegs()).toEqual([]);
});

test('a terminal that has gone, its output with it, ends no call', async () => {
  const { child, exited } = await started({ LOG_LEVEL: 'debug' });
  await placeCall();

  child.stdout?.destroy();
  child.stderr?.destroy();
  child.kill('SIGHUP');
  await until(async () => !(await isReady()));
  const legsMeanwhile = telnyx.liveLegs().length;
  telnyx.leg(CALLEE)?.hangUp();

  expect(await exited).toEqual([0, null]);
  expect(legsMeanwhile).toBe(1);
});

test('an input that is closed stops nothing', async () => {
  const { child } = await started();

  child.stdin?.end();

  // What its end might begin would have begun by the time that a whole call has gone through.
  await placeCall();
  telnyx.leg(CALLEE)?.hangUp();
  await until(() => telnyx.liveLegs().length === 0);
  expect(await isReady()).toBe(true);
  expect(child.exitCode).toBeNull();
});

test('a signal before it listens ends it all the same', async () => {
  const database = createServer().listen(0, '127.0.0.1');
  await once(database, 'listening');
  const { port: databasePort } = database.address() as AddressInfo;
  const { child, exited, said } = spawnServer({ DATABASE_URL: `postgres://nobody@127.0.0.1:${databasePort}/none` });
  // It has asked, and nobody answers: for that long, it has begun and does not listen.
  const [connection] = (await once(database, 'connection')) as [Socket];
  connection.on('error', () => undefined);

  child.kill('SIGTERM');

  expect(await exited).toEqual([0, null]);
  expect(said()).toBe('');
  connection.destroy();
  database.close();
});

test('a second server on the same folder refuses to start, and the first one keeps its call', async () => {
  await started();
  await placeCall();

  const second = spawnServer({ PORT: String(await freePort()) });

  expect(await second.exited).toEqual([1, null]);
  expect(second.said()).toMatch(/^DATA_DIR: another server is running on this folder/);
  expect(await isReady()).toBe(true);
  expect(telnyx.liveLegs()).toHaveLength(1);
});

test('after a kill -9 the next server starts on the same folder at once', async () => {
  const first = await started();

  first.child.kill('SIGKILL');
  await first.exited;

  await started();
});
