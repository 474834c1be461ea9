// `npm run doctor`: looks at everything that a call will need, before one is placed.

import { config as loadEnvFile } from 'dotenv';
import { SYSTEM_CLOCK } from './app/system-clock';
import { runDoctor } from './doctor/run-doctor';
import { thisSystem } from './doctor/system';

async function main(): Promise<void> {
  const { parsed = {} } = loadEnvFile({ quiet: true });
  const exitCode = await runDoctor(process.argv.slice(2), {
    environment: process.env,
    fileNames: Object.keys(parsed),
    print: (text) => console.log(text),
    hasColour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    system: thisSystem(),
    clock: SYSTEM_CLOCK,
  });
  // What a check has given up may still be waiting for an answer. The output may be a pipe: it has to be through.
  process.stdout.write('', () => process.exit(exitCode));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
