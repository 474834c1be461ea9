// One call of the load: its phone leg, its AI leg, and what went through between them. Frames flow both ways from the
// moment when both legs are up.

import type { AiLeg } from './ai-leg';
import { FrameMatcher, type MeasuringWindow } from './latencies';
import { PhoneLeg, type PhoneLegOptions } from './phone-leg';

/** What all calls of a run have in common. */
export type CallSurroundings = {
  readonly callerFrames: readonly string[];
  /** Bytes that 20 ms of audio have when they leave the subject, in each direction. */
  readonly toAiFrameBytes: number;
  readonly toPhoneFrameBytes: number;
  readonly toAi: MeasuringWindow;
  readonly toPhone: MeasuringWindow;
  readonly onMark: (phone: PhoneLeg, name: string) => void;
};

/** How a phone leg connects. */
export type PhoneAddress = Pick<PhoneLegOptions, 'url' | 'headers' | 'carrierCallId' | 'clientState'>;

/** One call. */
export class LoadCall {
  readonly toAi: FrameMatcher;
  readonly toPhone: FrameMatcher;
  /** Resolves when frames flow. */
  readonly live: Promise<void>;
  readonly #surroundings: CallSurroundings;
  #onLive: () => void = () => undefined;
  #phone: PhoneLeg | undefined;
  #ai: AiLeg | undefined;
  #isPhoneUp = false;
  #phase: 'connecting' | 'sending' | 'silent' | 'stopped' = 'connecting';
  #brokenLeg: string | undefined;

  constructor(surroundings: CallSurroundings) {
    this.#surroundings = surroundings;
    this.toAi = new FrameMatcher(surroundings.toAiFrameBytes, surroundings.toAi);
    this.toPhone = new FrameMatcher(surroundings.toPhoneFrameBytes, surroundings.toPhone);
    this.live = new Promise((resolve) => {
      this.#onLive = resolve;
    });
  }

  /** Why a leg ended that should not have; undefined when none did. */
  get brokenLeg(): string | undefined {
    return this.#brokenLeg;
  }

  /** The phone's end of the stream connects. */
  connectPhone(address: PhoneAddress): void {
    const { callerFrames, onMark } = this.#surroundings;
    const phone = new PhoneLeg({
      ...address,
      frames: callerFrames,
      onStarted: () => {
        this.#isPhoneUp = true;
        this.#beginWhenUp();
      },
      onAudio: (bytes) => this.toPhone.onReceived(bytes),
      onMark: (name) => onMark(phone, name),
      onLost: (error) => this.lose('phone leg', error),
    });
    this.#phone = phone;
  }

  /** The subject's session is there and wants to hear something. */
  attachAi(ai: AiLeg): void {
    this.#ai = ai;
    this.#beginWhenUp();
  }

  /** The caller's next 20 ms. A generator that is late must not hide anything: see `countedFromMs` of the pacer. */
  readonly sendToAi = (countedFromMs: number): void => {
    if (this.#phase !== 'sending') return;
    this.toAi.onSent(countedFromMs);
    this.#phone?.sendFrame();
  };

  /** The AI's next 20 ms. */
  readonly sendToPhone = (countedFromMs: number): void => {
    if (this.#phase !== 'sending') return;
    this.toPhone.onSent(countedFromMs);
    this.#ai?.sendFrame();
  };

  /** No more frames: what is under way may still arrive. */
  silence(): void {
    if (this.#phase === 'sending') this.#phase = 'silent';
  }

  /** From here on, legs may go; the subject is told, or does it by itself. */
  stop(): void {
    this.#phase = 'stopped';
    this.#ai?.stop();
  }

  /** The carrier ends the stream. */
  stopPhone(): void {
    this.#phone?.stop();
  }

  /** A leg ended. */
  lose(leg: string, error?: Error): void {
    if (this.#phase === 'stopped') return;
    this.#brokenLeg ??= `${leg}: ${error?.message ?? 'closed'}`;
  }

  #beginWhenUp(): void {
    if (!this.#isPhoneUp || !this.#ai || this.#phase !== 'connecting') return;
    this.#phase = 'sending';
    this.#onLive();
  }
}
