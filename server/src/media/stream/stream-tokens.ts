// The one-time secrets with which a carrier's stream proves that it belongs to a call.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, MediaEndpoint, StreamTarget } from '../../calls/ports';

/** Path of the media WebSocket. */
export const MEDIA_PATH = '/media-bridge';

// Telnyx connects when the call is answered, and rings for less than that: no token is needed for longer. One that leaks
// into somebody's log is worth nothing by the time it is read.
const LIFETIME_MS = 5 * 60_000;

const TOKEN_BYTES = 32;
const CALL_PARAMETER = 'callId';

/** A token that works, as a hash. */
type OpenToken = { readonly hash: Buffer; readonly expiresAtMs: number };

/** The tokens of one call as hashes, so that comparing takes the same time whatever comes in. */
type Tokens = {
  /** Each of them opens the way once. */
  readonly open: readonly OpenToken[];
  readonly lastRedeemed?: Buffer | undefined;
  /** The one among the open ones that was redeemed before. */
  readonly reopened?: OpenToken | undefined;
};

/** Gives out stream addresses and takes each token back once. */
export class StreamTokens implements MediaEndpoint {
  readonly #publicUrl: string;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Tokens>();

  /** @param publicUrl http(s) URL of this server as the carrier sees it; becomes ws(s). */
  constructor(publicUrl: string, clock: Clock) {
    this.#clock = clock;
    this.#publicUrl = publicUrl.replace(/^http/, 'ws');
  }

  issueStream(callId: string): StreamTarget {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const { open = [], ...tokens } = this.#tokens.get(callId) ?? {};
    this.#tokens.set(callId, { ...tokens, open: [...open, this.#opened(hash(token))] });
    return { url: `${this.#publicUrl}${MEDIA_PATH}?${CALL_PARAMETER}=${callId}`, token };
  }

  /** The stream is lost: until it is back, the token that it came with works once more. */
  reopen(callId: string): void {
    const { open, lastRedeemed, reopened } = this.#tokens.get(callId) ?? {};
    if (!open || !lastRedeemed || reopened) return;
    const again = this.#opened(lastRedeemed);
    this.#tokens.set(callId, { open: [...open, again], lastRedeemed, reopened: again });
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
    const nowMs = this.#clock.monotonicMs();
    const valid = open.filter(({ expiresAtMs }) => nowMs < expiresAtMs);
    const rest = valid.filter((known) => !timingSafeEqual(known.hash, offered));
    if (rest.length === valid.length) return undefined;
    this.#tokens.set(callId, { open: rest.filter((known) => known !== reopened), lastRedeemed: offered });
    return callId;
  }

  #opened(tokenHash: Buffer): OpenToken {
    return { hash: tokenHash, expiresAtMs: this.#clock.monotonicMs() + LIFETIME_MS };
  }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
