// Who has the word: decides whether the callee's speech interrupts the AI, and whether their silence asks for an answer.
// As a rule the server does both by itself; a protected speech and noisy lines need it to only listen.

import type { RealtimeSession } from '../calls/conversation-ports';
import type { TurnTaking } from '../calls/speech';
import { BargeInHold, type MeteredFrame } from './barge-in-hold';

/** What turn taking works with. */
export type TurnTakerDeps = {
  readonly session: Pick<RealtimeSession, 'takeTurns'>;
  /** How much speech it takes to interrupt the AI, milliseconds; 0 for any at all. */
  readonly holdMs: number;
  readonly nowMs: () => number;
  /** The callee spoke during something protected, and nobody has answered. */
  readonly onAnswerDue: () => void;
};

// Who picks up says hello: over the first moment of a protected opening that is no turn of its own.
const HELLO_MS = 1_500;

/** What follows from the end of the callee's speech. */
export type EndOfTurn = {
  /** The speech interrupted the AI. */
  readonly cutIn: boolean;
  /** Nobody answers it unless we ask for that. */
  readonly isAnswerDue: boolean;
  /** It was too short to interrupt the AI: how much voice it had, milliseconds. */
  readonly heldOffMs: number | undefined;
};

/** Takes turns on behalf of one bridge. */
export class TurnTaker {
  readonly #deps: TurnTakerDeps;
  readonly #hasHold: boolean;
  readonly #hold: BargeInHold;
  #wish: TurnTaking = 'server';
  /** Protected speeches that are asked for, made or heard. */
  #protections = 0;
  #isClosed = false;
  /** When the callee first heard the AI, if that was something protected; over the beginning of it they say hello. */
  #helloSinceMs: number | undefined;
  /** The speech of the callee that began during something protected is more than a hello. */
  #isTurn = false;
  #isAnswerOwed = false;
  #speech: 'none' | 'heard' | 'cut-in' = 'none';
  #isReplaying = false;

  constructor(deps: TurnTakerDeps) {
    this.#deps = deps;
    this.#hasHold = deps.holdMs > 0;
    this.#hold = new BargeInHold(deps);
    this.#apply();
  }

  get isCalleeSpeaking(): boolean {
    return this.#speech !== 'none';
  }

  /** True while the callee cannot interrupt. */
  get isProtected(): boolean {
    return this.#protections > 0;
  }

  /** True when frames have to be metered. */
  get hasHold(): boolean {
    return this.#hasHold;
  }

  takeTurns(by: TurnTaking): void {
    this.#wish = by;
    this.#apply();
  }

  /** Nothing interrupts the AI until the promise is settled. */
  protectUntil(end: Promise<unknown>): void {
    this.#protections += 1;
    this.#apply();
    void end.then(() => {
      this.#protections -= 1;
      this.#apply();
      this.#payAnswer();
    });
  }

  /** What the callee said is heard again, and must not be answered again. */
  beginReplay(): void {
    this.#isReplaying = true;
    this.#apply();
  }

  endReplay(): void {
    this.#isReplaying = false;
    this.#apply();
  }

  /** The callee hears the AI. */
  onAiStarted(): void {
    this.#helloSinceMs ??= this.isProtected ? this.#deps.nowMs() : -Infinity;
  }

  /** True while nobody but the agent decides who speaks: an answer of the server's own is none that it wants. */
  get isListening(): boolean {
    return this.#wish === 'listen';
  }

  /** The callee begins to speak; returns whether that cuts off an AI whose voice `isHeard`, or that is about to speak. */
  onSpeechStarted(isHeard: boolean): boolean {
    this.#speech = 'heard';
    this.#isTurn = this.#helloSinceMs !== undefined && this.#deps.nowMs() - this.#helloSinceMs >= HELLO_MS;
    this.#isAnswerOwed = false;
    if (!this.#isOpen) return false;
    // What is not heard yet needs no hold: it can take in what the callee adds.
    return !isHeard || this.#hold.onSpeechStarted();
  }

  /** The callee's next frame; returns whether it makes the speech long enough to interrupt an AI that `isSpeaking`. */
  onFrame(frame: MeteredFrame, isSpeaking: boolean): boolean {
    return this.#hold.onFrame(frame) && this.#isOpen && isSpeaking;
  }

  /** The AI was cut off by what the callee says. */
  onCutIn(): void {
    this.#speech = 'cut-in';
  }

  /** The callee stopped; the AI `isSpeaking` on when the speech did not interrupt it. */
  onSpeechStopped({ isSpeaking, isAnswered }: { isSpeaking: boolean; isAnswered: boolean }): EndOfTurn {
    const cutIn = this.#speech === 'cut-in';
    this.#speech = 'none';
    const voicedMs = this.#hold.onSpeechStopped()?.voicedMs;
    if (!this.#isOpen) {
      this.#isAnswerOwed = !isAnswered && this.isProtected && this.#isTurn;
      return { cutIn, isAnswerDue: false, heldOffMs: undefined };
    }
    // The AI goes on over a sound that was too short. Once it is silent itself, whatever was said is an answer.
    const heldOffMs = isSpeaking ? voicedMs : undefined;
    return { cutIn, isAnswerDue: !isAnswered && heldOffMs === undefined, heldOffMs };
  }

  /** The session is gone. */
  close(): void {
    this.#isClosed = true;
  }

  /** True while the callee may interrupt and is answered. */
  get #isOpen(): boolean {
    return this.#wish === 'server' && !this.isProtected;
  }

  /** When the last protection has ended: now or never, as later it would answer old words. */
  #payAnswer(): void {
    if (this.isProtected) return;
    const isDue = this.#isAnswerOwed && this.#isOpen && !this.#isClosed;
    this.#isAnswerOwed = false;
    if (isDue) this.#deps.onAnswerDue();
  }

  #apply(): void {
    if (this.#isClosed) return;
    const isServers = this.#isOpen && !this.#hasHold && !this.#isReplaying;
    this.#deps.session.takeTurns(isServers ? 'server' : 'listen');
  }
}
