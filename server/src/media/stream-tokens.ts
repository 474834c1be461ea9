// The one-time secrets with which a carrier's stream proves that it belongs to a call.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MediaEndpoint, StreamTarget } from '../calls/ports';

/** Path of the media WebSocket. */
export const MEDIA_PATH = '/media-bridge';

const TOKEN_BYTES = 32;
const CALL_PARAMETER = 'callId';

/** Gives out stream addresses and takes each token back once. */
export class StreamTokens implements MediaEndpoint {
  readonly #publicUrl: string;
  /** Hashes, so that comparing takes the same time whatever comes in. */
  readonly #hashes = new Map<string, Buffer[]>();

  /** @param publicUrl http(s) URL of this server as the carrier sees it; becomes ws(s). */
  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl.replace(/^http/, 'ws');
  }

  issueStream(callId: string): StreamTarget {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    this.#hashes.set(callId, [...(this.#hashes.get(callId) ?? []), hash(token)]);
    return { url: `${this.#publicUrl}${MEDIA_PATH}?${CALL_PARAMETER}=${callId}`, token };
  }

  revoke(callId: string): void {
    this.#hashes.delete(callId);
  }

  /** The call to which the token opens the way; undefined for anything that is not exactly right. Works once. */
  redeem(requestUrl: string, token: string): string | undefined {
    const url = URL.canParse(requestUrl, 'http://localhost') ? new URL(requestUrl, 'http://localhost') : undefined;
    const callId = url?.searchParams.get(CALL_PARAMETER);
    if (url?.pathname !== MEDIA_PATH || !callId) return undefined;
    const offered = hash(token);
    const hashes = this.#hashes.get(callId) ?? [];
    const rest = hashes.filter((known) => !timingSafeEqual(known, offered));
    if (rest.length === hashes.length) return undefined;
    this.#hashes.set(callId, rest);
    return callId;
  }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
