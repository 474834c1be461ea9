// The one-time secrets with which a carrier's stream proves that it belongs to a call.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MediaEndpoint, StreamTarget } from '../calls/ports';

/** Path of the media WebSocket. */
export const MEDIA_PATH = '/media-bridge';

const TOKEN_BYTES = 32;
const CALL_PARAMETER = 'callId';

/** The tokens of one call as hashes, so that comparing takes the same time whatever comes in. */
type Tokens = {
  /** Each of them opens the way once. */
  readonly open: readonly Buffer[];
  readonly lastRedeemed?: Buffer | undefined;
  /** The one among the open ones that was redeemed before. */
  readonly reopened?: Buffer | undefined;
};

/** Gives out stream addresses and takes each token back once. */
export class StreamTokens implements MediaEndpoint {
  readonly #publicUrl: string;
  readonly #tokens = new Map<string, Tokens>();

  /** @param publicUrl http(s) URL of this server as the carrier sees it; becomes ws(s). */
  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl.replace(/^http/, 'ws');
  }

  issueStream(callId: string): StreamTarget {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const { open = [], ...tokens } = this.#tokens.get(callId) ?? {};
    this.#tokens.set(callId, { ...tokens, open: [...open, hash(token)] });
    return { url: `${this.#publicUrl}${MEDIA_PATH}?${CALL_PARAMETER}=${callId}`, token };
  }

  /** The stream is lost: until it is back, the token that it came with works once more. */
  reopen(callId: string): void {
    const { open, lastRedeemed, reopened } = this.#tokens.get(callId) ?? {};
    if (!open || !lastRedeemed || reopened) return;
    this.#tokens.set(callId, { open: [...open, lastRedeemed], lastRedeemed, reopened: lastRedeemed });
  }

  revoke(callId: string): void {
    this.#tokens.delete(callId);
  }

  /** The call to which the token opens the way; undefined for anything that is not exactly right. Works once. */
  redeem(requestUrl: string, token: string): string | undefined {
    const url = URL.canParse(requestUrl, 'http://localhost') ? new URL(requestUrl, 'http://localhost') : undefined;
    const callId = url?.searchParams.get(CALL_PARAMETER);
    if (url?.pathname !== MEDIA_PATH || !callId) return undefined;
    const offered = hash(token);
    const { open = [], reopened } = this.#tokens.get(callId) ?? {};
    const rest = open.filter((known) => !timingSafeEqual(known, offered));
    if (rest.length === open.length) return undefined;
    this.#tokens.set(callId, { open: rest.filter((known) => known !== reopened), lastRedeemed: offered });
    return callId;
  }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
