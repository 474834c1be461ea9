// Delivers what waits in the outbox: the callbacks of one call in their order, those of several calls side by side. What
// was received is marked and never sent again; everything else stays in the outbox until its day is over. Nothing is
// kept in memory but what is on its way.

import type { Clock, Logger, Timer } from '../calls/ports';
import type { DueCallback, Outbox } from '../calls/record-ports';
import { firstWithin } from '../calls/wait';
import type { UrlGuard } from '../lib/url-guard';
import { type Attempt, CallbackRequests, TIMED_OUT } from './callback-request';
import { nextAttemptAtMs } from './retry-schedule';
import { SilentOrigins } from './silent-origins';

const MAX_UNDER_WAY = 20;

// Well above the time limit of a request: when it lapses, whoever had claimed the callback is gone.
const CLAIM_MS = 30_000;

/** Another node may have written something, or may be gone and its claims with it. */
const MAX_PAUSE_MS = 30_000;

/** What is due and cannot be had is somebody else's: no reason to ask all the time. */
const MIN_PAUSE_MS = 1_000;

const OUTBOX_RETRY_MS = 5_000;
const OUTBOX_WARNING_GAP_MS = 60_000;

/** One whose server is known to be silent lets others go first; that is no failure of its own. */
const LET_PASS_MS = 30_000;

/** What deliveries work with. */
export type CallbackDeliveryDeps = {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Logger;
  /** Decides which addresses may be called. */
  readonly guard: UrlGuard;
  /** `whsec_` and base64; without it nothing is signed. */
  readonly secret?: string | undefined;
  /** From 0 to 1; for tests. */
  readonly random?: (() => number) | undefined;
};

type State = 'new' | 'resting' | 'looking' | 'looking-again' | 'closed';

/** The deliveries of this node. */
export class CallbackDelivery {
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #requests: CallbackRequests;
  readonly #random: () => number;
  readonly #origins = new SilentOrigins();
  /** What is on its way or waits to be marked, by the id of the callback. */
  readonly #underWay = new Map<string, AbortController>();
  readonly #closed = new AbortController();
  #state: State = 'new';
  #timer: Timer | undefined;
  #onIdle: (() => void)[] = [];
  #warnedAtMs = -Infinity;

  constructor({ outbox, clock, log, guard, secret, random = Math.random }: CallbackDeliveryDeps) {
    this.#outbox = outbox;
    this.#clock = clock;
    this.#log = log;
    this.#requests = new CallbackRequests({ clock, guard, secret });
    this.#random = random;
  }

