// What goes on in the calls of this node at this moment: one view of all of them, put together once for however many look
// on, and only while somebody does.

import type { Call } from '../calls/call';
import type { CallService } from '../calls/call-service';
import { isTerminal } from '../calls/call-state';
import { iso } from '../calls/call-times';
import type { ReplyLatency, Talking } from '../calls/conversation-events';
import type { Clock, Timer } from '../calls/ports';
import type { CallWatcher, TimelineEntry } from '../calls/record-ports';
import { type Deferred, deferred } from '../lib/deferred';
import { roundedUsd } from './cost-view';
import type { SseResponse } from './sse';

// Four times a second is live to the eye, and a speaker who is heard for less than that has said nothing.
const LOOK_EVERY_MS = 250;

/** One live call, as the API shows it. */
export type LiveCallView = {
  readonly callId: string;
  readonly status: Call['status'];
  readonly to: string;
  readonly from: string;
  readonly talking: Talking;
  /** When it was asked for, ISO 8601. */
  readonly startedAt: string | null;
  readonly answeredAt: string | null;
  /** Since the answer, so far; null before it. */
  readonly durationSeconds: number | null;
  /** What is known so far; null when the price of the model is not known. */
  readonly costUsd: number | null;
  /** How long the callee waited for the AI the last time; null before the first reply. */
  readonly lastReplyMs: number | null;
  /** Name of the API key that asked. */
  readonly placedBy: string | null;
  readonly metadata: Call['metadata'];
};

/** All live calls of this node. */
export type LiveSnapshot = {
  /** By the clock of the server, ISO 8601. */
  readonly at: string | null;
  readonly calls: readonly LiveCallView[];
};

/** What live calls are known from. */
export type LiveCallsDeps = {
  readonly calls: Pick<CallService, 'active' | 'talking'>;
  readonly lastReplies: Pick<LastReplies, 'of'>;
  readonly clock: Clock;
};

/** How long the callee of each live call has waited for the last reply. */
export class LastReplies implements CallWatcher {
  readonly #latencyMs = new Map<string, number>();

  onEntry({ callId, type, data }: TimelineEntry, { status }: Call): void {
    if (isTerminal(status)) this.#latencyMs.delete(callId);
    else if (type === 'reply.started') this.#latencyMs.set(callId, (data as ReplyLatency).latencyMs);
  }

  /** Undefined before the first reply, and when the call is over. */
  of(callId: string): number | undefined {
    return this.#latencyMs.get(callId);
  }
}

/** What may change in a call from one look to the next. A call is never changed in place: another version is another object. */
type Seen = { readonly call: Call; readonly talking: Talking; readonly lastReplyMs: number | undefined };

/** Tells those who look on whenever something has changed. */
export class LiveCalls {
  readonly #deps: LiveCallsDeps;
  readonly #onlookers = new Set<Onlooker>();
  #seen: readonly Seen[] = [];
  #timer: Timer | undefined;

  constructor(deps: LiveCallsDeps) {
    this.#deps = deps;
  }

  /** How the calls are now. */
  snapshot(): LiveSnapshot {
    return this.#viewOf(this.#look());
  }

  /** Sends how the calls are, now and after each change; resolves when the reader is gone. */
  async show(reader: SseResponse): Promise<void> {
    const onlooker = new Onlooker(reader);
    this.#onlookers.add(onlooker);
    if (!this.#timer) this.#lookOn();
    // However long ago the others were told: what is shown first is how it is now.
    onlooker.tell(JSON.stringify(this.#viewOf(this.#seen)));
    try {
      await onlooker.run();
    } finally {
      this.#onlookers.delete(onlooker);
      if (this.#onlookers.size === 0) this.#stop();
    }
  }

  #lookOn(): void {
    const seen = this.#look();
    if (!areSame(seen, this.#seen)) {
      this.#seen = seen;
      const json = JSON.stringify(this.#viewOf(seen));
      for (const onlooker of this.#onlookers) onlooker.tell(json);
    }
    this.#timer = this.#deps.clock.after(LOOK_EVERY_MS, () => this.#lookOn());
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#seen = [];
  }

  #look(): Seen[] {
    const { calls, lastReplies } = this.#deps;
    return calls
      .active()
      .map((call) => ({ call, talking: calls.talking(call.callId), lastReplyMs: lastReplies.of(call.callId) }));
  }

  #viewOf(seen: readonly Seen[]): LiveSnapshot {
    const nowMs = this.#deps.clock.nowMs();
    return { at: iso(nowMs), calls: seen.map((each) => viewOf(each, nowMs)) };
  }
}

/** One reader. One that is slow gets the newest when it is ready, and nothing of what it has missed. */
class Onlooker {
  readonly #reader: SseResponse;
  #newest: string | undefined;
  #news: Deferred<void> = deferred();

  constructor(reader: SseResponse) {
    this.#reader = reader;
  }

  tell(json: string): void {
    this.#newest = json;
    this.#news.resolve();
  }

  async run(): Promise<void> {
    void this.#reader.whenClosed().then(() => this.#news.resolve());
    try {
      this.#reader.open();
      while (!this.#reader.isClosed) {
        await this.#news.promise;
        this.#news = deferred();
        await this.#sendNewest();
      }
    } finally {
      this.#reader.end();
    }
  }

  async #sendNewest(): Promise<void> {
    const json = this.#newest;
    this.#newest = undefined;
    if (json !== undefined) await this.#reader.sendJson({ event: 'calls', json });
  }
}

function areSame(now: readonly Seen[], before: readonly Seen[]): boolean {
  return (
    now.length === before.length &&
    now.every(({ call, talking, lastReplyMs }, index) => {
      const was = before[index];
      return was?.call === call && was.talking === talking && was.lastReplyMs === lastReplyMs;
    })
  );
}

function viewOf({ call, talking, lastReplyMs }: Seen, nowMs: number): LiveCallView {
  const { callId, status, to, from, timings, usage, carrierCostUsd = 0, placedBy = null, metadata } = call;
  const { createdAtMs, answeredAtMs } = timings;
  return {
    callId,
    status,
    to,
    from,
    talking,
    startedAt: iso(createdAtMs),
    answeredAt: iso(answeredAtMs),
    durationSeconds: answeredAtMs === undefined ? null : Math.round((nowMs - answeredAtMs) / 100) / 10,
    costUsd: usage.costUsd === null ? null : roundedUsd(usage.costUsd + carrierCostUsd),
    lastReplyMs: lastReplyMs ?? null,
    placedBy,
    metadata,
  };
}
