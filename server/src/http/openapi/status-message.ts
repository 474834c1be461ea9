// The message that a user's own endpoint gets for each status of a call, as the document tells of it.

import type { RequestHeader } from './operation';

/** How it is sent. */
export const CALL_STATUS_TEXT =
  'Sent to `statusCallbackUrl`, once for each status, in their order. A 2xx answer within 5 s counts as received, `410` ' +
  'as refused for good; everything else is tried again for a day. See https://www.standardwebhooks.com for the headers.';

/** Its headers. */
export const CALL_STATUS_HEADERS: readonly RequestHeader[] = [
  {
    name: 'webhook-id',
    text: 'The same for every try of one message: pass over one that you have had.',
    schema: { type: 'string' },
    isRequired: true,
  },
  { name: 'webhook-timestamp', text: 'Seconds, of this try.', schema: { type: 'string' }, isRequired: true },
  {
    name: 'webhook-signature',
    text: 'With `STATUS_CALLBACK_SECRET`: `v1,` and the base64 HMAC-SHA256 of `<id>.<timestamp>.<raw body>`.',
    schema: { type: 'string' },
  },
];
