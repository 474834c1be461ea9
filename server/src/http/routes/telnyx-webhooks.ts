// POST /api/webhooks/telnyx: verified on the raw body, answered at once, worked on after. The carrier waits two
// seconds at most, and delivers again what it takes for lost.

import { raw, Router } from 'express';
import type { CallService } from '../../calls/call-service';
import type { CarrierWebhooks, Logger } from '../../calls/ports';

const MAX_BODY = '256kb';

/** What the route works with. */
export type TelnyxWebhooksDeps = {
  readonly calls: Pick<CallService, 'onCarrierEvent'>;
  readonly webhooks: CarrierWebhooks;
  readonly log: Logger;
};

/** The route for the carrier's webhooks. */
export function telnyxWebhooksRouter({ calls, webhooks, log }: TelnyxWebhooksDeps): Router {
  const router = Router();
  router.post('/', raw({ type: () => true, limit: MAX_BODY, inflate: false }), async (request, response) => {
    const body = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    const event = await webhooks.receive(body, singleHeaders(request.headers)).catch((error: unknown) => {
      log.warn('A webhook was refused: wrong TELNYX_PUBLIC_KEY, a wrong clock, or not from Telnyx', { error });
      throw error;
    });
    response.status(200).end();
    // Genuine, and yet unreadable: delivering it again would not help.
    if (!event) return log.warn('A webhook could not be read: is the webhook API version of the application 2?');
    calls.onCarrierEvent(event).catch((error: unknown) => {
      log.error('A webhook could not be worked on', { callId: event.callId, eventType: event.type, error });
    });
  });
  return router;
}

function singleHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') single[name] = value;
  }
  return single;
}
