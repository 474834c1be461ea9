// The load bench: the built server and a bare relay, in turn, under N concurrent calls in real time.
// Alone: npx tsx server/bench/load.ts --calls 200 --seconds 20 [--modes pcm16,pcmu] [--rounds 3] [--ramp]
//        [--json FILE] [--server dist/main.js] [--profile DIRECTORY]

import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { audioModes, wholeNumber } from './arguments';
import { CORES } from './load/child';
import type { LoadReport, Measurement, ModeReport, RampReport } from './load/load-report';
import { measureQuietly } from './load/quiet';
import { ramp } from './load/ramp';
import { AUDIO_MODES, type AudioMode } from './load/speech-frames';
import { median, summarise } from './load/summary';
import { loadTable, measurementLine } from './load/table';

/** What the load bench is to measure; everything has a default. */
export type LoadOptions = {
  readonly calls?: number;
  /** Length of the steady window. */
  readonly seconds?: number;
  /** Runs of each subject, alternating; 0 for a ramp alone. */
  readonly rounds?: number;
  readonly modes?: readonly AudioMode[];
  readonly ramp?: 'yes' | 'no';
  /** Entry of the built server. */
  readonly serverEntry?: string;
  /** Where CPU profiles of the subjects go; a profiled run is slower. */
  readonly profileDirectory?: string;
  /** Takes a line about what goes on. */
  readonly tell?: (line: string) => void;
};

export type { LoadReport } from './load/load-report';
export { loadTable } from './load/table';

type Settings = Required<Omit<LoadOptions, 'profileDirectory'>> & Pick<LoadOptions, 'profileDirectory'>;

const DEFAULTS = {
  calls: 200,
  seconds: 15,
  rounds: 3,
  modes: AUDIO_MODES,
  ramp: 'no',
  serverEntry: join(__dirname, '../../dist/main.js'),
  tell: () => undefined,
} as const;

// Enough for a verdict on a step; a ramp has many.
const RAMP_SECONDS = 8;

/** Measures. @throws Error when the server is not built, a process fails or calls do not come up */
export async function runLoad(options: LoadOptions = {}): Promise<LoadReport> {
  const settings: Settings = { ...DEFAULTS, ...options };
  const { calls, seconds, modes, serverEntry } = settings;
  if (!existsSync(serverEntry)) throw new Error(`${serverEntry} is missing: npm run build`);
  const reports: ModeReport[] = [];
  const ramps: RampReport[] = [];
  for (const mode of modes) if (settings.rounds > 0) reports.push(await measureMode(mode, settings));
  for (const mode of modes) if (settings.ramp === 'yes') ramps.push(...(await rampMode(mode, settings)));
  return { calls, seconds, cores: CORES, modes: reports, ramps };
}

/** Relay and server alternate and take turns in going first, so that noise and its trend hit both. */
async function measureMode(mode: AudioMode, settings: Settings): Promise<ModeReport> {
  const { calls, seconds, rounds, serverEntry, profileDirectory, tell } = settings;
  const runs = { relay: [] as Measurement[], server: [] as Measurement[] };
  for (let round = 1; round <= rounds; round++) {
    // Memory does not depend on the noise of the moment: once is enough.
    const depth = round === 1 ? 'full' : 'short';
    const order = round % 2 === 1 ? (['relay', 'server'] as const) : (['server', 'relay'] as const);
    for (const subject of order) {
      const what = { subject, mode, calls, seconds, serverEntry, depth, profileDirectory } as const;
      const run = await measureQuietly(what, tell);
      runs[subject].push(run);
      tell(`${round} of ${rounds}: ${measurementLine(run)}`);
    }
  }
  const ratios = runs.server.map((server, at) => ratio(server.cpuMsPerCallSecond, runs.relay[at]?.cpuMsPerCallSecond));
  return {
    mode,
    server: summarise(runs.server),
    relay: summarise(runs.relay),
    cpuRatio: median(ratios),
    runs: [...runs.relay, ...runs.server],
  };
}

function ratio(server: number | null, relay: number | null | undefined): number | null {
  return server === null || relay === null || relay === undefined ? null : server / relay;
}

async function rampMode(mode: AudioMode, { serverEntry, tell }: Settings): Promise<RampReport[]> {
  const reports: RampReport[] = [];
  for (const subject of ['relay', 'server'] as const) {
    tell(`Ramp, ${mode}, ${subject}`);
    reports.push(await ramp({ subject, mode, seconds: RAMP_SECONDS, serverEntry, tell }));
  }
  return reports;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: String(DEFAULTS.calls) },
      seconds: { type: 'string', default: String(DEFAULTS.seconds) },
      rounds: { type: 'string' },
      modes: { type: 'string', default: DEFAULTS.modes.join(',') },
      ramp: { type: 'boolean', default: false },
      json: { type: 'string' },
      server: { type: 'string', default: DEFAULTS.serverEntry },
      profile: { type: 'string' },
    },
  });
  const report = await runLoad({
    calls: wholeNumber('--calls', values.calls),
    seconds: wholeNumber('--seconds', values.seconds),
    rounds: wholeNumber('--rounds', values.rounds ?? String(values.ramp ? 0 : DEFAULTS.rounds), 0),
    modes: audioModes('--modes', values.modes),
    ramp: values.ramp ? 'yes' : 'no',
    serverEntry: resolve(values.server),
    profileDirectory: values.profile === undefined ? undefined : resolve(values.profile),
    tell: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(loadTable(report));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}
