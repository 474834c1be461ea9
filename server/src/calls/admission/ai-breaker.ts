// Stops new calls when the AI's account has a problem that only a person can solve: a phone that rings and then only
// says that it is sorry helps nobody. Tries now and then whether it is solved.

import { type Backoff, backoffMs } from '../../lib/backoff';
import type { EndCall, EndReason } from '../end-call';
import { AiUnavailableError } from '../errors';
import type { Clock, Logger, Timer } from '../ports';
import type { CallWatcher } from '../record-ports';

const PROBE_EVERY_MS = 30_000;
const PROBE_CAP_MS = 300_000;

// A probe has bounds of its own; one that ignores them must not keep the breaker open for ever.
const PROBE_LIMIT_MS = 30_000;

const CURE =
  'Check OPENAI_API_KEY, the billing of the account and OPENAI_REALTIME_MODEL; new calls are taken again by themselves';

// A missing model may be told by nothing but the close of the socket, which looks like refused settings.
const ACCOUNT_REASON: EndReason = 'ai-unauthorized';
const MODEL_CODES = ['model_not_found', 'invalid_model', 'missing_model'];

/** What a code looks like: anything else may be a message with somebody's words in it. */
const CODE = /^[\w.-]{1,80}$/;

/** What a breaker works with. */
export type AiBreakerDeps = {
  /** Finds out whether the account works: undefined if so, or the verdict that a call would get. */
  readonly probe: () => Promise<EndCall | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Until the first try; later ones come ever later. */
  readonly probeEveryMs?: number;
  /** Told of each change: the verdict that stops new calls, or undefined when they are taken again. */
  readonly onChange?: (reason: EndCall | undefined) => void;
};

/** Open while new calls are of no use; calls that live are not touched. Idempotent `close()`, which stops the tries. */
export class AiBreaker {
  readonly #deps: AiBreakerDeps;
  readonly #backoff: Backoff;
  #reason: EndCall | undefined;
  #tries = 0;
  #dueAtMs = 0;
  #mendedAtMs = -Infinity;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(deps: AiBreakerDeps) {
    this.#deps = deps;
    const { probeEveryMs = PROBE_EVERY_MS } = deps;
    this.#backoff = { firstMs: probeEveryMs, capMs: Math.max(PROBE_CAP_MS, probeEveryMs) };
  }

  /** Why new calls are refused; undefined while they are taken. */
  get reason(): EndCall | undefined {
    return this.#reason;
  }

  /** A call is over, for whatever reason. */
  onCallEnded(verdict: EndCall): void {
    if (this.#isClosed || this.#reason || !isOfAccount(verdict)) return;
    const { clock, log, onChange } = this.#deps;
    this.#reason = verdict;
    // An account that fails again right after a try went well has not recovered: the tries go on where they were.
    if (clock.monotonicMs() - this.#mendedAtMs > this.#backoff.capMs) this.#tries = 0;
    log.error('The AI refuses the account: no new calls', { said: saidBy(verdict), cure: CURE });
    onChange?.(verdict);
    this.#probeLater();
  }

  /** Whether there may be a new call. @throws AiUnavailableError */
  check(): void {
    if (!this.#reason) return;
    const waitMs = Math.max(0, this.#dueAtMs - this.#deps.clock.monotonicMs());
    throw new AiUnavailableError(saidBy(this.#reason), Math.max(1, Math.ceil(waitMs / 1000)));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #probeLater(): void {
    if (this.#isClosed) return;
    this.#tries += 1;
    const { clock } = this.#deps;
    const delayMs = backoffMs(this.#backoff, this.#tries);
    this.#dueAtMs = clock.monotonicMs() + delayMs;
    this.#timer = clock.after(delayMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const works = await this.#works();
    if (this.#isClosed) return;
    if (works) this.#mend();
    else this.#probeLater();
  }

  #mend(): void {
    const { clock, log, onChange } = this.#deps;
    this.#reason = undefined;
    this.#mendedAtMs = clock.monotonicMs();
    log.info('The AI accepts the account again: new calls are taken');
    onChange?.(undefined);
  }

  /** What fails for another reason tells nothing of the account: then it is as it was. */
  async #works(): Promise<boolean> {
    const { clock, probe, log } = this.#deps;
    const late = new Promise<false>((resolve) => {
      this.#timer = clock.after(PROBE_LIMIT_MS, () => resolve(false));
    });
    try {
      return await Promise.race([probe().then(isAccepted), late]);
    } catch (error) {
      log.warn('Whether the AI accepts the account could not be found out', { error });
      return false;
    } finally {
      this.#timer?.cancel();
    }
  }
}

/** Tells a breaker of each call that is over. */
export function breakerWatcher(breaker: Pick<AiBreaker, 'onCallEnded'>): CallWatcher {
  return {
    onEntry({ type }, { verdict }) {
      if (verdict && type === `call.${verdict.status}`) breaker.onCallEnded(verdict);
    },
  };
}

/** Settings that are refused are one call's problem; the account and the model are every call's. */
function isOfAccount({ reason, details }: EndCall): boolean {
  if (reason === ACCOUNT_REASON) return true;
  const code = details['errorCode'] ?? details['closeReason'];
  return reason === 'ai-refused-session' && MODEL_CODES.some((model) => String(code).endsWith(model));
}

/** A try whose settings are refused has got past the account: it must not keep calls out for ever. */
function isAccepted(verdict: EndCall | undefined): boolean {
  return verdict === undefined || (verdict.reason === 'ai-refused-session' && !isOfAccount(verdict));
}

function saidBy({ reason, details }: EndCall): string {
  const { errorCode, errorType, closeReason, httpStatus } = details;
  const said = [errorCode, errorType, closeReason].find((code) => typeof code === 'string' && CODE.test(code));
  if (said !== undefined) return String(said);
  return httpStatus === undefined ? reason : `HTTP ${httpStatus}`;
}
