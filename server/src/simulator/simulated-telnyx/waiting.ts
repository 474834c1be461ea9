/** Awaitable records: what the simulator saw can be waited for instead of polled for. */
import type { Deferred } from '../../lib/deferred';
import { deferred } from '../../lib/deferred';

/** How long a wait lasts that does not say. */
export const DEFAULT_WAIT_MS = 5_000;

type Waiting<T> = { readonly settle: (value: T) => void };

/** The named events of one object, to be awaited as they happen or looked back on. */
export class Events<Map extends object> {
  readonly #waiting: { [K in keyof Map]?: Set<Waiting<Map[K]>> } = {};
  readonly #last: { [K in keyof Map]?: Map[K] } = {};
  readonly #owner: string;

  constructor(owner: string) {
    this.#owner = owner;
  }

  /** Records an occurrence and wakes those who wait for it. */
  emit<K extends keyof Map>(event: K, value: Map[K]): void {
    this.#last[event] = value;
    const waiting = this.#waiting[event];
    delete this.#waiting[event];
    for (const waiter of waiting ?? []) waiter.settle(value);
  }

  /** Resolves with the next occurrence, ignoring earlier ones; rejects after `timeoutMs`. */
  next<K extends keyof Map>(event: K, timeoutMs: number = DEFAULT_WAIT_MS): Promise<Map[K]> {
    const waiting: Set<Waiting<Map[K]>> = this.#waiting[event] ?? new Set();
    this.#waiting[event] = waiting;
    return wait(waiting, timeoutMs, `${this.#owner}: no '${String(event)}'`);
  }

  /** Like `next`, but resolves at once with the latest occurrence if there was one. */
  until<K extends keyof Map>(event: K, timeoutMs: number = DEFAULT_WAIT_MS): Promise<Map[K]> {
    const last = this.#last[event];
    return last === undefined ? this.next(event, timeoutMs) : Promise.resolve(last);
  }
}

/** A list that grows, and whose contents can be waited for. */
export class Journal<T> {
  readonly #items: T[] = [];
  readonly #waiting = new Set<Waiting<undefined>>();

  /** Everything recorded so far, oldest first. */
  get all(): readonly T[] {
    return this.#items;
  }

  /** Adds an item. */
  add(item: T): void {
    this.#items.push(item);
    this.changed();
  }

  /** Tells those who wait that an item has changed. */
  changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.settle(undefined);
  }

  /** Resolves with the first defined result of `find`, now or after a change; rejects after `timeoutMs`. */
  async until<R>(find: (items: readonly T[]) => R | undefined, options: WaitOptions): Promise<R> {
    const deadlineMs = performance.now() + (options.timeoutMs ?? DEFAULT_WAIT_MS);
    for (;;) {
      const found = find(this.#items);
      if (found !== undefined) return found;
      await wait(this.#waiting, deadlineMs - performance.now(), options.what);
    }
  }
}

/** The bound of a wait, and what its error says was missing. */
export type WaitOptions = { readonly timeoutMs?: number | undefined; readonly what: string };

function wait<T>(waiting: Set<Waiting<T>>, timeoutMs: number, what: string): Promise<T> {
  const outcome: Deferred<T> = deferred<T>();
  const waiter: Waiting<T> = {
    settle: (value) => {
      clearTimeout(timer);
      outcome.resolve(value);
    },
  };
  const timer = setTimeout(() => {
    waiting.delete(waiter);
    outcome.reject(new Error(`${what} within ${Math.round(timeoutMs)} ms.`));
  }, timeoutMs);
  // A forgotten wait must neither keep the process alive nor end it with an unhandled rejection.
  timer.unref();
  outcome.promise.catch(() => undefined);
  waiting.add(waiter);
  return outcome.promise;
}
