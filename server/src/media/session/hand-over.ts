// Replaces a session before its time is up: opens the next one beside it, and waits for a moment in which nobody would
// notice. A call may need several of these.

import type { Clock, Timer } from '../../calls/ports';
import type { SessionEar } from './session-ear';

/** What a hand-over works with. */
export type HandOverDeps = {
  readonly clock: Clock;
  readonly make: () => SessionEar;
  /** True while nobody speaks, and nothing is made or asked for. */
  readonly isIdle: () => boolean;
  /** It is time to `take` the next session. */
  readonly swap: () => void;
};

// A conversation has a pause every few seconds; most of five minutes is for a server that cannot be reached just now.
const BEFORE_MS = 5 * 60_000;

// Then at the latest, pause or not: a clock of ours that is off by this much would be too late.
const AT_LAST_MS = 60_000;

const TRY_AGAIN_AFTER_MS = 20_000;
const LOOK_EVERY_MS = 250;

// However near its end a session is said to be: hand-overs must not chase each other.
const NOT_BEFORE_MS = 60_000;

// What every session has, when the server does not say.
const SESSION_MS = 60 * 60_000;

/** The next session of one call. Idempotent `close()`. */
export class HandOver {
  readonly #deps: HandOverDeps;
  #expiresAtMs = Infinity;
  #next: SessionEar | undefined;
  #isReady = false;
  #timer: Timer | undefined;

  constructor(deps: HandOverDeps) {
    this.#deps = deps;
  }

  /** The next session, ready or not. */
  get ear(): SessionEar | undefined {
    return this.#next;
  }

  /** A session has taken over, which the server will end at this moment. */
  plan(expiresAtMs: number | undefined): void {
    this.close();
    const nowMs = this.#deps.clock.nowMs();
    this.#expiresAtMs = expiresAtMs ?? nowMs + SESSION_MS;
    this.#wait(Math.max(NOT_BEFORE_MS, this.#expiresAtMs - BEFORE_MS - nowMs), () => this.#open());
  }

  /** The next session, when it is ready; it belongs to the caller from here on. */
  take(): SessionEar | undefined {
    const next = this.#isReady ? this.#next : undefined;
    if (next) this.#next = undefined;
    this.close();
    return next;
  }

  onReady(): void {
    this.#isReady = true;
    this.#look();
  }

  /** The session that there is goes on for some more minutes. */
  onFailed(): void {
    this.#next = undefined;
    this.#isReady = false;
    this.#wait(TRY_AGAIN_AFTER_MS, () => this.#open());
  }

  close(): void {
    this.#timer?.cancel();
    this.#next?.close();
    this.#next = undefined;
    this.#isReady = false;
  }

  #open(): void {
    this.#next = this.#deps.make();
    this.#next.open();
  }

  #look(): void {
    const isDue = this.#deps.clock.nowMs() >= this.#expiresAtMs - AT_LAST_MS;
    if (!isDue && !this.#deps.isIdle()) return this.#wait(LOOK_EVERY_MS, () => this.#look());
    this.#deps.swap();
  }

  #wait(delayMs: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(delayMs, task);
  }
}
