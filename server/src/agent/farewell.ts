// The end of a conversation that is not cut short: the goodbye is heard to its last word, and only then the line goes
// down. A callee who speaks up meanwhile keeps the call.

import type { CallControls, VoiceLine } from '../calls/agent-ports';
import type { EndReason } from '../calls/end-call';
import type { Clock, Timer } from '../calls/ports';
import type { SpeechOutcome } from '../calls/speech';
import { deferred } from '../lib/deferred';
import { SAY_GOODBYE } from './directives';

// The last word has to travel to the ear, and a person needs a moment to say "one more thing".
const LAST_WORD_MS = 300;

// A goodbye that is neither heard nor cut off by then will not be: a model that never finishes keeps no line up.
const GOODBYE_MAX_MS = 30_000;

// The callee waits in silence for what is still under way: a booking, say. Longer than this nobody does.
const OTHERS_MAX_MS = 10_000;

const GIVE_UP_GOODBYE: Bound<SpeechOutcome> = { limitMs: GOODBYE_MAX_MS, otherwise: 'unspoken' };
const GIVE_UP_OTHERS: Bound<boolean> = { limitMs: OTHERS_MAX_MS, otherwise: true };

/** How long something is waited for, and what holds then. */
type Bound<T> = { readonly limitMs: number; readonly otherwise: T };

/** What a farewell works with. */
export type FarewellDeps = {
  readonly clock: Clock;
  readonly line: Pick<VoiceLine, 'speak' | 'whenHeard' | 'interrupt' | 'isCalleeSpeaking'>;
  readonly controls: Pick<CallControls, 'end' | 'report'>;
};

/** Ends one conversation; one goodbye at a time. Idempotent `close()`. */
export class Farewell {
  readonly #deps: FarewellDeps;
  readonly #timers = new Set<Timer>();
  #stage: 'none' | 'goodbye' | 'final' | 'closed' = 'none';
  /** The callee has spoken since the goodbye was wanted. */
  #hasSpokenUp = false;
  #isCanceled = false;
  #onSpokenUp: (() => void) | undefined;

  constructor(deps: FarewellDeps) {
    this.#deps = deps;
  }

  /** True when the conversation ends whatever the callee says. */
  get isFinal(): boolean {
    return this.#stage === 'final';
  }

  /** True while a goodbye is said or heard. */
  get isLeaving(): boolean {
    return this.#stage === 'goodbye' || this.#stage === 'final';
  }

  /**
   * The model wants to hang up; the goodbye may be part of the response in which it said so. Before the end, `others`
   * tells whether whatever else is under way has come to a good end.
   */
  hangUpAfter(responseId: string, others: () => Promise<boolean>): Promise<'ended' | 'canceled'> {
    const goodbye = async (): Promise<SpeechOutcome> => {
      const outcome = await this.#deps.line.whenHeard(responseId);
      const isMissing = outcome === 'unspoken' && !this.#hasSpokenUp && this.#stage === 'goodbye';
      return isMissing ? this.#say(SAY_GOODBYE) : outcome;
    };
    return this.#leave('ai-hung-up', goodbye, others);
  }

