// How much to try: a fixed number of runs from a fixed seed in `npm test`, so that it comes out the same each time; in
// `npm run fuzz` as many as the time allows, from a seed that is told.

import type { Parameters } from 'fast-check';

const FIXED_SEED = 20_261_121;

// Whatever fails is made small, and each try of that is a whole run again.
const SHRINK_SECONDS = 60;

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 0);
const seed = Number(process.env['FUZZ_SEED'] ?? FIXED_SEED);

/** True in `npm run fuzz`. */
const IS_LONG = seconds > 0;

// The runs are what bounds a property; this is for one that hangs. Where six workers share two cores, browsers among them,
// what takes 6 s alone has taken more than 60.
const HANGING_MS = 240_000;

/** How long one property may take, for jest. */
export const LIMIT_MS = IS_LONG ? (seconds + SHRINK_SECONDS) * 1000 : HANGING_MS;

const tried = new Map<string, number>();

/** Counts a run, to be told at the end. */
export function countRun(what: string): void {
  tried.set(what, (tried.get(what) ?? 0) + 1);
}

/** Says how much was tried, in `npm run fuzz`. */
export function tellCounts(): void {
  if (!IS_LONG) return;
  for (const [what, runs] of tried) process.stdout.write(`  ${what}: ${runs} runs, seed ${seed}\n`);
}

/** What fast-check is told for a property that makes so many runs in `npm test`. */
export function budget(runs: number): Parameters<unknown> {
  if (!IS_LONG) return { seed, numRuns: runs };
  return {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
    markInterruptAsFailure: false,
  };
}
