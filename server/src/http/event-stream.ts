// The timeline of one call as it grows, sent to one reader: woken by what this node writes, and by the clock for what
// another one writes, up to the last entry of the call.

import type { Call } from '../calls/call';
import type { CallService } from '../calls/call-service';
import { isTerminal } from '../calls/call-state';
import type { Clock, Logger } from '../calls/ports';
import type { StoredEntry } from '../calls/record-ports';
import { firstWithin } from '../calls/wait';
import { type Deferred, deferred } from '../lib/deferred';
import { eventView } from './call-view';
import type { SseResponse } from './sse';

// How long an entry that another node writes may take to get here.
const POLL_MS = 1_000;

// A leg that cannot be taken down is given up before that; the record is as complete as it will be for a while.
const LEG_DOWN_LIMIT_MS = 10 * 60_000;

/** Tells of what has been written. */
export interface WrittenNews {
  /** Calls `listener` after each write with the calls that it was about; returns what ends that. */
  onWritten(listener: (callIds: ReadonlySet<string>) => void): () => void;
}

/** What event streams are fed from. */
export type EventFeed = {
  readonly calls: Pick<CallService, 'get' | 'timeline'>;
  readonly journal: WrittenNews;
  readonly clock: Clock;
  readonly log: Logger;
};

/** What the record of a call says from some place on. */
export type Reading = {
  readonly call: Call;
  readonly entries: readonly StoredEntry[];
  /** True when nothing more is expected. */
  readonly isComplete: boolean;
};

/** The entries after `after`. @throws CallNotFoundError */
export async function readEvents(feed: EventFeed, callId: string, after: number): Promise<Reading> {
  const call = await feed.calls.get(callId);
  if (!isTerminal(call.status)) return { call, isComplete: false, entries: await feed.calls.timeline(callId, after) };
  // Its last entries may still be on their way, with a database that is slow for longer than anybody waits: the record is
  // complete when the very last one is in it.
  const timeline = await feed.calls.timeline(callId);
  const isComplete = timeline.some(isLegDown) || isLongOver(call, feed.clock.nowMs());
  return { call, isComplete, entries: timeline.filter(({ sequence }) => sequence > after) };
}

/** Follows one call for one reader. */
export class EventStream {
  readonly #feed: EventFeed;
  readonly #reader: SseResponse;
  #after: number;
  #news: Deferred<void> = deferred();
  /** The very last entry of the call was read. */
  #isLegDown = false;
  #isFailing = false;

  constructor(feed: EventFeed, reader: SseResponse, after: number) {
    this.#feed = feed;
    this.#reader = reader;
    this.#after = after;
  }

  /** Sends what `first` has and everything that follows; resolves when the call or the reader is done. */
  async run(first: Reading): Promise<void> {
    const { callId } = first.call;
    this.#isLegDown = first.isComplete;
    const stopListening = this.#feed.journal.onWritten((callIds) => {
      if (callIds.has(callId)) this.#news.resolve();
    });
    void this.#reader.whenClosed().then(() => this.#news.resolve());
    try {
      this.#reader.open();
      await this.#follow(first);
    } finally {
      stopListening();
      this.#reader.end();
    }
  }

  async #follow(first: Reading): Promise<void> {
    const { callId } = first.call;
    let reading: Reading | undefined = first;
    while (!this.#reader.isClosed) {
      await this.#send(reading?.entries ?? []);
      // Where something was, there may be more: only a look that finds nothing is the last one, or waits.
      if (reading?.entries.length === 0 && reading.isComplete) return this.#sendEnd(reading.call);
      if (!reading?.entries.length) await firstWithin(this.#feed.clock, POLL_MS, [this.#news.promise]);
      reading = await this.#read(callId);
    }
  }

  /** What is new; undefined when it could not be read, which is tried again. */
  async #read(callId: string): Promise<Reading | undefined> {
    if (this.#reader.isClosed) return undefined;
    this.#news = deferred();
    try {
      const reading = await this.#look(callId);
      this.#isFailing = false;
      return reading;
    } catch (error) {
      if (!this.#isFailing) this.#feed.log.warn('Events of a call could not be read', { callId, error });
      this.#isFailing = true;
      return undefined;
    }
  }

  /** What is new alone: a call may wait for its leg for minutes, with a timeline of tens of thousands. */
  async #look(callId: string): Promise<Reading> {
    const { calls, clock } = this.#feed;
    const call = await calls.get(callId);
    const entries = await calls.timeline(callId, this.#after);
    const isLast = this.#isLegDown || entries.some(isLegDown) || isLongOver(call, clock.nowMs());
    return { call, entries, isComplete: isTerminal(call.status) && isLast };
  }

  /** One by one, so that a slow reader is waited for. */
  async #send(entries: readonly StoredEntry[]): Promise<void> {
    for (const entry of entries) {
      if (this.#reader.isClosed) return;
      await this.#reader.send({ id: entry.sequence, event: entry.type, data: eventView(entry) });
      this.#after = entry.sequence;
      this.#isLegDown ||= isLegDown(entry);
    }
  }

  #sendEnd({ callId, status }: Call): Promise<void> {
    return this.#reader.send({ event: 'end', data: { callId, status } });
  }
}

/** The very last entry of a call. */
function isLegDown({ type }: StoredEntry): boolean {
  return type === 'leg.down';
}

function isLongOver({ timings }: Call, nowMs: number): boolean {
  return nowMs - (timings.endedAtMs ?? timings.createdAtMs) > LEG_DOWN_LIMIT_MS;
}
