// The headers of Standard Webhooks: by the id a receiver knows a repeat, by the signature that the message comes from
// here, by the time that nobody has kept it and sends it again.

import { createHmac } from 'node:crypto';
import type { QueuedCallback } from '../calls/record-ports';

/** Standard Webhooks: what stands before a secret that is written in base64. */
const BASE64_SECRET = 'whsec_';

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
  const timestamp = String(Math.floor(atMs / 1_000));
  const headers = { 'webhook-id': callbackId, 'webhook-timestamp': timestamp };
  if (secret === undefined) return headers;
  const mac = createHmac('sha256', keyOf(secret)).update(`${callbackId}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${mac}` };
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(BASE64_SECRET)
    ? Buffer.from(secret.slice(BASE64_SECRET.length), 'base64')
    : Buffer.from(secret);
}
