// What brings a conversation to its end when neither side does: silence, time, money, or a server that stops. The AI is
// told before, and the last thing that the callee hears is a goodbye.

import type { CallControls, VoiceLine } from '../calls/agent-ports';
import type { Call } from '../calls/call';
import type { EndReason } from '../calls/end-call';
import type { Clock, Logger, Timer } from '../calls/ports';
import { CostLimit } from './cost-limit';
import {
  ASK_STILL_THERE,
  HAVE_TO_GO,
  LEAVE_SILENT_CALLEE,
  LINE_CLOSES,
  MONEY_IS_RUNNING_OUT,
  TIME_IS_UP,
  timeIsRunningOut,
} from './directives';
import type { Farewell } from './farewell';
import { SilenceWatch } from './silence-watch';
import { TimeLimit } from './time-limit';

// What is being said is paid for, and is heard to its end, unless it is a story.
const FINISH_MAX_MS = 10_000;

// A server that stops has other calls to take leave of, and somebody who waits for it to be gone.
const LEAVE_MAX_MS = 8_000;

/** What limits work with. */
export type LimitsDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly line: Pick<VoiceLine, 'speak' | 'tell' | 'isAiSpeaking'>;
  readonly controls: Pick<CallControls, 'remainingMs' | 'remainingUsd'>;
  readonly farewell: Pick<Farewell, 'isLeaving' | 'sayGoodbye' | 'leave'>;
  readonly report: CallControls['report'];
  /** What the callee says from here on is not answered any more. */
  readonly onLast: () => void;
};

/** The limits of one conversation. Idempotent `close()`. */
export class Limits {
  readonly #deps: LimitsDeps;
  /** Told by the owner of speech, and of what makes silence be in order. */
  readonly silence: SilenceWatch;
  /** Told by the owner of what the AI has cost. */
  readonly cost: CostLimit;
  readonly #time: TimeLimit;
  /** Set while the AI finishes what it says before the goodbye. */
  #finishing: Timer | undefined;

  constructor({ behaviour, maxDurationSeconds, maxCostUsd }: Call, deps: LimitsDeps) {
    const { clock, log, controls } = deps;
    const { silenceNudgeSeconds, silenceGoodbyeSeconds } = behaviour;
    this.#deps = deps;
    this.silence = new SilenceWatch(
      { clock, nudgeMs: silenceNudgeSeconds * 1000, goodbyeMs: silenceGoodbyeSeconds * 1000 },
      { onNudge: (silentMs) => this.#onSilence(silentMs), onGoodbye: (silentMs) => this.#onLongSilence(silentMs) },
    );
    this.#time = new TimeLimit(
      { clock, remainingMs: () => controls.remainingMs(), maxMs: maxDurationSeconds * 1000 },
      { onWarning: (ms) => this.#onTimeRunningOut(ms), onGoodbye: (ms) => this.#onTimeUp(ms) },
    );
    this.cost = new CostLimit(
      { clock, log, maxUsd: maxCostUsd, remainingUsd: () => controls.remainingUsd() },
      { onWarning: (usd) => this.#onMoneyRunningOut(usd), onGoodbye: (usd) => this.#onMoneySpent(usd) },
    );
  }

  /** True when nothing is to be begun any more: a goodbye is said, or is next. */
  get isLeaving(): boolean {
    return this.#deps.farewell.isLeaving || this.isFinishing;
  }

  /** True while the AI finishes what it says before the last goodbye. */
  get isFinishing(): boolean {
    return this.#finishing !== undefined;
  }

  /** The callee can hear. */
  start(): void {
    this.#time.start();
    this.cost.start();
  }

  /** The AI has nothing more to say. */
  onAiQuiet(): void {
    // A goodbye that the model says of its own accord may still be called off; then the other one comes in its time.
    if (this.isFinishing && !this.#deps.farewell.isLeaving) this.#leaveForMoney();
  }

  /** The server stops: says goodbye for good, soon. */
  leave(reason: EndReason): void {
    this.#deps.onLast();
    void this.#deps.farewell.leave(LINE_CLOSES, reason, LEAVE_MAX_MS);
  }

  close(): void {
    this.#finishing?.cancel();
    this.#finishing = undefined;
    for (const limit of [this.silence, this.#time, this.cost]) limit.close();
  }

  #onSilence(silentMs: number): void {
    if (this.isLeaving) return;
    this.#deps.report({ type: 'silence.noticed', silentMs, step: 'nudge' });
    void this.#deps.line.speak({
      content: { kind: 'directive', directive: ASK_STILL_THERE },
      isMootWhenAnswered: true,
    });
  }

  #onLongSilence(silentMs: number): void {
    if (this.isLeaving) return;
    this.#deps.report({ type: 'silence.noticed', silentMs, step: 'goodbye' });
    void this.#deps.farewell.sayGoodbye(LEAVE_SILENT_CALLEE, 'callee-silent').then((outcome) => {
      // Whoever kept the call: it may fall silent again.
      if (outcome === 'canceled') this.silence.onCalleeSpoke();
    });
  }

  #onTimeRunningOut(remainingMs: number): void {
    if (this.isLeaving) return;
    this.#deps.report({ type: 'time.ending', remainingMs, step: 'warning' });
    void this.#deps.line.speak({ content: { kind: 'directive', directive: timeIsRunningOut(remainingMs) } });
  }

  #onTimeUp(remainingMs: number): void {
    this.#deps.report({ type: 'time.ending', remainingMs, step: 'goodbye' });
    this.#deps.onLast();
    void this.#deps.farewell.leave(TIME_IS_UP, 'max-duration-reached');
  }

  /** The callee is not told of money: the AI knows, and comes to an end in what it says anyway. */
  #onMoneyRunningOut(spentUsd: number): void {
    if (this.isLeaving) return;
    this.#deps.report({ type: 'cost.ending', spentUsd, step: 'warning' });
    this.#deps.line.tell('system', MONEY_IS_RUNNING_OUT);
  }

  #onMoneySpent(spentUsd: number): void {
    const { clock, line, report, onLast } = this.#deps;
    report({ type: 'cost.ending', spentUsd, step: 'goodbye' });
    onLast();
    if (line.isAiSpeaking) this.#finishing = clock.after(FINISH_MAX_MS, () => this.#leaveForMoney());
    else this.#leaveForMoney();
  }

  #leaveForMoney(): void {
    this.#finishing?.cancel();
    this.#finishing = undefined;
    void this.#deps.farewell.leave(HAVE_TO_GO, 'max-cost-reached');
  }
}