  /** The call goes on after all, unless it ends for good. */
  cancel(): void {
    if (this.#stage === 'goodbye') this.#isCanceled = true;
    this.#onSpokenUp?.();
  }

  /** Says goodbye as directed and hangs up; the callee keeps the call by speaking. */
  sayGoodbye(directive: string, reason: EndReason): Promise<'ended' | 'canceled'> {
    return this.#leave(reason, () => this.#say(directive));
  }

  /**
   * Says goodbye as directed and hangs up, whatever the callee says, within `limitMs`. While another one is said for good,
   * that one is not cut off, but has no more time than this one would.
   */
  async leave(directive: string, reason: EndReason, limitMs = GOODBYE_MAX_MS): Promise<void> {
    if (this.#stage === 'closed') return;
    const { line, clock, controls } = this.#deps;
    if (this.#stage === 'final') {
      this.#timers.add(clock.after(limitMs, () => controls.end(reason)));
      return;
    }
    this.#stage = 'final';
    line.interrupt('api');
    const goodbye = line.speak({ content: { kind: 'directive', directive }, isProtected: true });
    const outcome = await this.#bounded(goodbye, { limitMs, otherwise: 'unspoken' });
    if (!this.isLeaving) return;
    const details = outcome === 'heard' ? { saidGoodbye: true } : undefined;
    this.#timers.add(clock.after(LAST_WORD_MS, () => controls.end(reason, details)));
  }

  onCalleeStarted(): void {
    this.#hasSpokenUp = true;
    this.#onSpokenUp?.();
  }

  close(): void {
    this.#stage = 'closed';
    for (const timer of this.#timers) timer.cancel();
    this.#onSpokenUp?.();
  }

  async #leave(
    reason: EndReason,
    goodbye: () => Promise<SpeechOutcome>,
    others = (): Promise<boolean> => Promise.resolve(true),
  ): Promise<'ended' | 'canceled'> {
    if (this.#stage !== 'none') return 'canceled';
    this.#stage = 'goodbye';
    this.#hasSpokenUp = false;
    this.#isCanceled = false;
    const outcome = await this.#bounded(goodbye(), GIVE_UP_GOODBYE);
    const isFinal = this.#isThrough(outcome) && (await this.#isAllDone(others)) && (await this.#hasLastWord());
    // Somebody else has ended the call, or is about to.
    if (this.#stage !== 'goodbye') return 'ended';
    if (isFinal) {
      // After this turn of the event loop: the tool that asked for it gets into the record first.
      this.#timers.add(this.#deps.clock.after(0, () => this.#deps.controls.end(reason)));
      return 'ended';
    }
    this.#stage = 'none';
    this.#deps.controls.report({ type: 'goodbye.canceled' });
    return 'canceled';
  }

  #say(directive: string): Promise<SpeechOutcome> {
    return this.#deps.line.speak({ content: { kind: 'directive', directive }, isMootWhenAnswered: true });
  }

  /** A goodbye that was needless, because the callee spoke and got an answer, ends nothing. */
  #isThrough(outcome: SpeechOutcome): boolean {
    if (this.#stage !== 'goodbye' || this.#isCanceled || this.#deps.line.isCalleeSpeaking) return false;
    return outcome === 'heard' || (outcome === 'unspoken' && !this.#hasSpokenUp);
  }

  /** Resolves with whether the others came to a good end, or at once when the callee says a word. */
  async #isAllDone(others: () => Promise<boolean>): Promise<boolean> {
    const spokenUp = deferred<boolean>();
    this.#onSpokenUp = () => spokenUp.resolve(false);
    const isDone = await this.#bounded(Promise.race([others(), spokenUp.promise]), GIVE_UP_OTHERS);
    this.#onSpokenUp = undefined;
    return isDone && this.#isThrough('heard');
  }

  #bounded<T>(wait: Promise<T>, bound: Bound<T>): Promise<T> {
    const { promise, resolve } = deferred<T>();
    const timer = this.#deps.clock.after(bound.limitMs, () => resolve(bound.otherwise));
    this.#timers.add(timer);
    void wait.then((result) => {
      timer.cancel();
      resolve(result);
    });
    return promise;
  }

  /** Resolves with whether a moment passed without a word of the callee. */
  #hasLastWord(): Promise<boolean> {
    const { promise, resolve } = deferred<boolean>();
    const timer = this.#deps.clock.after(LAST_WORD_MS, () => resolve(true));
    this.#timers.add(timer);
    this.#onSpokenUp = () => {
      timer.cancel();
      resolve(false);
    };
    return promise.finally(() => {
      this.#onSpokenUp = undefined;
    });
  }
}
