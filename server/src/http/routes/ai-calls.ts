// /api/ai-calls: create, status, one call, hang up, interrupt.

import { createHash } from 'node:crypto';
import { json, type RequestHandler, Router } from 'express';
import type { CallRequest } from '../../calls/call';
import type { CallService } from '../../calls/call-service';
import { CallNotFoundError } from '../../calls/errors';
import type { Idempotency } from '../../calls/ports';
import { callDetails, callSummary } from '../call-view';
import type { DestinationPolicy } from '../destination';
import { ProblemError } from '../problem';
import {
  callIdSchema,
  createCallSchema,
  DEFAULT_PAGE,
  listCallsSchema,
  parseIdempotencyKey,
  validated,
} from '../schemas';

const MAX_BODY = '128kb';

/** What the routes work with. */
export type AiCallsDeps = {
  readonly calls: CallService;
  readonly destinations: DestinationPolicy;
  /** Fill in what a request leaves open. */
  readonly defaults: { readonly from: string; readonly voice: string };
};

/** Without this, express leaves a body of another type unread, and every field would be reported as missing. */
const requireJson: RequestHandler = (request, _response, next) => {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new ProblemError('MEDIA_TYPE_NOT_SUPPORTED');
  }
  next();
};

/** The routes under /api/ai-calls. */
export function aiCallsRouter({ calls, destinations, defaults }: AiCallsDeps): Router {
  const router = Router();

  router.post('/create', requireJson, json({ limit: MAX_BODY }), async (request, response) => {
    const body = validated(createCallSchema, request.body ?? {});
    const callRequest: CallRequest = { ...body, from: body.from ?? defaults.from, voice: body.voice ?? defaults.voice };
    const key = parseIdempotencyKey(request.get('Idempotency-Key'));
    destinations.check(callRequest.to, callRequest.from);
    const { call, isReplay } = await calls.place(callRequest, key === undefined ? undefined : idempotency(key, body));
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

  router.get('/:callId', async (request, response) => {
    const callId = parseCallId(request.params.callId);
    const call = await calls.get(callId);
    response.json(callDetails(call, await calls.timeline(callId)));
  });

  router.post('/:callId/hangup', async (request, response) => {
    response.json(callSummary(await calls.hangUp(parseCallId(request.params.callId))));
  });

  router.post('/:callId/interrupt', async (request, response) => {
    const { call, wasSpeaking } = await calls.interrupt(parseCallId(request.params.callId));
    response.json({ ...callSummary(call), interrupted: wasSpeaking });
  });

  return router;
}

/** Anything that is not an id names no call. */
function parseCallId(text: string): string {
  const callId = callIdSchema.safeParse(text);
  if (!callId.success) throw new CallNotFoundError('No call has this id.');
  return callId.data.toLowerCase();
}

/** Two requests are the same when they mean the same, whatever the order of their fields. */
function idempotency(key: string, body: Readonly<Record<string, unknown>>): Idempotency {
  return { key, fingerprint: createHash('sha256').update(JSON.stringify(body, withSortedKeys)).digest('hex') };
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
