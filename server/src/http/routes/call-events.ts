// /api/ai-calls/:callId/events: the timeline of a call as a list, or live as server-sent events.

import { Router } from 'express';
import { eventView } from '../call-view';
import { type EventFeed, EventStream, readEvents } from '../event-stream';
import { chosenFormat } from '../formats';
import { ProblemError } from '../problem';
import { eventsQuerySchema, parseLastEventId } from '../reading-schemas';
import { parseCallId, validated } from '../schemas';
import { setSseHeaders, SseResponse } from '../sse';

// Each of them looks into the record once a second.
const MAX_OPEN_STREAMS = 100;

const FORMATS = { json: 'application/json', stream: 'text/event-stream' } as const;

/** The route of a call's events. */
export function callEventsRouter(feed: EventFeed): Router {
  const router = Router();
  let openStreams = 0;

  router.get('/:callId/events', async (request, response) => {
    const callId = parseCallId(request.params['callId']);
    const { after: asked = 0 } = validated(eventsQuerySchema, request.query);
    if (chosenFormat(request, FORMATS, undefined) === 'json') {
      const { call, entries, isComplete } = await readEvents(feed, callId, asked);
      const lastId = entries.at(-1)?.sequence ?? asked;
      const { status } = call;
      response.vary('Accept').json({ callId, status, isComplete, lastId, events: entries.map(eventView) });
      return;
    }
    if (openStreams >= MAX_OPEN_STREAMS) throw new ProblemError('TOO_MANY_STREAMS');
    openStreams += 1;
    response.once('close', () => {
      openStreams -= 1;
    });
    // A reader that comes back asks at the old address, and says in the header how far it got.
    const after = parseLastEventId(request.get('Last-Event-ID')) ?? asked;
    const first = await readEvents(feed, callId, after);
    // To a reader that comes back by itself, this says that there is nothing to come back for.
    if (first.isComplete && first.entries.length === 0) response.status(204).end();
    else if (request.method === 'HEAD') setSseHeaders(response).end();
    else await new EventStream(feed, new SseResponse(response, feed.clock), after).run(first);
  });

  return router;
}
