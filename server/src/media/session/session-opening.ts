// Opens a session, and another one when that fails: quickly, a few times, within a bound, and not for ever when one after
// the other is lost.

import { type EndCall, endCall } from '../../calls/end-call';
import type { Clock, Timer } from '../../calls/ports';
import type { SessionEar } from './session-ear';

/** What an opening works with. */
export type SessionOpeningDeps = {
  readonly clock: Clock;
  /** Makes a session that has so long to become ready, or as long as it usually has. */
  readonly make: (readyTimeoutMs?: number) => SessionEar;
  readonly onGivenUp: (verdict: EndCall) => void;
};

/** How an opening went. */
export type OpeningFacts = { readonly tries: number; readonly afterMs: number };

// A callee bears a second of silence; whatever is not back after three tries is gone for longer than that.
const TRY_AFTER_MS = [0, 250, 1_000] as const;

// The phone does not ring any more: nobody waits for ten seconds.
const READY_TIMEOUT_MS = 4_000;

// Longer silences than this end most calls by themselves.
const BOUND_MS = 9_000;

// A session that was lost again so soon was none: its tries count on.
const STEADY_AFTER_MS = 10_000;

// However long each lasts: a network that breaks this often carries no conversation.
const MAX_REPLACEMENTS = 6;
const REPLACEMENTS_WITHIN_MS = 5 * 60_000;

/** The errors behind which a new session may well work. */
export function isRecoverable({ reason, details }: EndCall): boolean {
  if (reason === 'ai-connection-lost' || reason === 'ai-unavailable') return true;
  const { cause, errorCode } = details;
  return reason === 'ai-failed' && (cause === 'silent' || errorCode === 'response_not_created');
}

/** Opens the sessions of one call. Idempotent `close()`. */
export class SessionOpening {
  readonly #deps: SessionOpeningDeps;
  #ear: SessionEar | undefined;
  #retry: Timer | undefined;
  #bound: Timer | undefined;
  #verdict: EndCall | undefined;
  #beganAtMs = 0;
  /** Delays used up, which a session that lasts gives back. */
  #usedTries = 0;
  #tries = 0;
  #readyAtMs = -Infinity;
  #replacedAtMs: number[] = [];

  constructor(deps: SessionOpeningDeps) {
    this.#deps = deps;
  }

  /** The session that is being opened. */
  get ear(): SessionEar | undefined {
    return this.#ear;
  }

  /** Opens the first session. */
  begin(): void {
    this.#beganAtMs = this.#deps.clock.monotonicMs();
    this.#open();
  }

  /** Opens one in the place of a session that was lost for this reason. */
  replace(lost: EndCall): void {
    const nowMs = this.#deps.clock.monotonicMs();
    this.#beganAtMs = nowMs;
    this.#tries = 0;
    if (nowMs - this.#readyAtMs >= STEADY_AFTER_MS) this.#usedTries = 0;
    this.#replacedAtMs = this.#replacedAtMs.filter((atMs) => nowMs - atMs < REPLACEMENTS_WITHIN_MS);
    this.#startBound(lost);
    if (this.#replacedAtMs.length >= MAX_REPLACEMENTS) this.#giveUp();
    else this.#tryNext();
  }

  /** The session is ready, or another one is used in its place. */
  onReady(): OpeningFacts {
    const nowMs = this.#deps.clock.monotonicMs();
    const isReplacement = this.#verdict !== undefined && this.#readyAtMs !== -Infinity;
    if (isReplacement) this.#replacedAtMs.push(nowMs);
    this.#readyAtMs = nowMs;
    this.#ear = undefined;
    this.close();
    return { tries: this.#tries, afterMs: Math.round(nowMs - this.#beganAtMs) };
  }

  /** The session that was being opened has failed. */
  onFailed(verdict: EndCall): void {
    this.#ear = undefined;
    if (!isRecoverable(verdict)) {
      this.close();
      return this.#deps.onGivenUp(verdict);
    }
    if (!this.#verdict) this.#startBound(verdict);
    this.#tryNext();
  }

  close(): void {
    this.#retry?.cancel();
    this.#bound?.cancel();
    this.#ear?.close();
    this.#ear = undefined;
    this.#verdict = undefined;
  }

  #startBound(verdict: EndCall): void {
    this.#verdict = verdict;
    this.#bound = this.#deps.clock.after(BOUND_MS, () => this.#giveUp());
  }

  #tryNext(): void {
    const delayMs = TRY_AFTER_MS[this.#usedTries];
    if (delayMs === undefined) return this.#giveUp();
    this.#usedTries += 1;
    if (delayMs === 0) this.#open(READY_TIMEOUT_MS);
    else this.#retry = this.#deps.clock.after(delayMs, () => this.#open(READY_TIMEOUT_MS));
  }

  #open(readyTimeoutMs?: number): void {
    this.#tries += 1;
    this.#ear = this.#deps.make(readyTimeoutMs);
    this.#ear.open();
  }

  #giveUp(): void {
    const verdict = this.#verdict;
    const tries = this.#tries;
    this.close();
    if (verdict) this.#deps.onGivenUp(endCall(verdict.reason, { ...verdict.details, tries }));
  }
}
