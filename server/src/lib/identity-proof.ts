// Proves that two processes have the same secrets, without showing any: one sends a random text, the other signs it
// together with what else it has received.

import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

const KEY_BYTES = 32;
const PURPOSE = 'ai-calls identity v1';

/** What may be signed: nothing that means anything anywhere else. */
const NONCE = /^[A-Za-z0-9_-]{16,64}$/;

/** What is signed: a text that the asking side has made up, and the body of its request. */
export type Challenge = { readonly nonce: string; readonly body?: string | Buffer };

/** Tells whether a text may be signed. */
export function isNonce(text: unknown): text is string {
  return typeof text === 'string' && NONCE.test(text);
}

/** Signs with a key that is derived from secrets of this process and used for nothing else. */
export class IdentityProof {
  readonly #key: Buffer;

  /** @param secrets their order counts */
  constructor(secrets: readonly string[]) {
    this.#key = Buffer.from(hkdfSync('sha256', JSON.stringify(secrets), '', PURPOSE, KEY_BYTES));
  }

  /** The signature, base64url. */
  sign(challenge: Challenge): string {
    return this.#hmac(challenge).toString('base64url');
  }

  /** Whether the signature was made with the same secrets, of the same challenge. */
  isSigned(challenge: Challenge, signature: string): boolean {
    const offered = Buffer.from(signature, 'base64url');
    const expected = this.#hmac(challenge);
    return offered.length === expected.length && timingSafeEqual(offered, expected);
  }

  #hmac({ nonce, body = '' }: Challenge): Buffer {
    const digest = createHash('sha256').update(body).digest('hex');
    return createHmac('sha256', this.#key).update(`${PURPOSE}\n${nonce}\n${digest}`).digest();
  }
}
