// The mixed bench: calls while good and bad requests come in, beside the same calls without them and the bare relay; then
// fewer calls, in which the callee cuts in, beside as many requests.
// Alone: npx tsx server/bench/mixed.ts [--calls 300] [--requests 200] [--seconds 15] [--rounds 1] [--hasty] [--profile DIRECTORY]

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { wholeNumber } from './arguments';
import { runConversation } from './conversation';
import { CORES } from './load/child';
import type { Measurement } from './load/load-report';
import { measure, type MeasurementOptions } from './load/measure';
import { measureQuietly } from './load/quiet';
import { summarise } from './load/summary';
import { measurementLine } from './load/table';
import { mixedTable, type MixedReport } from './mixed/mixed-report';

export { mixedTable } from './mixed/mixed-report';

/** What the mixed bench is to measure; everything has a default. */
export type MixedOptions = {
  readonly calls?: number;
  readonly requestsPerSecond?: number;
  readonly seconds?: number;
  readonly rounds?: number;
  readonly profileDirectory?: string | undefined;
  /** `none`: whatever else the machine does; for a look, not for figures. */
  readonly patience?: 'quiet' | 'none';
  readonly tell?: (line: string) => void;
};

const DEFAULTS = {
  calls: 300,
  requestsPerSecond: 200,
  seconds: 15,
  rounds: 1,
  patience: 'quiet',
  tell: () => undefined,
} as const;
const SERVER_ENTRY = join(__dirname, '../../dist/main.js');
const SUBJECTS = ['relay', 'alone', 'mixed'] as const;

/** Measures. @throws Error when the server is not built, a process fails or calls do not come up */
export async function runMixed(options: MixedOptions = {}): Promise<MixedReport> {
  const settings = { ...DEFAULTS, ...options };
  const { calls, seconds, requestsPerSecond, profileDirectory, tell } = settings;
  if (!existsSync(SERVER_ENTRY)) throw new Error(`${SERVER_ENTRY} is missing: npm run build`);
  const runs = { relay: [] as Measurement[], alone: [] as Measurement[], mixed: [] as Measurement[] };
  for (let round = 1; round <= settings.rounds; round++) {
    for (const which of SUBJECTS) {
      const what: MeasurementOptions = {
        subject: which === 'relay' ? 'relay' : 'server',
        mode: 'pcm16',
        calls,
        seconds,
        serverEntry: SERVER_ENTRY,
        depth: 'short',
        profileDirectory: which === 'mixed' ? profileDirectory : undefined,
        requestsPerSecond: which === 'mixed' ? requestsPerSecond : undefined,
      };
      const run = settings.patience === 'none' ? await measure(what) : await measureQuietly(what, tell);
      runs[which].push(run);
      tell(`${which === 'mixed' ? 'with requests: ' : ''}${measurementLine(run)}`);
    }
  }
  const conversation = await runConversation({ requestsPerSecond });
  const traffic = runs.mixed.at(-1)?.traffic;
  if (!traffic) throw new Error('There was no REST traffic');
  return {
    calls,
    seconds,
    requestsPerSecond,
    isPinned: CORES !== null,
    relay: summarise(runs.relay),
    alone: summarise(runs.alone),
    mixed: summarise(runs.mixed),
    traffic,
    runs: SUBJECTS.flatMap((which) => runs[which]),
    conversation,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: String(DEFAULTS.calls) },
      requests: { type: 'string', default: String(DEFAULTS.requestsPerSecond) },
      seconds: { type: 'string', default: String(DEFAULTS.seconds) },
      rounds: { type: 'string', default: String(DEFAULTS.rounds) },
      profile: { type: 'string' },
      hasty: { type: 'boolean', default: false },
    },
  });
  const report = await runMixed({
    calls: wholeNumber('--calls', values.calls),
    requestsPerSecond: wholeNumber('--requests', values.requests),
    seconds: wholeNumber('--seconds', values.seconds),
    rounds: wholeNumber('--rounds', values.rounds),
    patience: values.hasty ? 'none' : 'quiet',
    profileDirectory: values.profile === undefined ? undefined : resolve(values.profile),
    tell: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(mixedTable(report));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}
