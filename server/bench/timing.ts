// Time per call of short functions, measured in batches that take turns: what else the machine does hits all alike.

/** Something to be called again and again. */
export type Subject = { readonly name: string; readonly run: () => void };

/** Microseconds per call: the median of all batches, and what four of five batches lie between. */
export type Timing = {
  readonly name: string;
  readonly medianUs: number;
  readonly lowUs: number;
  readonly highUs: number;
};

const WARM_UP_MS = 60;
const BATCH_MS = 1;
const ROUNDS = 201;

/** Measures all subjects, side by side. */
export function timeSubjects(subjects: readonly Subject[]): Timing[] {
  const prepared = subjects.map(({ name, run }) => ({
    name,
    run,
    calls: callsPerBatch(run),
    batchesUs: [] as number[],
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { run, calls, batchesUs } of prepared) batchesUs.push(timeBatch(run, calls));
  }

  return prepared.map(({ name, batchesUs }) => {
    batchesUs.sort((a, b) => a - b);

    return {
      name,
      medianUs: quantile(batchesUs, 0.5),
      lowUs: quantile(batchesUs, 0.1),
      highUs: quantile(batchesUs, 0.9),
    };
  });
}

/** Microseconds per call. */
function timeBatch(run: () => void, calls: number): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) run();

  return Number(process.hrtime.bigint() - start) / 1000 / calls;
}

/** Warms up, so that the optimised code is what is measured, and finds out how often a batch has to call. */
function callsPerBatch(run: () => void): number {
  const end = performance.now() + WARM_UP_MS;
  let perCallUs = timeBatch(run, 10);
  while (performance.now() < end) perCallUs = timeBatch(run, 100);

  return Math.max(1, Math.ceil((BATCH_MS * 1000) / perCallUs));
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.round(part * (sorted.length - 1))] ?? NaN;
}
