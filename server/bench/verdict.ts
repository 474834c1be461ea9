// A figure beside its budget, and the verdict: kept, missed, or worth nothing.

import type { Validity } from './load/validity';

/** A figure that must not be above its budget. */
export type Figure = {
  readonly figure: string;
  readonly unit: string;
  readonly budget: number;
  readonly digits: number;
  /** Null where it was not measured; Infinity for the latency of frames that were lost. */
  readonly measured: number | null;
};

/** A figure that was judged. */
export type Budgeted = Figure & {
  /** `ok`, `MISSED`, `in doubt (why)`, `MISSED, in doubt (why)`, `void (why)` or `not measured`. */
  readonly verdict: string;
};

/** Nothing stands against the figures. */
export const SOUND: Validity = { losses: [], flaws: [], doubts: [] };

/** The figure with its verdict. */
export function judged(figure: Figure, validity: Validity): Budgeted {
  return { ...figure, verdict: verdictOf(figure, validity) };
}

function verdictOf({ measured, budget }: Figure, { losses, flaws, doubts }: Validity): string {
  if (measured === null) return 'not measured';
  const faults = [...losses, ...flaws];
  if (faults.length > 0) return `void (${faults.join('; ')})`;
  const isMissed = !(measured <= budget);
  if (doubts.length === 0) return isMissed ? 'MISSED' : 'ok';

  return `${isMissed ? 'MISSED, ' : ''}in doubt (${doubts.join('; ')})`;
}
