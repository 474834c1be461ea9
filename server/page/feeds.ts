// Where the page gets its data from: two streams, for all live calls and for the chosen one, and a few looks now and then.

import { type Api, isRefusal } from './api.ts';
import { follow, type Link } from './follow.ts';
import {
  type CallDetails,
  type CallEvent,
  type LiveSnapshot,
  type PastPage,
  type Readiness,
  readinessOf,
} from './wire.ts';

const CALLS = '/api/ai-calls';
const PAST_PAGE = 25;
const PAST_STATUSES = 'completed,busy,failed,no-answer,canceled';

// These change what the call costs, how fast it is, or how it ended.
const TELLING_EVENTS = /^(call\.|usage\.|reply\.|greeting\.|leg\.)/;

/** Requests of the page, in its own terms. */
export class Feeds {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** @throws ApiError */
  past(cursor?: string): Promise<PastPage> {
    const place = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    return this.#api.get<PastPage>(`${CALLS}/status?status=${PAST_STATUSES}&limit=${PAST_PAGE}${place}`);
  }

  /** What today (UTC) has cost. @throws ApiError */
  async todayUsd(nowMs: number): Promise<number> {
    const day = new Date(nowMs).toISOString().slice(0, 10);
    const { totals } = await this.#api.get<{ readonly totals: { readonly costUsd: number } }>(
      `${CALLS}/usage?since=${day}`,
    );
    return totals.costUsd;
  }

  /** Undefined when what answers is not the server itself. @throws ApiError */
  async readiness(): Promise<Readiness | undefined> {
    return readinessOf(await this.#api.look<unknown>('/ready'));
  }

  /** Needs a key that is accepted, and nothing else of the server that may fail. @throws ApiError */
  live(): Promise<LiveSnapshot> {
    return this.#api.get<LiveSnapshot>(`${CALLS}/live`);
  }

  /** @throws ApiError */
  details(callId: string): Promise<CallDetails> {
    return this.#api.get<CallDetails>(pathOf(callId));
  }

  /** @throws ApiError */
  command<T>(callId: string, command: string, body: unknown = {}): Promise<T> {
    return this.#api.post<T>(`${pathOf(callId)}/${command}`, body);
  }

  /** @throws ApiError */
  recording(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
    return this.#api.bytes(url, signal);
  }

  /** All live calls, until `signal` says so. @throws ApiError */
  followLive(
    signal: AbortSignal,
    on: {
      readonly onLink: (link: Link, notice: string) => void;
      readonly onSnapshot: (snapshot: LiveSnapshot) => void;
    },
  ): Promise<void> {
    return follow({
      open: (request) => this.#api.stream(`${CALLS}/live`, { signal: request.signal }),
      onEvent: ({ event, data }) => {
        if (event === 'calls') on.onSnapshot(JSON.parse(data) as LiveSnapshot);
        return false;
      },
      onLink: on.onLink,
      // There is such a stream: whoever says that there is none stands before the server, and goes again.
      isFinal: isRefusal,
      signal,
      pause,
    });
  }

  /** The events of a call to its end. `isTelling` says that the figures of the call are others. @throws ApiError */
  followCall(
    callId: string,
    signal: AbortSignal,
    onEvent: (event: CallEvent | undefined, isTelling: boolean) => void,
  ): Promise<void> {
    return follow({
      open: (request) => this.#api.stream(`${pathOf(callId)}/events`, request),
      onEvent: ({ event, data }) => {
        if (event === 'end') onEvent(undefined, true);
        else onEvent(JSON.parse(data) as CallEvent, TELLING_EVENTS.test(event));
        return event === 'end';
      },
      onLink: () => undefined,
      isFinal: ({ isPassing }) => !isPassing,
      signal,
      pause,
    });
  }
}

function pathOf(callId: string): string {
  return `${CALLS}/${encodeURIComponent(callId)}`;
}

/** Resolves after so long; sooner when the network is back, or nobody waits any more. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      window.removeEventListener('online', finish);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    window.addEventListener('online', finish);
    signal.addEventListener('abort', finish);
  });
}
