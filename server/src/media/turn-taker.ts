// Who has the word: decides whether the callee's speech interrupts the AI, and whether their silence asks for an answer.
// As a rule the server does both by itself; a protected speech and noisy lines need it to only listen.

import type { RealtimeSession } from '../calls/conversation-ports';
import type { TurnTaking } from '../calls/speech';
import { BargeInHold, type MeteredFrame } from './barge-in-hold';

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
  readonly #session: Pick<RealtimeSession, 'takeTurns'>;
  readonly #hasHold: boolean;
  readonly #hold: BargeInHold;
  #wish: TurnTaking = 'server';
  /** Protected speeches that are asked for, made or heard. */
  #protections = 0;
  #isClosed = false;
  #speech: 'none' | 'heard' | 'cut-in' = 'none';

  constructor(session: Pick<RealtimeSession, 'takeTurns'>, holdMs: number) {
    this.#session = session;
    this.#hasHold = holdMs > 0;
    this.#hold = new BargeInHold({ holdMs });
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
    });
  }

  /** The callee begins to speak; returns whether that interrupts an AI that `isSpeaking` now. */
  onSpeechStarted(isSpeaking: boolean): boolean {
    this.#speech = 'heard';
    if (!this.#isOpen) return false;
    if (!isSpeaking) return !this.#hasHold;
    return this.#cutIn(this.#hold.onSpeechStarted());
  }

  /** The callee's next frame; returns whether it makes the speech long enough to interrupt an AI that `isSpeaking`. */
  onFrame(frame: MeteredFrame, isSpeaking: boolean): boolean {
    return this.#cutIn(this.#hold.onFrame(frame) && this.#isOpen && isSpeaking);
  }

  /** The callee stopped; the AI `isSpeaking` on when the speech did not interrupt it. */
  onSpeechStopped(isSpeaking: boolean): EndOfTurn {
    const cutIn = this.#speech === 'cut-in';
    this.#speech = 'none';
    const heldOffMs = this.#hold.onSpeechStopped()?.voicedMs;
    if (!this.#isOpen || !this.#hasHold) return { cutIn, isAnswerDue: false, heldOffMs: undefined };
    // The AI goes on over a sound that was too short. Once it is silent itself, whatever was said is an answer.
    const isIgnored = heldOffMs !== undefined && isSpeaking;
    return { cutIn, isAnswerDue: !isIgnored, heldOffMs: isIgnored ? heldOffMs : undefined };
  }

  /** The session is gone. */
  close(): void {
    this.#isClosed = true;
  }

  #cutIn(isCut: boolean): boolean {
    if (isCut) this.#speech = 'cut-in';
    return isCut;
  }

  /** True while the callee may interrupt and is answered. */
  get #isOpen(): boolean {
    return this.#wish === 'server' && !this.isProtected;
  }

  #apply(): void {
    if (this.#isClosed) return;
    this.#session.takeTurns(this.#isOpen && !this.#hasHold ? 'server' : 'listen');
  }
}
