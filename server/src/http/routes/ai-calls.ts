// /api/ai-calls: create, status, hang up, interrupt.

import { createHash } from 'node:crypto';
import { Router } from 'express';
import type { CallService } from '../../calls/call-service';
import type { Idempotency } from '../../calls/record-ports';
import { abandonmentOf } from '../abandonment';
import { callerOf } from '../auth';
import { callSummary } from '../call-view';
import { notePlacedCall } from '../command-log';
import { type CreateCallDeps, toCallRequest } from '../create-call';
import { jsonBody } from '../json-body';
import {
  createCallSchema,
  DEFAULT_PAGE,
  listCallsSchema,
  parseCallId,
  parseIdempotencyKey,
  validated,
} from '../schemas';

/** What the routes work with. */
export type AiCallsDeps = CreateCallDeps & {
  readonly calls: Pick<CallService, 'place' | 'active' | 'activeCalls' | 'list' | 'hangUp' | 'interrupt'>;
};

/** The routes under /api/ai-calls. */
export function aiCallsRouter(deps: AiCallsDeps): Router {
  const { calls } = deps;
  const router = Router();

  router.post('/create', ...jsonBody, async (request, response) => {
    const body = validated(createCallSchema, request.body);
    const key = parseIdempotencyKey(request.get('Idempotency-Key'));
    const placedBy = callerOf(response);
    const callRequest = toCallRequest({ body, placedBy }, deps);
    const known = key === undefined ? undefined : idempotency(scopedKey(key, placedBy), body);
    const { call, isReplay } = await calls.place(callRequest, known, abandonmentOf(response));
    notePlacedCall(response, call.callId);
    if (isReplay) response.set('Idempotent-Replayed', 'true');
    response.status(201).location(`/api/ai-calls/${call.callId}`).json(callSummary(call));
  });

  router.get('/status', async (request, response) => {
    const { status, to, since, limit, cursor } = validated(listCallsSchema, request.query);
    const activeCalls = calls.activeCalls;
    if (status === undefined && to === undefined && since === undefined && cursor === undefined) {
      response.json({
        activeCalls,
        calls: calls
          .active()
          .slice(0, limit ?? activeCalls)
          .map(callSummary),
      });
      return;
    }
    const page = await calls.list({ statuses: status, to, sinceMs: since, limit: limit ?? DEFAULT_PAGE, cursor });
    response.json({ activeCalls, calls: page.calls.map(callSummary), nextCursor: page.nextCursor ?? null });
  });

  router.post('/:callId/hangup', async (request, response) => {
    response.json(callSummary(await calls.hangUp(parseCallId(request.params['callId']))));
  });

  router.post('/:callId/interrupt', async (request, response) => {
    const { call, wasSpeaking } = await calls.interrupt(parseCallId(request.params['callId']));
    response.json({ ...callSummary(call), interrupted: wasSpeaking });
  });

  return router;
}

/** Two callers who choose the same key do not see each other's calls. A name of an API key has no colon. */
function scopedKey(key: string, placedBy: string | undefined): string {
  return `${placedBy ?? ''}:${key}`;
}

/** Two requests are the same when they mean the same, whatever the order of their fields. */
function idempotency(key: string, body: Readonly<Record<string, unknown>>): Idempotency {
  return { key, fingerprint: createHash('sha256').update(JSON.stringify(body, withSortedKeys)).digest('hex') };
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
