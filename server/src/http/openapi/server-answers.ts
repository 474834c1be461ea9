// What the API answers about itself, about usage, and about what went wrong, as schemas.

import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '../problem';
import type { ReadinessCheck } from '../routes/ready';
import { count, time, to } from './answer-fields';

/** Every code, for a schema. */
const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** As an object, so that a check that is missing here does not compile. */
const CHECKS: Readonly<{ [N in ReadinessCheck['name']]: N }> = {
  database: 'database',
  records: 'records',
  ai: 'ai',
  capacity: 'capacity',
  overload: 'overload',
  draining: 'draining',
};

/** The schemas of all other answers, by their names in the document. */
export function serverAnswers() {
  return {
    Problem: problem(),
    Health: z.strictObject({ status: z.literal('ok'), uptimeSeconds: count }),
    Ready: ready(),
    Identity: z.strictObject({ signature: z.string() }),
    UsageReport: usageReport(),
  };
}

function problem() {
  return z
    .strictObject({
      type: z.string().describe('`urn:ai-calls:problem:` and the code.'),
      title: z.string(),
      status: z.int(),
      code: z.enum(PROBLEM_CODES).describe('Stable.'),
      detail: z.string().describe('What to do about it.'),
      setting: z.string().optional().describe('The setting of the server behind the rule that was broken.'),
      errors: z
        .array(z.strictObject({ field: z.string(), message: z.string() }))
        .optional()
        .describe('The fields that are wrong.'),
    })
    .describe('A problem document (RFC 9457).');
}

function ready() {
  const check = z.strictObject({
    name: z.enum(CHECKS),
    status: z.enum(['ok', 'failing']),
    reason: z.string().optional().describe('What is the matter.'),
  });
  return z.strictObject({ status: z.enum(['ready', 'not-ready']), checks: z.array(check) });
}

function usageReport() {
  const sums = {
    calls: count,
    answered: count,
    failed: count,
    talkSeconds: z.number().min(0),
    inputTokens: count,
    outputTokens: count,
    aiCostUsd: z.number(),
    carrierCostUsd: z.number(),
    costUsd: z.number(),
    unpricedCalls: count.describe('Calls whose model has no known price: their cost is missing.'),
  };
  const row = z.strictObject({ day: z.iso.date(), to, ...sums });
  return z.strictObject({ since: time, until: time, days: z.array(row), totals: z.strictObject(sums) });
}
