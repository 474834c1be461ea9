// Follows an event stream for as long as the page wants it: when it breaks, it is opened again where it was, ever more
// patiently.

import { ApiError, type StreamRequest } from './api.ts';
import { type ServerEvent, SseParser } from './sse-parser.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

// The server sends something every 15 s: after more than two of them missed, the connection is dead.
const SILENCE_LIMIT_MS = 40_000;

/** How a connection is. */
export type Link = 'connecting' | 'live' | 'lost';

/** What following works with. */
export type FollowOptions = {
  readonly open: (request: StreamRequest) => Promise<ReadableStream<Uint8Array> | undefined>;
  /** Returns true when the stream has nothing more to say. */
  readonly onEvent: (event: ServerEvent) => boolean;
  /** `notice` is what the server says to why there is no connection; empty when it says nothing. */
  readonly onLink: (link: Link, notice: string) => void;
  /** True for what another try does not change. */
  readonly isFinal: (error: ApiError) => boolean;
  readonly signal: AbortSignal;
  /** Resolves after so long, or sooner when it is worth a try. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** How long to wait before the next try, after so many that failed. */
export function pauseMs(failures: number, random: number = Math.random()): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  // Many pages that lost the same server do not come back at the same moment.
  return Math.round(full * (0.75 + random * 0.25));
}

/** Resolves when the stream is complete or no more wanted. @throws ApiError for what another try does not change */
export async function follow(options: FollowOptions): Promise<void> {
  const { signal, onLink } = options;
  const place: Place = { lastEventId: undefined, isComplete: false };
  let failures = 0;
  onLink('connecting', '');
  while (!signal.aborted) {
    const outcome = await readOnce(options, place);
    if (place.isComplete || signal.aborted) return;
    failures = outcome.hasRead ? 1 : failures + 1;
    onLink('lost', outcome.notice);
    await options.pause(pauseMs(failures), signal);
  }
}

type Place = { lastEventId: string | undefined; isComplete: boolean };

type Outcome = {
  /** Whether something came over the connection. */
  readonly hasRead: boolean;
  readonly notice: string;
};

/** One connection, for as long as it lasts. */
async function readOnce(options: FollowOptions, place: Place): Promise<Outcome> {
  const connection = new AbortController();
  const signal = AbortSignal.any([options.signal, connection.signal]);
  let hasRead = false;
  let notice = '';
  try {
    const body = await options.open({ signal, lastEventId: place.lastEventId });
    if (!body) place.isComplete = true;
    else {
      await readAll(body, connection, (events) => {
        if (!hasRead) options.onLink('live', '');
        hasRead = true;
        for (const event of events) take(event, place, options);
      });
    }
  } catch (error) {
    if (error instanceof ApiError && options.isFinal(error)) throw error;
    if (error instanceof ApiError && error.status !== 0) notice = error.message;
  } finally {
    connection.abort();
  }
  return { hasRead, notice };
}

function take(event: ServerEvent, place: Place, { onEvent }: FollowOptions): void {
  place.lastEventId = event.id ?? place.lastEventId;
  place.isComplete ||= onEvent(event);
}

async function readAll(
  body: ReadableStream<Uint8Array>,
  connection: AbortController,
  onEvents: (events: readonly ServerEvent[]) => void,
): Promise<void> {
  const [reader, decoder, parser] = [body.getReader(), new TextDecoder(), new SseParser()];
  for (;;) {
    const watchdog = setTimeout(() => connection.abort(), SILENCE_LIMIT_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
    if (done) return;
    onEvents(parser.push(decoder.decode(value, { stream: true })));
  }
}
