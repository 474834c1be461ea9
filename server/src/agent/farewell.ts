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

/** What a farewell works with. */
export type FarewellDeps = {
  readonly clock: Clock;
  readonly line: Pick<VoiceLine, 'speak' | 'whenHeard' | 'interrupt' | 'isCalleeSpeaking'>;
  readonly controls: Pick<CallControls, 'end' | 'report'>;
};

/** Ends one conversation; one goodbye at a time. Idempotent `close()`. */
export class Farewell {
  readonly #deps: FarewellDeps;
  #isLeaving = false;
  #isClosed = false;
  #onSpokenUp: (() => void) | undefined;
  readonly #timers = new Set<Timer>();

  constructor(deps: FarewellDeps) {
    this.#deps = deps;
  }

  /** True while a goodbye is said or heard. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** The model wants to hang up; the goodbye may be part of the response in which it said so. */
  hangUpAfter(responseId: string): Promise<'ended' | 'canceled'> {
    const { line } = this.#deps;
    return this.#leave('ai-hung-up', async () => {
      const outcome = await line.whenHeard(responseId);
      if (outcome !== 'unspoken' || line.isCalleeSpeaking) return outcome;
      return line.speak({ content: { kind: 'directive', directive: SAY_GOODBYE }, isMootWhenAnswered: true });
    });
  }

  /** Says goodbye as directed and hangs up; the callee keeps the call by speaking. */
  sayGoodbye(directive: string, reason: EndReason): Promise<'ended' | 'canceled'> {
    const { line } = this.#deps;
    return this.#leave(reason, () =>
      line.speak({ content: { kind: 'directive', directive }, isMootWhenAnswered: true }),
    );
  }

  /** Says goodbye as directed and hangs up, whatever the callee says. */
  async leave(directive: string, reason: EndReason): Promise<void> {
    if (this.#isClosed) return;
    this.#isLeaving = true;
    const { line, controls } = this.#deps;
    line.interrupt('api');
    await this.#bounded(line.speak({ content: { kind: 'directive', directive }, isProtected: true }));
    await this.#wait(LAST_WORD_MS);
    if (!this.#isClosed) controls.end(reason);
  }

  onCalleeStarted(): void {
    this.#onSpokenUp?.();
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#onSpokenUp?.();
  }

  async #leave(reason: EndReason, goodbye: () => Promise<SpeechOutcome>): Promise<'ended' | 'canceled'> {
    if (this.#isLeaving || this.#isClosed) return 'canceled';
    this.#isLeaving = true;
    const outcome = await this.#bounded(goodbye());
    const isHeard = outcome !== 'interrupted' && !this.#deps.line.isCalleeSpeaking;
    const isFinal = isHeard && (await this.#wait(LAST_WORD_MS));
    if (this.#isClosed) return 'ended';
    this.#isLeaving = false;
    if (isFinal) {
      // After this turn of the event loop: the tool that asked for it gets into the record first.
      this.#after(0, () => this.#deps.controls.end(reason));
      return 'ended';
    }
    this.#deps.controls.report({ type: 'goodbye.canceled' });
    return 'canceled';
  }

  #bounded(goodbye: Promise<SpeechOutcome>): Promise<SpeechOutcome> {
    const { promise, resolve } = deferred<SpeechOutcome>();
    const timer = this.#after(GOODBYE_MAX_MS, () => resolve('unspoken'));
    void goodbye.then((outcome) => {
      timer.cancel();
      this.#timers.delete(timer);
      resolve(outcome);
    });
    return promise;
  }

  /** Resolves with whether the time passed without a word of the callee. */
  #wait(durationMs: number): Promise<boolean> {
    const { promise, resolve } = deferred<boolean>();
    const timer = this.#after(durationMs, () => resolve(true));
    this.#onSpokenUp = () => {
      timer.cancel();
      resolve(false);
    };
    return promise.finally(() => {
      this.#onSpokenUp = undefined;
      this.#timers.delete(timer);
    });
  }

  #after(delayMs: number, task: () => void): Timer {
    const timer = this.#deps.clock.after(delayMs, task);
    this.#timers.add(timer);
    return timer;
  }
}
