// Tells a user's own endpoint of each status of a call that asked for it: in order, a few tries, never in the way of
// the call. What cannot be delivered is logged and dropped.

import type { Call } from '../calls/call';
import { CALL_STATUSES } from '../calls/call-state';
import type { CallWatcher, Clock, Logger, TimelineEntry } from '../calls/ports';
import { withRetries } from '../calls/retry';
import type { Backoff } from '../lib/backoff';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_TRIES = 3;
const RETRY_BACKOFF: Backoff = { firstMs: 1_000, capMs: 10_000 };

const REQUEST_DEFAULTS = {
  timeout: TIMEOUT_MS,
  // A redirect would move the request to an address that nobody has checked.
  maxRedirects: 0,
  maxContentLength: MAX_ANSWER_BYTES,
  maxBodyLength: MAX_ANSWER_BYTES,
  headers: { 'User-Agent': 'ai-calls' },
};

const STATUS_ENTRIES: ReadonlySet<string> = new Set(CALL_STATUSES.map((status) => `call.${status}`));

/** What we read of an error of axios. */
type RequestError = Error & { readonly response?: { readonly status: number }; readonly code?: string };

type AxiosClient = ReturnType<Awaited<ReturnType<typeof loadAxios>>['default']['create']>;

type Deps = { readonly clock: Clock; readonly log: Logger };

/** Posts status changes to `statusCallbackUrl`. */
export class StatusCallbacks implements CallWatcher {
  readonly #clock: Clock;
  readonly #log: Logger;
  #http: Promise<AxiosClient> | undefined;
  readonly #closing = new AbortController();
  /** The last delivery of each call: the next one waits for it. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor({ clock, log }: Deps) {
    this.#clock = clock;
    this.#log = log;
  }

  onEntry(entry: TimelineEntry, call: Call): void {
    if (call.statusCallbackUrl === undefined || !STATUS_ENTRIES.has(entry.type)) return;
    const { statusCallbackUrl } = call;
    const body = callbackBody(entry, call);
    const delivery = (this.#tails.get(call.callId) ?? Promise.resolve()).then(() =>
      this.#deliver(call.callId, statusCallbackUrl, body),
    );
    this.#tails.set(call.callId, delivery);
    void delivery.then(() => {
      if (this.#tails.get(call.callId) === delivery) this.#tails.delete(call.callId);
    });
  }

  /** Resolves when nothing is on its way any more. */
  async flush(): Promise<void> {
    await Promise.all(this.#tails.values());
  }

  /** Ends what is on its way; nothing is sent any more. */
  close(): void {
    this.#closing.abort();
  }

  async #deliver(callId: string, url: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    const onFailure = (error: unknown, attempt: number): boolean => {
      const { response, code } = isAxiosError(error) ? error : {};
      const httpStatus = response?.status;
      // The address may be a secret of the user: only what went wrong is logged.
      this.#log.warn('A status callback was not taken', { callId, attempt, code, httpStatus });
      return !this.#closing.signal.aborted && isWorthRepeating(httpStatus);
    };
    const policy = { tries: MAX_TRIES, backoff: RETRY_BACKOFF, onFailure };
    const post = async (): Promise<unknown> => (await this.#client()).post(url, body, { signal: this.#closing.signal });
    // What is given up has been logged.
    await withRetries(this.#clock, policy, post).catch(() => undefined);
  }

  #client(): Promise<AxiosClient> {
    this.#http ??= loadAxios()
      .then(({ default: axios }) => axios.create(REQUEST_DEFAULTS))
      .catch((error: unknown) => {
        // The next try loads it again.
        this.#http = undefined;
        throw error;
      });
    return this.#http;
  }
}

/** Not before the first callback: many servers never send one, and axios takes 5 MB of memory. */
function loadAxios() {
  return import('axios');
}

function isAxiosError(error: unknown): error is RequestError {
  return error instanceof Error && 'isAxiosError' in error;
}

/** No answer, a server error, or an answer that asks to come back; every other one would be the same again. */
function isWorthRepeating(httpStatus: number | undefined): boolean {
  return httpStatus === undefined || httpStatus >= 500 || [408, 425, 429].includes(httpStatus);
}

function callbackBody(entry: TimelineEntry, call: Call): Readonly<Record<string, unknown>> {
  return {
    event: entry.type,
    at: new Date(entry.atMs).toISOString(),
    callId: call.callId,
    status: call.status,
    verdict: call.verdict ?? null,
    metadata: call.metadata,
  };
}
