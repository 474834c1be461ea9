// Holds real answers against what the OpenAPI document says of their route: status, type, body to the last field, code.

import type { z } from 'zod';
import { OPERATIONS, problemsOf } from '../../src/http/openapi/operations';
import { answerSchemas } from '../../src/http/openapi/schemas-by-name';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = answerSchemas();

/** An answer, however it was asked for. */
export type RealAnswer = { readonly status: number; readonly type: string; readonly body?: unknown };

/** Checks that the route may answer like this. */
export function expectDescribed(operationId: string, { status, type, body }: RealAnswer): void {
  const operation = OPERATIONS.find((each) => each.operationId === operationId);
  if (!operation) throw new Error(`No route is called ${operationId}.`);
  if (type === 'application/problem+json') {
    expectSchema('Problem', body);
    const { code } = body as { readonly code: string };
    expect({ operationId, codes: problemsOf(operation) }).toMatchObject({ codes: expect.arrayContaining([code]) });
    return;
  }
  const answer = operation.answers[status];
  const bodies = answer?.bodies ?? {};
  expect({ operationId, status, types: Object.keys(bodies) }).toMatchObject(
    type === '' ? { types: [] } : { types: expect.arrayContaining([type]) },
  );
  expect(answer).toBeDefined();
  const { schema } = bodies[type] ?? {};
  if (typeof schema === 'string') expectSchema(schema, body);
}

/** Checks a value against a schema of the document, fields that it does not know included. */
export function expectSchema(name: string, value: unknown): void {
  const result = SCHEMAS[name]!.safeParse(value);
  if (result.success) return;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`This is no ${name}: ${issues.join('; ')}\n${JSON.stringify(value, null, 1).slice(0, 4_000)}`);
}
