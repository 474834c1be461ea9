// Lets so many cases of a file run at a time: each is two phone calls in real time, and more of them than the machine can
// carry would say nothing about faults.

const CASES_AT_A_TIME = 3;

const waiting: (() => void)[] = [];
let free = CASES_AT_A_TIME;

/** Runs a case when it is its turn. */
export async function inTurn(run: () => Promise<void>): Promise<void> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    await run();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }
}
