// How many calls one process carries: more and more of them, until frames come late or not at all.

import type { SubjectKind } from './generator-protocol';
import type { Measurement, RampReport } from './load-report';
import type { MeasurementOptions } from './measure';
import { measureQuietly } from './quiet';
import type { AudioMode } from './speech-frames';
import { measurementLine } from './table';
import { hasLosses, isSaturated } from './validity';

/** What a ramp needs. */
export type RampOptions = {
  readonly subject: SubjectKind;
  readonly mode: AudioMode;
  readonly seconds: number;
  readonly serverEntry: string;
  readonly tell: (line: string) => void;
};

// A frame that comes a whole frame late is a gap in the sound of a phone without a buffer.
const P99_LIMIT_MS = 20;

const FIRST_STEPS = [50, 100, 150, 200, 250, 300, 350, 400];
const LAST_STEP = 2_000;
const WIDE_STEP = 100;

// The limit of a ramp is higher than that of the budgets, and so is what its generator may add.
const GENERATOR_LATENESS_LIMIT_MS = 15;

/** Runs the ramp of one subject. */
export async function ramp({ tell, ...what }: RampOptions): Promise<RampReport> {
  const { subject, mode } = what;
  const steps: Measurement[] = [];
  let mostCalls = 0;
  for (const calls of rampSteps()) {
    const options: MeasurementOptions = { ...what, calls, depth: 'short', profileDirectory: undefined };
    const step = await measureQuietly(options, tell).catch((error: unknown) => String(error));
    if (typeof step === 'string') {
      tell(`  ${calls} calls: ${step}`);
      return { subject, mode, mostCalls, limitedBy: 'failure', steps };
    }
    steps.push(step);
    const limitedBy = limitOf(step);
    tell(`  ${measurementLine(step)}${limitedBy ? `: limited by ${limitedBy}` : ''}`);
    if (limitedBy) return { subject, mode, mostCalls, limitedBy, steps };
    mostCalls = calls;
  }
  return { subject, mode, mostCalls, limitedBy: 'end of the ramp', steps };
}

function rampSteps(): number[] {
  const steps = [...FIRST_STEPS];
  for (let calls = (FIRST_STEPS.at(-1) ?? 0) + WIDE_STEP; calls <= LAST_STEP; calls += WIDE_STEP) steps.push(calls);
  return steps;
}

function limitOf(step: Measurement): RampReport['limitedBy'] | undefined {
  if (isSaturated(step.generator, GENERATOR_LATENESS_LIMIT_MS)) return 'the generator';
  if (hasLosses(step)) return 'losses';
  const { toAi, toPhone } = step.latency;
  const isLate = Math.max(toAi.p99Ms ?? Infinity, toPhone.p99Ms ?? Infinity) > P99_LIMIT_MS;
  return isLate ? 'latency' : undefined;
}
