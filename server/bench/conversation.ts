// The conversation bench: how soon a greeting and a clear are at the carrier, and how exactly the AI learns what was heard.
// The built server in one process, the simulated phone network and the simulated AI in another.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PlanOptions } from './conversation/call-plans';
import { conversationReport, type ConversationReport } from './conversation/conversation-report';
import type { RunCommand, SimulatorsAnswer } from './conversation/simulators-protocol';
import { Child } from './load/child';
import { cpuTimeOfOthersMs } from './load/process-stat';
import { untilQuiet } from './load/quiet';
import { startServer, TYPESCRIPT_ARGS } from './load/subject';
import { RestTraffic } from './mixed/rest-traffic';

export type { ConversationReport } from './conversation/conversation-report';
export { conversationTable } from './conversation/table';

/** What else goes on meanwhile. */
export type ConversationOptions = {
  /** REST traffic beside the calls; 0 for none. */
  readonly requestsPerSecond?: number;
};

// 160 interruptions, and 40 over a network with a delay, in under a minute.
const PLANS: PlanOptions = { calls: 40, delayedCalls: 10, networkDelayMs: 40, interruptions: 4 };
const CONCURRENCY = 10;

const SERVER_ENTRY = join(__dirname, '../../dist/main.js');
const LISTEN_LIMIT_MS = 15_000;
const RUN_LIMIT_MS = 180_000;

// The first calls are placed by then, and none is answered yet.
const PLACED_MS = 500;

// Together with the calls, less than two minutes.
const QUIET_LIMIT_MS = 30_000;

/** Measures. @throws Error when the server is not built, a process fails or a call does not come up */
export async function runConversation(options: ConversationOptions = {}): Promise<ConversationReport> {
  if (!existsSync(SERVER_ENTRY)) throw new Error(`${SERVER_ENTRY} is missing: npm run build`);
  const directory = mkdtempSync(join(tmpdir(), 'ai-calls-conversation-'));
  const cleanUp = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', cleanUp);
  const children: Child[] = [];
  try {
    return await measure({ ...options, directory, onChild: (child) => children.push(child) });
  } finally {
    // The server first: it still has calls to end at the far ends when something went wrong.
    for (const child of children.toReversed()) await child.stop();
    process.off('exit', cleanUp);
    cleanUp();
  }
}

type Surroundings = ConversationOptions & {
  readonly directory: string;
  /** Told of each process: it has to be stopped, whatever happens. */
  readonly onChild: (child: Child) => void;
};

async function measure({ requestsPerSecond = 0, directory, onChild }: Surroundings): Promise<ConversationReport> {
  const simulators = new Child({
    name: 'simulators',
    args: [...TYPESCRIPT_ARGS, join(__dirname, 'conversation/simulators.ts')],
    role: 'generator',
    logFile: join(directory, 'simulators.log'),
    channel: 'ipc',
  });
  onChild(simulators);
  const { settings } = expected(await simulators.next(LISTEN_LIMIT_MS), 'listening');
  const traffic = requestsPerSecond > 0 ? new RestTraffic(directory) : undefined;
  if (traffic) onChild(traffic.child);
  await traffic?.ready();
  const server = await startServer({ serverEntry: SERVER_ENTRY, directory, settings, onChild });
  await untilQuiet(QUIET_LIMIT_MS);
  const pids = [simulators, server.child, ...(traffic ? [traffic.child] : [])].map(({ pid }) => pid);
  const begin = { atMs: performance.now(), othersMs: cpuTimeOfOthersMs(pids) };
  const command: RunCommand = { url: server.url, plans: PLANS, concurrency: CONCURRENCY };
  const answered = simulators.next(RUN_LIMIT_MS);
  simulators.send(command);
  const [answer] = await Promise.all([answered, traffic && flowing(traffic, server.url, requestsPerSecond)]);
  const { records, loopDelayP99Ms } = expected(answer, 'done');
  const requests = await traffic?.end();
  const othersMs = cpuTimeOfOthersMs(pids);
  const elapsedMs = performance.now() - begin.atMs;

  return conversationReport({
    plans: PLANS,
    concurrency: CONCURRENCY,
    records,
    loopDelayP99Ms,
    requestsPerSecond,
    traffic: requests,
    foreignCpuPercent:
      othersMs === null || begin.othersMs === null ? null : ((othersMs - begin.othersMs) / elapsedMs) * 100,
  });
}

/** Resolves when requests come in, before the first call is answered. */
async function flowing(traffic: RestTraffic, url: string, requestsPerSecond: number): Promise<void> {
  await wait(PLACED_MS);
  await traffic.begin(url, requestsPerSecond);
  await traffic.beginWindow();
}

/** The answer that has to come now. @throws Error with the simulators' own words when it is another */
function expected<K extends SimulatorsAnswer['kind']>(
  answer: unknown,
  kind: K,
): Extract<SimulatorsAnswer, { kind: K }> {
  const given = answer as SimulatorsAnswer;
  if (given.kind === 'failed') throw new Error(`The simulators failed: ${given.message}`);
  if (given.kind !== kind) throw new Error(`The simulators answered ${given.kind} where ${kind} was due`);

  return given as Extract<SimulatorsAnswer, { kind: K }>;
}
