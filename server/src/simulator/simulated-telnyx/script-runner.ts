/** Performs the steps of a phone script, driven by the line's frames: a step's time is the time of the call itself. */
import { assertNever } from '../../lib/assert-never';
import { tone } from '../pcm';
import type { KeyPath, MachineFinding, PhoneStep, StreamCut } from './phone-script';
import { FRAME_MS } from './timing';

const DEFAULT_STEP_TIMEOUT_MS = 15_000;
// As fast as people press keys that they know by heart.
const KEY_INTERVAL_MS = 150;

/** What a script can do with, and sense at, the telephone. */
export type Telephone = {
  readonly isTalking: boolean;
  readonly isHearingSpeech: boolean;
  readonly silentMs: number;
  readonly isBridged: boolean;
  /** How many clears the server has sent. */
  readonly clears: number;
  clip(name: string): Int16Array;
  say(pcm: Int16Array): void;
  dtmf(key: string, via?: KeyPath): void;
  detect(finding: MachineFinding): void;
  hangUp(): void;
  dropStream(cut: StreamCut): void;
  stallStream(): void;
};

/** A run of the steps of one script. */
export class ScriptRunner {
  readonly #phone: Telephone;
  readonly #onDone: () => void;
  #steps: readonly PhoneStep[];
  #elapsedMs = -1;
  #pressedKeys = 0;
  #clearsWaitedFor = 0;

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
      if (step.do === 'dtmf') this.#pressDueKeys(step);
      if (!this.#isOver(step)) return;
      this.#end(step);
    }
  }

  #begin(step: PhoneStep): void {
    this.#elapsedMs = 0;
    this.#pressedKeys = 0;
    const phone = this.#phone;
    switch (step.do) {
      case 'wait':
      case 'wait-for-speech':
      case 'wait-for-silence':
      case 'wait-for-clear':
      case 'wait-for-bridge':
      case 'dtmf':
        return;
      case 'say':
        return phone.say(phone.clip(step.clip));
      case 'tone':
        return phone.say(tone(step));
      case 'machine':
        return phone.detect(step);
      case 'hang-up':
        return phone.hangUp();
      case 'drop-stream':
        return phone.dropStream(step);
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
      case 'wait-for-clear':
        return this.#phone.clears > this.#clearsWaitedFor || this.#isTimedOut(step.timeoutMs);
      case 'wait-for-bridge':
        return this.#phone.isBridged || this.#isTimedOut(step.timeoutMs);
      case 'say':
      case 'tone':
        return !this.#phone.isTalking;
      case 'dtmf':
        return this.#pressedKeys >= step.digit.length;
      default:
        return true;
    }
  }

  #end(step: PhoneStep): void {
    if (step.do === 'wait-for-clear') this.#clearsWaitedFor = this.#phone.clears;
    this.#elapsedMs = -1;
    this.#steps = this.#steps.slice(1);
    if (this.#steps.length === 0) this.#onDone();
  }

  #pressDueKeys({ digit, via }: Extract<PhoneStep, { do: 'dtmf' }>): void {
    const dueKeys = Math.min(digit.length, Math.floor(this.#elapsedMs / KEY_INTERVAL_MS) + 1);
    for (; this.#pressedKeys < dueKeys; this.#pressedKeys += 1) this.#phone.dtmf(digit.charAt(this.#pressedKeys), via);
  }

  #isTimedOut(timeoutMs: number = DEFAULT_STEP_TIMEOUT_MS): boolean {
    return this.#elapsedMs >= timeoutMs;
  }
}
