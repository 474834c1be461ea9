// The soak: the built server with calls that come and go at random, random faults at both far ends, random commands and
// kills. At the end nothing may be left of any call. Prints a table, writes JSON to bench-results/, exits 1 when
// something is off.
// npm run soak -- [--minutes N] [--calls N] [--seed N] [--no-kill] [--server dist/main.js]
// DATABASE_URL: PostgreSQL instead of SQLite.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { wholeNumber } from '../bench/arguments';
import { SimulatedOpenai } from '../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from '../src/simulator/simulated-telnyx/simulated-telnyx';
import { clip } from '../src/simulator/voices/voices';
import { ask } from './api';
import type { Simulators } from './faults';
import { Random } from './random';
import { faultsOfRecord, storedState } from './record-checks';
import { heldMore, memoryTrend, Sampler } from './samples';
import { ServerProcess } from './server-process';
import { checksOf, type SoakFindings, soakTable } from './soak-report';
import { Traffic } from './traffic';

const SERVER_ENTRY = join(__dirname, '../../dist/main.js');
const RESULTS_FOLDER = 'bench-results';
const DATABASE_FILE = 'ai-calls.db';
const KILLS = 3;

// The last life has to be long enough for its memory to be judged.
const KILL_WITHIN = 0.4;

// Connections that wait for the next request are closed after 75 s, carrier costs and callbacks come within a few.
const SETTLE_LIMIT_MS = 100_000;
const SETTLE_POLL_MS = 1_000;

type Settings = {
  readonly minutes: number;
  readonly calls: number;
  readonly seed: number;
  readonly kills: number;
  /** The built server's main file. */
  readonly entry: string;
};

async function main(): Promise<void> {
  const settings = readSettings();
  const directory = mkdtempSync(join(tmpdir(), 'ai-calls-soak-'));
  const far: Simulators = {
    telnyx: await SimulatedTelnyx.start({
      fromNumbers: ['+12025550100'],
      clip: (name) => clip(name, 8_000),
      isRecorded: false,
      isCostReported: true,
    }),
    openai: await SimulatedOpenai.start({ keepsAudio: false }),
  };
  const databaseUrl = process.env['DATABASE_URL'];
  const server = await ServerProcess.start({ far, entry: settings.entry, directory, databaseUrl });
  try {
    const findings = await soak(settings, { far, server, place: databaseUrl ?? join(directory, DATABASE_FILE) });
    report(findings);
  } finally {
    await server.stop();
    await Promise.all([far.telnyx.close(), far.openai.close()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

type Stage = { readonly far: Simulators; readonly server: ServerProcess; readonly place: string };

async function soak({ minutes, calls, seed, kills }: Settings, stage: Stage): Promise<SoakFindings> {
  const { far, server } = stage;
  const random = new Random(seed);
  const before = await server.resources();
  const traffic = new Traffic({ url: server.url, far, random, lanes: calls });
  const sampler = new Sampler(server, () => traffic.live);
  const beginMs = performance.now();
  const endMs = beginMs + minutes * 60_000;
  const killing = killSometimes(server, { random: new Random(seed + 1), kills, beginMs, endMs });
  await Promise.all([traffic.run(endMs), killing]);
  sampler.stop();
  const held = await settled(stage, before);
  return {
    seed,
    minutes,
    kills,
    calls: traffic.calls,
    recordFaults: traffic.calls.flatMap(faultsOfRecord),
    oddAnswers: traffic.oddAnswers,
    liveLegs: far.telnyx.liveLegs().length,
    liveSessions: far.openai.liveSessions().length,
    activeCalls: await activeCalls(server),
    stored: await storedState(stage.place),
    heldMore: held,
    memory: memoryTrend(sampler.samples.filter(({ atMs }) => atMs < endMs)),
  };
}

type Killing = { readonly random: Random; readonly kills: number; readonly beginMs: number; readonly endMs: number };

async function killSometimes(server: ServerProcess, { random, kills, beginMs, endMs }: Killing): Promise<void> {
  const windowMs = ((endMs - beginMs) * KILL_WITHIN) / Math.max(1, kills);
  for (let kill = 0; kill < kills; kill += 1) {
    const atMs = beginMs + windowMs * (kill + 0.2 + 0.8 * random.next());
    await wait(Math.max(0, atMs - performance.now()));
    tell(`killing the server (${kill + 1} of ${kills})`);
    await server.killAndRestart(random.between(100, 2_000));
  }
}

/** Waits until nothing is left, or for as long as that may take; returns what the server holds more than before. */
async function settled({ far, server }: Stage, before: Awaited<ReturnType<ServerProcess['resources']>>) {
  const deadlineMs = performance.now() + SETTLE_LIMIT_MS;
  for (;;) {
    const held = heldMore(before, await server.resources());
    const isQuiet =
      Object.keys(held).length === 0 && far.openai.liveSessions().length + far.telnyx.liveLegs().length === 0;
    if (isQuiet || performance.now() > deadlineMs) return held;
    await wait(SETTLE_POLL_MS);
  }
}

async function activeCalls(server: ServerProcess): Promise<number> {
  const answer = await ask(`${server.url}/api/ai-calls/status`);
  return Number(answer?.body['activeCalls'] ?? NaN);
}

function report(findings: SoakFindings): void {
  const checks = checksOf(findings);
  process.stdout.write(`${soakTable(findings, checks)}\n`);
  const at = new Date().toISOString();
  const file = join(RESULTS_FOLDER, `soak-${at.slice(0, 19).replaceAll(':', '-')}.json`);
  const { calls, ...rest } = findings;
  const summary = calls.map(({ callId, plan, record }) => ({
    callId,
    fault: plan.faultName,
    endReason: record?.['endReason'] ?? null,
  }));
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at, checks, ...rest, calls: summary }, null, 2)}\n`);
  process.stdout.write(`${file}\n`);
  if (checks.some(({ holds }) => holds === 'NO')) process.exitCode = 1;
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      calls: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(Date.now() % 100_000) },
      kill: { type: 'boolean', default: true },
      server: { type: 'string', default: SERVER_ENTRY },
    },
    allowNegative: true,
  });
  if (!existsSync(values.server)) throw new Error(`${values.server} is missing: npm run build`);

  return {
    entry: resolve(values.server),
    minutes: wholeNumber('--minutes', values.minutes),
    calls: wholeNumber('--calls', values.calls),
    seed: wholeNumber('--seed', values.seed, 0),
    kills: values.kill ? KILLS : 0,
  };
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
