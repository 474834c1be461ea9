// `npm run fuzz`: the same properties as in `npm test`, for as long as FUZZ_SECONDS says each, from a new seed each time.
// FUZZ_SEED repeats a run, and arguments choose files: npm run fuzz -- rest media.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';

const DEFAULT_SECONDS = '60';

const seed = process.env['FUZZ_SEED'] ?? String(randomInt(2 ** 31 - 1));
const seconds = process.env['FUZZ_SECONDS'] ?? DEFAULT_SECONDS;
const patterns = process.argv.slice(2).map((name) => `test/fuzz/${name}`);

process.stdout.write(`Fuzzing each property for ${seconds} s, seed ${seed} (FUZZ_SEED=${seed} repeats it)\n`);

const jest = spawn(
  join(__dirname, '../../../node_modules/.bin/jest'),
  ['--maxWorkers=2', ...(patterns.length > 0 ? patterns : ['test/fuzz/'])],
  {
    stdio: 'inherit',
    env: { ...process.env, FUZZ_SEED: seed, FUZZ_SECONDS: seconds },
  },
);

jest.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
