// POST /api/webhooks/telnyx: looked at by its headers, then verified on the raw body, answered at once, worked on after.
// The carrier waits two seconds at most, and delivers again what it takes for lost.

import type { Duplex } from 'node:stream';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { BoundedLog } from '../../calls/bounded-log';
import type { CallService } from '../../calls/call-service';
import type { CarrierEvent, CarrierWebhooks, Clock, Logger } from '../../calls/ports';
import { rawBody } from '../body';

const MAX_BODY_BYTES = 256 * 1024;

const REFUSED = 'A webhook was refused: wrong TELNYX_PUBLIC_KEY, a wrong clock, or not from Telnyx';

/** What the route works with. */
export type TelnyxWebhooksDeps = {
  readonly calls: Pick<CallService, 'onCarrierEvent'>;
  readonly webhooks: CarrierWebhooks;
  /** Is told of the connections on which genuine ones come. */
  readonly onTrusted?: ((socket: Duplex) => void) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
};

/** The route for the carrier's webhooks. */
export function telnyxWebhooksRouter({ calls, webhooks, onTrusted, clock, log }: TelnyxWebhooksDeps): Router {
  const router = Router();
  // Anybody may send anything here, as often as they like.
  const bounded = new BoundedLog(log, clock);
  const refuse = (request: Request, error: unknown): never => {
    bounded.warn(REFUSED, { remoteAddress: request.socket.remoteAddress, error });
    throw error;
  };
  const checkHeaders: RequestHandler = (request, response, next) => {
    try {
      webhooks.checkHeaders(singleHeaders(request.headers));
    } catch (error) {
      leaveUnread(response);
      refuse(request, error);
    }
    next();
  };
  const onEvent = (event: CarrierEvent): void => {
    calls.onCarrierEvent(event).catch((error: unknown) => {
      log.error('A webhook could not be worked on', { callId: event.callId, eventType: event.type, error });
    });
  };
  router.post('/', checkHeaders, rawBody(MAX_BODY_BYTES), async (request, response) => {
    const body = (request.body as Buffer).toString('utf8');
    const event = await webhooks
      .receive(body, singleHeaders(request.headers))
      .catch((error: unknown) => refuse(request, error));
    onTrusted?.(request.socket);
    response.status(200).end();
    if (event) return onEvent(event);
    // Genuine, and yet unreadable: delivering it again would not help.
    bounded.warn('A webhook could not be read: is the webhook API version of the application 2?');
  });
  return router;
}

/** The body of a request that is refused by its headers is not waited for: the connection ends with the answer. */
function leaveUnread(response: Response): void {
  response.set('Connection', 'close');
}

function singleHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') single[name] = value;
  }
  return single;
}
