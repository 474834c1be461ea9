// The signature of Standard Webhooks: what a receiver checks to know that a message comes from here.

import { createHmac } from 'node:crypto';

/** What stands before a secret that is written in base64. */
const BASE64_SECRET = 'whsec_';

/** What is signed: `timestamp` in whole seconds since 1970, as in the header. */
export type SignedMessage = { readonly id: string; readonly timestamp: string; readonly content: string };

/** The value of `webhook-signature`. The key is what the base64 behind `whsec_` stands for, or else the secret itself. */
export function webhookSignature(secret: string, { id, timestamp, content }: SignedMessage): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${content}`).digest('base64')}`;
}

/** The value of `webhook-timestamp`. */
export function webhookTimestamp(atMs: number): string {
  return String(Math.floor(atMs / 1_000));
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(BASE64_SECRET)
    ? Buffer.from(secret.slice(BASE64_SECRET.length), 'base64')
    : Buffer.from(secret);
}
