// `npm run doctor` as a function: options, output and exit code.

import type { Clock } from '../calls/ports';
import { examine } from './examination';
import { Report, secretsOf } from './report';
import type { System } from './system';

const USAGE = `Checks settings, accounts, the public URL and this machine. Places no call and costs nothing.

  --json   one JSON document instead of lines

Exit code 0 when nothing failed, 1 otherwise.`;

/** What the doctor is given of its process. */
export type DoctorSurroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The names in the env file. */
  readonly fileNames: readonly string[];
  readonly print: (text: string) => void;
  readonly hasColour: boolean;
  readonly system: System;
  readonly clock: Clock;
};

/** Runs all checks and prints what they find; resolves with the exit code. */
export async function runDoctor(options: readonly string[], surroundings: DoctorSurroundings): Promise<number> {
  const { environment, print, hasColour } = surroundings;
  const unknown = options.filter((option) => option !== '--json');
  if (unknown.length > 0) {
    print(USAGE);
    return unknown.every((option) => option === '--help') ? 0 : 1;
  }
  const isForMachines = options.includes('--json');
  const report = new Report({ hasColour, secrets: secretsOf(environment) });
  const examination = examine(surroundings);
  try {
    for (const { name, findings } of examination.checks) {
      const lines = (await findings).map((finding) => report.add(name, finding));
      if (!isForMachines) print(lines.join('\n'));
    }
  } finally {
    examination.close();
  }
  print(isForMachines ? report.json() : `\n${report.summary()}`);
  return report.hasFailed ? 1 : 0;
}
