// The start bench: how long the built server takes from nothing to ready, and how much memory it has with 20 calls.
// Alone: npx tsx server/bench/start.ts

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, CORES } from './load/child';
import { measure } from './load/measure';
import { untilQuiet } from './load/quiet';
import { startSubject } from './load/subject';
import { median } from './load/summary';
import { startTable, type StartReport } from './start/start-report';

export { startTable } from './start/start-report';

const SERVER_ENTRY = join(__dirname, '../../dist/main.js');
const STARTS = 7;
const CALLS = 20;
const SECONDS = 20;
const QUIET_LIMIT_MS = 20_000;

/** Nothing is asked of the far ends before there is a call: nobody need be there. */
const NO_FAR_ENDS_PORT = 9;

/** Measures. @throws Error when the server is not built or does not come up */
export async function runStart(tell: (line: string) => void = () => undefined): Promise<StartReport> {
  if (!existsSync(SERVER_ENTRY)) throw new Error(`${SERVER_ENTRY} is missing: npm run build`);
  await untilQuiet(QUIET_LIMIT_MS);
  const readyMs: number[] = [];
  for (let start = 1; start <= STARTS; start++) readyMs.push(await startOnce());
  tell(`ready after ${readyMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  // Memory does not depend on who else uses the machine: no need to wait for a quiet moment.
  const run = await measure({
    subject: 'server',
    mode: 'pcm16',
    calls: CALLS,
    seconds: SECONDS,
    serverEntry: SERVER_ENTRY,
    depth: 'memory',
    profileDirectory: undefined,
  });
  return {
    starts: STARTS,
    readyMs: median(readyMs),
    slowestMs: Math.max(...readyMs),
    calls: CALLS,
    seconds: SECONDS,
    isPinned: CORES !== null,
    run,
  };
}

/** With an empty folder, as after an installation: the tables are made as well. */
async function startOnce(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'ai-calls-start-'));
  const children: Child[] = [];
  try {
    const { url, spawnedAtMs } = await startSubject({
      kind: 'server',
      mode: 'pcm16',
      serverEntry: SERVER_ENTRY,
      farEndsPort: NO_FAR_ENDS_PORT,
      directory,
      nodeArgs: [],
      onChild: (child) => children.push(child),
    });
    const status = await statusOf(`${url}/ready`);
    if (status !== 200) throw new Error(`A server that listens is not ready: ${status}`);
    return performance.now() - spawnedAtMs;
  } finally {
    for (const child of children) await child.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).once('error', reject);
  });
}

if (require.main === module) {
  runStart((line) => process.stderr.write(`${line}\n`)).then(
    (report) => process.stdout.write(startTable(report)),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
