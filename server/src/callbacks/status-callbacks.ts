// Tells a user's own endpoint of each status of a call that asked for it: in order, a few tries, never in the way of
// the call. What cannot be delivered is logged and dropped.

import axios, { type AxiosInstance } from 'axios';
import type { Call } from '../calls/call';
import { CALL_STATUSES } from '../calls/call-state';
import type { CallWatcher, Clock, Logger, TimelineEntry } from '../calls/ports';
import { wait } from '../calls/wait';
import { type Backoff, backoffMs } from '../lib/backoff';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_TRIES = 3;
const RETRY_BACKOFF: Backoff = { firstMs: 1_000, capMs: 10_000 };

const STATUS_ENTRIES: ReadonlySet<string> = new Set(CALL_STATUSES.map((status) => `call.${status}`));

type Deps = { readonly clock: Clock; readonly log: Logger };

/** Posts status changes to `statusCallbackUrl`. */
export class StatusCallbacks implements CallWatcher {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #http: AxiosInstance;
  /** The last delivery of each call: the next one waits for it. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor({ clock, log }: Deps) {
    this.#clock = clock;
    this.#log = log;
    this.#http = axios.create({
      timeout: TIMEOUT_MS,
      // A redirect would move the request to an address that nobody has checked.
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER_BYTES,
      maxBodyLength: MAX_ANSWER_BYTES,
      headers: { 'User-Agent': 'ai-calls' },
    });
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

  async #deliver(callId: string, url: string, body: Readonly<Record<string, unknown>>): Promise<void> {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
      try {
        await this.#http.post(url, body);
        return;
      } catch (error) {
        // The address may be a secret of the user: only what went wrong is logged.
        const cause = axios.isAxiosError(error) ? { code: error.code, httpStatus: error.response?.status } : {};
        this.#log.warn('A status callback was not taken', { callId, attempt, ...cause });
        if (attempt < MAX_TRIES) await wait(this.#clock, backoffMs(RETRY_BACKOFF, attempt));
      }
    }
  }
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