  /** Begins with what is left from before. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'resting';
    this.wake();
  }

  /** Something new was written. */
  wake(): void {
    if (this.#state === 'looking') this.#state = 'looking-again';
    if (this.#state === 'resting') void this.#look();
  }

  /** Resolves when nothing is left that is due, or after the limit. */
  async flush(limitMs: number): Promise<void> {
    if (this.#state === 'new' || this.#state === 'closed') return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle.push(resolve);
    });
    this.wake();
    await firstWithin(this.#clock, limitMs, [idle]);
  }

  /** Ends what is on its way: it stays in the outbox, and its claim lapses. The outbox is not used any more. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer?.cancel();
    for (const request of this.#underWay.values()) request.abort();
    this.#closed.abort();
    this.#requests.close();
    this.#tellIdle();
  }

  async #look(): Promise<void> {
    this.#timer?.cancel();
    let pauseMs: number;
    do {
      this.#state = 'looking';
      pauseMs = await this.#claim();
    } while (this.#isStale());
    if (this.#isClosed()) return;
    this.#state = 'resting';
    this.#timer = this.#clock.after(pauseMs, () => this.wake());
  }

  /** Takes what there are places for and returns how long there is nothing more to do. */
  async #claim(): Promise<number> {
    const limit = MAX_UNDER_WAY - this.#underWay.size;
    // The next one that is done looks again.
    if (limit === 0) return MAX_PAUSE_MS;
    try {
      const nowMs = this.#clock.nowMs();
      const due = await this.#outbox.claimDue({ nowMs, claimedUntilMs: nowMs + CLAIM_MS, limit });
      if (this.#isClosed()) return MAX_PAUSE_MS;
      for (const callback of due) void this.#handle(callback);
      if (this.#underWay.size === 0 && !this.#isStale()) this.#tellIdle();
      return due.length === limit ? MAX_PAUSE_MS : await this.#pauseMs();
    } catch (error) {
      this.#warn(error);
      return OUTBOX_RETRY_MS;
    }
  }

  async #pauseMs(): Promise<number> {
    const dueAtMs = await this.#outbox.nextDueAtMs();
    if (dueAtMs === undefined) return MAX_PAUSE_MS;
    return Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, dueAtMs - this.#clock.nowMs()));
  }

  async #handle(callback: DueCallback): Promise<void> {
    const { callbackId } = callback;
    // Ours already: it could not be marked for so long that its claim has lapsed.
    if (this.#underWay.has(callbackId)) return;
    const abort = new AbortController();
    this.#underWay.set(callbackId, abort);
    await this.#deliver(callback, abort);
    this.#underWay.delete(callbackId);
    // The next one of the call has its turn now, and there is a free place.
    this.wake();
  }

  async #deliver(callback: DueCallback, abort: AbortController): Promise<void> {
    const { callbackId, attempts, url } = callback;
    if (!this.#origins.enter(url)) {
      const atMs = this.#clock.nowMs() + LET_PASS_MS * (1 + this.#random());
      return this.#mark(() => this.#outbox.postpone(callbackId, { attempts, nextAttemptAtMs: Math.round(atMs) }));
    }
    const result = await this.#requests.post(callback, abort);
    this.#origins.leave(url, result.kind === 'failed' && result.code === TIMED_OUT ? 'silent' : 'answered');
    if (this.#isClosed()) return;
    await this.#settle(callback, result);
  }

  #settle(callback: DueCallback, result: Attempt): Promise<void> {
    const { callbackId, callId } = callback;
    const nowMs = this.#clock.nowMs();
    if (result.kind === 'received') return this.#mark(() => this.#outbox.markDelivered(callbackId, nowMs));
    const attempts = callback.attempts + 1;
    const { httpStatus, code, retryAfterMs } = { code: undefined, retryAfterMs: undefined, ...result };
    const dueAtMs =
      result.kind === 'gone'
        ? undefined
        : nextAttemptAtMs(callback, { nowMs, attempts, retryAfterMs, random: this.#random() });
    // The address may be a secret of the user: only what went wrong is logged.
    const facts = { callId, callbackId, attempts, code, httpStatus };
    if (dueAtMs === undefined) {
      this.#log.error('A status callback was given up', facts);
      return this.#mark(() => this.#outbox.giveUp(callbackId, nowMs));
    }
    this.#log.warn('A status callback was not taken', facts);
    return this.#mark(() => this.#outbox.postpone(callbackId, { attempts, nextAttemptAtMs: dueAtMs }));
  }

  /** Until the outbox knows: what was received must not be sent again because a database was away. */
  async #mark(write: () => Promise<void>): Promise<void> {
    while (!this.#isClosed()) {
      try {
        return await write();
      } catch (error) {
        this.#warn(error);
        await this.#waitOpen(OUTBOX_RETRY_MS);
      }
    }
  }

  /** Leaves no timer behind when it is cut short by the end. */
  async #waitOpen(delayMs: number): Promise<void> {
    const { signal } = this.#closed;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(delayMs, done);
      signal.addEventListener('abort', done);
      function done(): void {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }

  #warn(error: unknown): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isClosed() || nowMs - this.#warnedAtMs < OUTBOX_WARNING_GAP_MS) return;
    this.#warnedAtMs = nowMs;
    this.#log.warn('The outbox of status callbacks does not answer', { error });
  }

  #tellIdle(): void {
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  #isStale(): boolean {
    return this.#state === 'looking-again';
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }
}
