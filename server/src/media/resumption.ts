// Lets a new realtime session hear what the lost one had not accounted for, before anything is asked of it: in the order
// in which it was said, each of the callee's turns once in the record, none answered twice and none left unanswered.

import type { StoppedSpeech } from '../calls/conversation-ports';
import type { Clock, Timer } from '../calls/ports';
import type { CalleeSpeech, CalleeSpeeches } from './callee-speeches';
import type { SessionFeed } from './session-feed';
import type { TurnTaker } from './turn-taker';

/** What a resumption works with. */
export type ResumptionDeps = {
  readonly clock: Clock;
  readonly feed: Pick<SessionFeed, 'replay' | 'resume'>;
  readonly speeches: CalleeSpeeches;
  readonly turns: Pick<TurnTaker, 'beginReplay' | 'endReplay'>;
  /** The callee waits for an answer that nobody else will ask for. */
  readonly onAnswerDue: () => void;
  /** Somebody who was speaking when the session was lost has been silent since. */
  readonly onFellSilent: () => void;
};

// A server hears faster than people speak. What it does not notice in this time, it takes for no speech.
const ANSWERED_BOUND_MS = 1_000;
const UNANSWERED_BOUND_MS = 1_500;

/** What is heard again: turns that are answered, turns that are not, or nothing. */
type Stage = 'none' | 'answered' | 'unanswered';

/** The resumptions of one call. */
export class Resumption {
  readonly #deps: ResumptionDeps;
  #stage: Stage = 'none';
  #answered: CalleeSpeech[] = [];
  #unanswered: CalleeSpeech[] = [];
  /** Heard again, and not yet to its end. */
  #current: CalleeSpeech | undefined;
  #timer: Timer | undefined;
  #goOn: () => void = () => {};

  constructor(deps: ResumptionDeps) {
    this.#deps = deps;
  }

  /** A new session is there; `goOn` is called when it can be asked for something. */
  begin(goOn: () => void): void {
    this.stop();
    this.#goOn = goOn;
    const { all } = this.#deps.speeches;
    const isOpen = ({ answeredBy, toByte }: CalleeSpeech): boolean => answeredBy === undefined || toByte === undefined;
    const firstOpen = all.findIndex(isOpen);
    this.#answered = firstOpen < 0 ? [...all] : all.slice(0, firstOpen);
    this.#unanswered = firstOpen < 0 ? [] : all.slice(firstOpen);
    if (this.#answered.length === 0) return this.#hearRest();
    this.#stage = 'answered';
    this.#deps.turns.beginReplay();
    this.#timer = this.#deps.clock.after(ANSWERED_BOUND_MS, () => this.#hearRest());
    this.#deps.feed.replay(this.#answered[0]?.fromByte ?? 0, this.#answered.at(-1)?.toByte ?? 0);
  }

  /** The callee is heard to speak; returns what they said before if it is that. */
  onSpeechStarted(itemId: string): CalleeSpeech | undefined {
    const speech = this.#due.shift();
    if (!speech) return undefined;
    speech.itemId = itemId;
    // Its end is still to come.
    if (speech.toByte === undefined) this.#finish();
    else this.#current = speech;
    return speech;
  }

  /** The callee is heard to stop; returns true when that was heard before. */
  onSpeechStopped({ isAnswered }: StoppedSpeech): boolean {
    if (!this.#current) return false;
    this.#current = undefined;
    if (this.#due.length > 0) return true;
    if (this.#stage === 'answered') this.#hearRest();
    else {
      // The lost server would have answered by itself, and this one only listens by now.
      if (!isAnswered && this.#deps.speeches.isAnswerDue) this.#deps.onAnswerDue();
      this.#finish();
    }
    return true;
  }

  /** The session is gone, or the call over. */
  stop(): void {
    this.#timer?.cancel();
    if (this.#stage === 'answered') this.#deps.turns.endReplay();
    this.#stage = 'none';
    this.#answered = [];
    this.#unanswered = [];
    this.#current = undefined;
  }

  get #due(): CalleeSpeech[] {
    return this.#stage === 'answered' ? this.#answered : this.#unanswered;
  }

  #hearRest(): void {
    const { speeches, turns, feed, clock } = this.#deps;
    this.#timer?.cancel();
    speeches.forget(this.#answered);
    this.#answered = [];
    this.#current = undefined;
    if (this.#stage === 'answered') turns.endReplay();
    this.#stage = 'unanswered';
    const first = this.#unanswered[0];
    if (first) this.#timer = clock.after(UNANSWERED_BOUND_MS, () => this.#onOverdue());
    else if (speeches.isAnswerDue) this.#deps.onAnswerDue();
    feed.resume(first?.fromByte ?? speeches.lastStopByte);
    if (!first) this.#finish();
  }

  /** The server does not take it for speech: nobody but us ends it, and nobody but us answers it. */
  #onOverdue(): void {
    const { speeches, onAnswerDue, onFellSilent } = this.#deps;
    const missed = this.#unanswered;
    const wasSpeaking = missed.at(-1)?.toByte === undefined && missed.length > 0;
    speeches.forget(missed);
    if (wasSpeaking) onFellSilent();
    else if (speeches.isAnswerDue) onAnswerDue();
    this.#finish();
  }

  #finish(): void {
    const goOn = this.#goOn;
    this.stop();
    goOn();
  }
}
