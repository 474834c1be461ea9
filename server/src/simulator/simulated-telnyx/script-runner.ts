/** Performs the steps of a phone script, driven by the line's frames: a step's time is the time of the call itself. */
import { assertNever } from '../../lib/assert-never';
import { tone } from '../pcm';
import type { PhoneStep } from './phone-script';
import { FRAME_MS } from './timing';

const DEFAULT_STEP_TIMEOUT_MS = 15_000;

/** What a script can do with, and sense at, the telephone. */
export type Telephone = {
  readonly isTalking: boolean;
  readonly isHearingSpeech: boolean;
  readonly silentMs: number;
  clip(name: string): Int16Array;
  say(pcm: Int16Array): void;
  dtmf(digit: string): void;
  hangUp(): void;
  dropStream(): void;
  stallStream(): void;
};

/** A run of the steps of one script. */
export class ScriptRunner {
  readonly #phone: Telephone;
  readonly #onDone: () => void;
  #steps: readonly PhoneStep[];
  #elapsedMs = -1;

  constructor(phone: Telephone, steps: readonly PhoneStep[], onDone: () => void) {
    this.#phone = phone;
    this.#steps = steps;
    this.#onDone = onDone;
  }

  /** Goes on by one frame: begins, continues or ends steps. */
  frame(): void {
    for (let step = this.#steps[0]; step !== undefined; step = this.#steps[0]) {
      if (this.#elapsedMs < 0) this.#begin(step);
      else this.#elapsedMs += FRAME_MS;
      if (!this.#isOver(step)) return;
      this.#elapsedMs = -1;
      this.#steps = this.#steps.slice(1);
      if (this.#steps.length === 0) this.#onDone();
    }
  }

  #begin(step: PhoneStep): void {
    this.#elapsedMs = 0;
    const phone = this.#phone;
    switch (step.do) {
      case 'wait':
      case 'wait-for-speech':
      case 'wait-for-silence':
        return;
      case 'say':
        return phone.say(phone.clip(step.clip));
      case 'tone':
        return phone.say(tone(step));
      case 'dtmf':
        return phone.dtmf(step.digit);
      case 'hang-up':
        return phone.hangUp();
      case 'drop-stream':
        return phone.dropStream();
      case 'stall':
        return phone.stallStream();
      default:
        return assertNever(step);
    }
  }

  #isOver(step: PhoneStep): boolean {
    switch (step.do) {
      case 'wait':
        return this.#elapsedMs >= step.ms;
      case 'wait-for-speech':
        return this.#phone.isHearingSpeech || this.#isTimedOut(step.timeoutMs);
      case 'wait-for-silence':
        // Silence counts from the beginning of the step: before it, the callee was not listening for it.
        return Math.min(this.#phone.silentMs, this.#elapsedMs) >= step.silenceMs || this.#isTimedOut(step.timeoutMs);
      case 'say':
      case 'tone':
        return !this.#phone.isTalking;
      default:
        return true;
    }
  }

  #isTimedOut(timeoutMs: number = DEFAULT_STEP_TIMEOUT_MS): boolean {
    return this.#elapsedMs >= timeoutMs;
  }
}
