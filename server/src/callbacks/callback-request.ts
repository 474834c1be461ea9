// One try to deliver a callback: a POST that ends within seconds, goes only where the guard of lib/url-guard.ts lets it,
// follows nobody elsewhere, and reads little of what comes back. What the answer means is decided here, too; when to try
// again is not.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import type { Clock } from '../calls/ports';
import type { QueuedCallback } from '../calls/record-ports';
import type { UrlGuard } from '../lib/url-guard';
import { callbackHeaders } from './callback-signature';

/** An endpoint that does its work before it answers is too slow: the work belongs after the answer. */
const TIMEOUT_MS = 5_000;

/** The code of a try that took too long. */
export const TIMED_OUT = 'ETIMEDOUT';

/** Nothing of the answer is used; read to its end, the connection serves for the next callback. */
const MAX_ANSWER_BYTES = 64 * 1024;

const RECEIVED_MIN = 200;
const RECEIVED_MAX = 299;
const GONE = 410;
const TOO_MANY_REQUESTS = 429;
const SERVICE_UNAVAILABLE = 503;

const SETTINGS = {
  adapter: 'http' as const,
  // A proxy would look up the name by itself, past the guard.
  proxy: false as const,
  // A redirect would move the message to an address that nobody has named.
  maxRedirects: 0,
  responseType: 'stream' as const,
  // The body goes out to the letter, since it is signed.
  transformRequest: [(body: unknown): unknown => body],
  validateStatus: () => true,
};

/** What became of one try. */
export type Attempt =
  | { readonly kind: 'received' }
  /** The endpoint is gone for good, and says so. */
  | { readonly kind: 'gone'; readonly httpStatus: number }
  | {
      readonly kind: 'failed';
      /** Undefined when there was no answer. */
      readonly httpStatus?: number | undefined;
      /** ECONNREFUSED and the like; URL_REFUSED for an address that is not allowed. */
      readonly code?: string | undefined;
      /** The endpoint does not want to be asked sooner. */
      readonly retryAfterMs?: number | undefined;
    };

// As Node's own agent has it. Whatever stands before an endpoint drops idle connections without a word: a try on one of
// those would wait in vain, and the endpoint would pass for one that does not answer.
const KEPT_CONNECTIONS = { keepAlive: true, timeout: 5_000 } as const;

/** What tries work with. */
export type CallbackRequestsDeps = {
  readonly clock: Clock;
  readonly guard: UrlGuard;
  readonly secret: string | undefined;
};

type Headers = Readonly<Record<string, unknown>>;

/** Makes the tries of one node; connections serve for several. */
export class CallbackRequests {
  readonly #deps: CallbackRequestsDeps;
  readonly #agents: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent };

  constructor(deps: CallbackRequestsDeps) {
    const { lookup } = deps.guard;
    this.#deps = deps;
    this.#agents = {
      httpAgent: new HttpAgent({ lookup, ...KEPT_CONNECTIONS }),
      httpsAgent: new HttpsAgent({ lookup, ...KEPT_CONNECTIONS }),
    };
  }

  /** Tries once; never rejects. `abort` ends the try, from here or from outside. */
  async post(callback: QueuedCallback, abort: AbortController): Promise<Attempt> {
    // The client's own limit is one of silence: an endpoint that sends a byte now and then would never reach it.
    const timer = this.#deps.clock.after(TIMEOUT_MS, () => abort.abort(TIMED_OUT));
    try {
      return await this.#send(callback, abort.signal);
    } catch (error) {
      return { kind: 'failed', code: abort.signal.reason === TIMED_OUT ? TIMED_OUT : codeOf(error) };
    } finally {
      timer.cancel();
    }
  }

  /** Lets go of the connections that wait for another try. */
  close(): void {
    this.#agents.httpAgent.destroy();
    this.#agents.httpsAgent.destroy();
  }

  async #send(callback: QueuedCallback, signal: AbortSignal): Promise<Attempt> {
    const { clock, guard, secret } = this.#deps;
    // No lookup is made for an address that is written out.
    guard.check(callback.url);
    const { default: axios } = await loadAxios();
    const headers = {
      'user-agent': 'ai-calls',
      'content-type': 'application/json',
      ...callbackHeaders(callback, { atMs: clock.nowMs(), secret }),
    };
    const settings = { ...SETTINGS, ...this.#agents, headers, signal };
    const answer = await axios.post<Readable>(callback.url, callback.body, settings);
    // The status has told everything: an answer that then breaks off was still an answer.
    await discard(answer.data).catch(() => undefined);
    return meaningOf(answer.status, answer.headers, clock.nowMs());
  }
}

function meaningOf(httpStatus: number, headers: Headers, nowMs: number): Attempt {
  if (httpStatus >= RECEIVED_MIN && httpStatus <= RECEIVED_MAX) return { kind: 'received' };
  if (httpStatus === GONE) return { kind: 'gone', httpStatus };
  const isBusy = httpStatus === TOO_MANY_REQUESTS || httpStatus === SERVICE_UNAVAILABLE;
  return { kind: 'failed', httpStatus, retryAfterMs: isBusy ? retryAfterMs(headers['retry-after'], nowMs) : undefined };
}

/** Seconds or a date; undefined for anything else. */
function retryAfterMs(value: unknown, nowMs: number): number | undefined {
  if (typeof value !== 'string') return undefined;
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

async function discard(answer: Readable): Promise<void> {
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop closes the stream.
    if (bytes > MAX_ANSWER_BYTES) return;
  }
}

/** The code of an error, or of the one behind it: what the guard says comes wrapped. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : codeOf(error.cause);
}

/** Not before the first callback: many servers never send one, and axios takes 5 MB of memory. */
function loadAxios() {
  return import('axios');
}
