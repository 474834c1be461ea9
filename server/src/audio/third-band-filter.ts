// Designs the one low-pass filter that all conversions share. Runs once at load (10-20 ms); nothing here is on the audio
// path. The figures are for 8 <-> 24 kHz, where the filter runs at 24 kHz; for 16 <-> 24 kHz the same taps run at 48 kHz:
// all frequencies count twice, and the delay half.
//
// Requirement: keep 200-3400 Hz flat within 0.25 dB, take out what would fold from above 4.6 kHz by 60 dB, add at most
// 1.5 ms (36 samples at 24 kHz). Between 3.4 and 4.6 kHz a telephone channel carries nothing worth a promise.

const SAMPLE_RATE_HZ = 24_000;
const RATIO = 3;

/** Mirror of 3.4 kHz at 4 kHz: above it, an image or an alias would land in the telephone band. */
const STOPBAND_START_HZ = 4_600;

/**
 * Taps on each side of the centre: the delay of the 71-tap filter is 35 samples = 1.46 ms. A 36th tap would still be
 * within 1.5 ms, but a third-band filter has a zero there.
 */
const REACH_SAMPLES = 35;

/** Error samples over the stopband: ten for each degree of freedom; more moves the result by less than 0.1 dB. */
const GRID_POINTS = 240;

/** Lawson iterations: the peak error is within 0.1 dB of its limit after eight. */
const ITERATIONS = 8;

/** Weight of the response at 8 kHz against all others together: makes it zero to nine digits, see `thirdBandTaps`. */
const NULL_WEIGHT = 1e6;

/**
 * Returns taps 0 to 35 of the symmetric 71-tap low-pass at 24 kHz, indexed by the distance from the centre in samples,
 * scaled to interpolate: each of the three polyphase branches sums to exactly 1 (to decimate, divide by 3).
 *
 * Why a third-band filter (every third tap zero but the centre, -6 dB at 4 kHz): a third of the multiplications fall
 * away, the upsampler hands on the original samples untouched, and, as H(f) + H(f - 8k) + H(f + 8k) = const, the
 * passband error is at most the sum of two stopband errors: only the stopband has to be designed.
 *
 * Why not a window: a Kaiser-windowed sinc of this length reaches -57 dB. The taps here are the weighted minimax
 * solution (-63 dB at 4.6 kHz, ripple 0.01 dB), found by Lawson's method: least squares over and over, each grid point
 * reweighted by its last error. The allowed error falls as 1/f, because the images of 0-1 kHz, where speech has most of
 * its power, lie at 7-9 and 15-17 kHz: they come out at -66 dB or lower.
 *
 * The response is forced to zero at 8 kHz, the image of DC; that is the same as both fractional branches having the
 * gain of the centre one, so that a constant comes out constant. The last division only takes rounding out of it.
 */
export function thirdBandTaps(): Float64Array {
  const distances = fractionalDistances();
  const gridHz = stopbandGrid();
  const cosines = gridHz.map((hz) => distances.map((d) => 2 * Math.cos((2 * Math.PI * hz * d) / SAMPLE_RATE_HZ)));
  const solution = minimaxSolution(gridHz, cosines);
  const branchSum = solution.reduce((sum, tap) => sum + tap, 0);

  const taps = new Float64Array(REACH_SAMPLES + 1);
  taps[0] = 1;
  distances.forEach((distance, i) => (taps[distance] = (solution[i] as number) / branchSum));

  return taps;
}

function fractionalDistances(): number[] {
  return Array.from({ length: REACH_SAMPLES }, (_, i) => i + 1).filter((distance) => distance % RATIO !== 0);
}

/** The stopband, evenly, and as its last point the null at 8 kHz. */
function stopbandGrid(): number[] {
  const stepHz = (SAMPLE_RATE_HZ / 2 - STOPBAND_START_HZ) / (GRID_POINTS - 1);
  const grid = Array.from({ length: GRID_POINTS }, (_, i) => STOPBAND_START_HZ + i * stepHz);

  return [...grid, SAMPLE_RATE_HZ / RATIO];
}

function minimaxSolution(gridHz: readonly number[], cosines: readonly number[][]): number[] {
  const importance = gridHz.map((hz) => hz / STOPBAND_START_HZ);
  let weights = gridHz.map(() => 1);
  let solution: number[] = [];
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const squared = weights.map((weight, i) => weight * (importance[i] as number) ** 2);
    squared[GRID_POINTS] = NULL_WEIGHT;
    const latest = leastSquares(cosines, squared);
    const reweighted = weights.map((w, i) => w * (importance[i] as number) * responseError(cosines[i] ?? [], latest));
    weights = scaledToMean(reweighted);
    solution = latest;
  }

  return solution;
}

/** |H| at one frequency, where H = 1 + sum of tap x 2cos: the error, as the stopband should be zero. */
function responseError(cosineRow: readonly number[], taps: readonly number[]): number {
  return Math.abs(taps.reduce((sum, tap, i) => sum + tap * (cosineRow[i] as number), 1));
}

/** Scales weights to a mean of 1: they shrink with the error, and the fixed weight of the null would outgrow them. */
function scaledToMean(weights: readonly number[]): number[] {
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;

  return weights.map((weight) => weight / mean);
}

/** Minimises sum of weight x (1 + row . taps)^2 over the taps, by the normal equations (symmetric: half is enough). */
function leastSquares(rows: readonly number[][], weights: readonly number[]): number[] {
  const size = rows[0]?.length ?? 0;
  const system = Array.from({ length: size }, () => new Float64Array(size + 1));
  rows.forEach((row, r) => {
    const weight = weights[r] as number;
    for (let i = 0; i < size; i++) {
      const equation = system[i] as Float64Array;
      const weighted = weight * (row[i] as number);
      for (let j = i; j < size; j++) equation[j] = (equation[j] as number) + weighted * (row[j] as number);
      equation[size] = (equation[size] as number) - weighted;
    }
  });

  return solveSymmetric(system);
}

/**
 * Solves a symmetric positive definite system by elimination without pivoting, in place. Each row holds coefficients
 * from the diagonal on (what lies left of it is not read) and, as its last element, the right side.
 */
function solveSymmetric(system: readonly Float64Array[]): number[] {
  const size = system.length;
  system.forEach((pivotRow, column) => {
    for (let i = column + 1; i < size; i++) {
      const row = system[i] as Float64Array;
      const factor = (pivotRow[i] as number) / (pivotRow[column] as number);
      for (let j = i; j <= size; j++) row[j] = (row[j] as number) - factor * (pivotRow[j] as number);
    }
  });

  const solution = Array.from({ length: size }, () => 0);
  for (let i = size - 1; i >= 0; i--) {
    const row = system[i] as Float64Array;
    let rest = row[size] as number;
    for (let j = i + 1; j < size; j++) rest -= (row[j] as number) * (solution[j] as number);
    solution[i] = rest / (row[i] as number);
  }

  return solution;
}
