// GET /api/ai-calls/live: the calls that go on on this node, once as JSON, or as server-sent events for as long as
// somebody looks on.

import { Router } from 'express';
import type { LiveCalls } from '../live-calls';
import { chosenFormat } from '../formats';
import { ProblemError } from '../problem';
import { setSseHeaders, SseResponse } from '../sse';
import type { Clock } from '../../calls/ports';

// All of them get the same text: they cost little more than their connections.
const MAX_OPEN_STREAMS = 50;

const FORMATS = { json: 'application/json', stream: 'text/event-stream' } as const;

/** What the route works with. */
export type LiveCallsRouteDeps = {
  readonly live: Pick<LiveCalls, 'snapshot' | 'show'>;
  readonly clock: Clock;
};

/** The route of the live calls. */
export function liveCallsRouter({ live, clock }: LiveCallsRouteDeps): Router {
  const router = Router();
  let openStreams = 0;

  router.get('/live', async (request, response) => {
    if (chosenFormat(request, FORMATS, undefined) === 'json') {
      response.vary('Accept').set('Cache-Control', 'no-store').json(live.snapshot());
      return;
    }
    if (openStreams >= MAX_OPEN_STREAMS) throw new ProblemError('TOO_MANY_STREAMS');
    openStreams += 1;
    response.once('close', () => {
      openStreams -= 1;
    });
    if (request.method === 'HEAD') setSseHeaders(response).end();
    else await live.show(new SseResponse(response, clock));
  });

  return router;
}
