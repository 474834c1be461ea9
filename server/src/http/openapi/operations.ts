// Every route of the API in one table, and what follows for each from its access, its body, its query and its path.

import { PROBLEMS, type ProblemCode } from '../problem';
import { CALL_OPERATIONS } from './call-operations';
import type { Operation } from './operation';
import { RECORD_OPERATIONS } from './record-operations';
import { SERVER_OPERATIONS } from './server-operations';

/** All routes, in the order in which they are shown. */
export const OPERATIONS: readonly Operation[] = [...CALL_OPERATIONS, ...RECORD_OPERATIONS, ...SERVER_OPERATIONS];

const ANSWERS_TO_BODIES: readonly ProblemCode[] = [
  'VALIDATION_FAILED',
  'BAD_REQUEST',
  'BODY_NOT_JSON',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_NOT_SUPPORTED',
];

/** Every problem that a route can answer with, by status. */
export function problemsOf(operation: Operation): ProblemCode[] {
  const { access, body, query, path, problems = [] } = operation;
  const codes = new Set<ProblemCode>([
    ...(access === 'key' ? (['UNAUTHORIZED', 'LOOPBACK_ONLY', 'INTERNAL_ERROR'] as const) : []),
    ...(body === undefined ? [] : ANSWERS_TO_BODIES),
    ...(query === undefined ? [] : (['VALIDATION_FAILED'] as const)),
    // What is no text at all when it is decoded names no route.
    ...(path.includes('{callId}') ? (['CALL_NOT_FOUND', 'ROUTE_NOT_FOUND', 'RECORDS_UNAVAILABLE'] as const) : []),
    ...problems,
  ]);
  return [...codes].sort((a, b) => PROBLEMS[a].status - PROBLEMS[b].status);
}
