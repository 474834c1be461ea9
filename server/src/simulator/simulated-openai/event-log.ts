/** A record of events of one direction that tests can read and wait on. */
import { deferred, type Deferred } from '../../lib/deferred';
import type { WireEvent } from './wire-events';

/** How long a wait lasts unless told: generous, because a test that passes never waits that long. */
const DEFAULT_TIMEOUT_MS = 5000;

/** One event as it was sent or received, without its audio. */
export type RecordedEvent = {
  readonly type: string;
  /** On the clock of `performance.now()`, so that events of several sessions and simulators can be compared. */
  readonly atMs: number;
  readonly event: WireEvent;
  /** Size of the audio that was left out. */
  readonly bytes?: number;
};

type Waiter = Deferred<WireEvent> & { readonly type: string; readonly timer: NodeJS.Timeout };

/** Events in order of arrival. */
export class EventLog {
  readonly #events: RecordedEvent[] = [];
  readonly #firstByType = new Map<string, WireEvent>();
  readonly #waiters = new Set<Waiter>();
  readonly #unkept: ReadonlySet<string>;
  #closedBecause: string | undefined;

  /** Events of the types in `unkept` can be waited on but are not stored. */
  constructor(unkept: readonly string[] = []) {
    this.#unkept = new Set(unkept);
  }

  /** Everything recorded. */
  get events(): readonly RecordedEvent[] {
    return this.#events;
  }

  /** Records an event and wakes who waits for it. */
  record(event: WireEvent, bytes?: number): void {
    const { type } = event;
    if (!this.#unkept.has(type)) {
      this.#events.push({ type, atMs: performance.now(), event, ...(bytes === undefined ? {} : { bytes }) });
    }
    if (!this.#firstByType.has(type)) this.#firstByType.set(type, event);
    for (const waiter of this.#waiters) {
      if (waiter.type !== type) continue;
      this.#settle(waiter);
      waiter.resolve(event);
    }
  }

  /** Resolves with the next event of a type; rejects after the timeout or when the session closes. */
  next(type: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<WireEvent> {
    const outside = deferred<WireEvent>();
    // A wait that nobody awaits any more, at the end of a test that failed, must not take the process down.
    outside.promise.catch(() => undefined);
    if (this.#closedBecause !== undefined) {
      outside.reject(new Error(`No '${type}' will come: ${this.#closedBecause}.`));
      return outside.promise;
    }
    const timer = setTimeout(() => {
      this.#waiters.delete(waiter);
      outside.reject(new Error(`No '${type}' within ${timeoutMs} ms; last was '${this.#events.at(-1)?.type}'.`));
    }, timeoutMs);
    const waiter: Waiter = { ...outside, type, timer };
    this.#waiters.add(waiter);
    return outside.promise;
  }

  /** Resolves with the first event of a type, past or to come. */
  until(type: string, timeoutMs?: number): Promise<WireEvent> {
    const past = this.#firstByType.get(type);
    return past === undefined ? this.next(type, timeoutMs) : Promise.resolve(past);
  }

  /** Rejects every wait, now and later. */
  close(reason: string): void {
    this.#closedBecause = reason;
    for (const waiter of this.#waiters) {
      this.#settle(waiter);
      waiter.reject(new Error(`No '${waiter.type}' came: ${reason}.`));
    }
  }

  #settle(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
  }
}
