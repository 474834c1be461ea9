// The headers of Standard Webhooks: by the id a receiver knows a repeat, by the signature that the message comes from
// here, by the time that nobody has kept it and sends it again.

import type { QueuedCallback } from '../calls/record-ports';
import { webhookSignature, webhookTimestamp } from '../lib/standard-webhooks';

/** One try of a delivery. */
export type SignedAttempt = {
  /** Epoch milliseconds; each try has its own, so that receivers may refuse old ones. */
  readonly atMs: number;
  /** `whsec_` and base64; without it nothing is signed. */
  readonly secret: string | undefined;
};

/** The headers of one try; names in lower case. */
export function callbackHeaders(
  { callbackId, body }: Pick<QueuedCallback, 'callbackId' | 'body'>,
  { atMs, secret }: SignedAttempt,
): Readonly<Record<string, string>> {
  const timestamp = webhookTimestamp(atMs);
  const headers = { 'webhook-id': callbackId, 'webhook-timestamp': timestamp };
  if (secret === undefined) return headers;
  return { ...headers, 'webhook-signature': webhookSignature(secret, { id: callbackId, timestamp, content: body }) };
}
