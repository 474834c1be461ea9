// The keys that the callee presses, each told once: the media stream and the carrier's webhooks report the same
// presses, and either may be late or silent. Collects keys that belong together.

import type { Clock, Timer } from '../calls/ports';

// Reports of one press are at most this far apart: a webhook that its sender had to repeat takes seconds. Longer would
// swallow presses that only one side reports, shorter would count a late webhook as another press.
const TWIN_WINDOW_MS = 5_000;

// Long enough to look up the next digit of a card number, short enough not to be a pause in the talk.
const TYPING_GAP_MS = 2_000;

// No number that people type is longer; what comes next begins another.
const MAX_DIGITS = 32;

// Phone menus have taught everybody that this key means "done".
const DONE_KEY = '#';

/** What a keypad works with. */
export type KeypadOptions = {
  readonly clock: Clock;
  /** A key was pressed; told at once. */
  readonly onKey: (digit: string) => void;
  /** The callee has typed these and pauses. */
  readonly onDigits: (digits: string) => void;
};

type Source = 'stream' | 'carrier';

type Press = {
  readonly digit: string;
  /** Who reported it first. */
  readonly source: Source;
  readonly acceptedAtMs: number;
};

/**
 * Tells presses from repeated reports of them.
 *
 * A report pairs with the oldest press of the same digit that only the other source has reported, within the last five
 * seconds, and is no news; a report that finds none is a new press. Why this counts right:
 * - Both reports of a press are less than the window apart, so each finds the other's, or that of an equal press in its
 *   place. Taking the oldest pairs as many reports as can be paired. So a press is never counted twice.
 * - A source that reports every press finds each report of the other its partner, whatever the other loses. So nothing
 *   is lost as long as one source is complete, were the other dead.
 * - Reports are paired by digit, not by their place in the sequence: webhooks overtake each other, and a report that
 *   one source lost must not shift all that follow.
 * - Each press waits for its second report on its own, rather than until the keypad rests: one that stays unpaired would
 *   otherwise stand for a later press for as long as the callee types on.
 * - Undecidable, and counted once: two presses of one key within the window, each lost by the other source.
 */
export class Keypad {
  readonly #options: KeypadOptions;
  #unpaired: Press[] = [];
  #typed: Press[] = [];
  /** Those of the typed keys that the stream has reported. */
  readonly #placed = new WeakSet<Press>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: KeypadOptions) {
    this.#options = options;
  }

  /** A key as the media stream has it. */
  onStreamDigit(digit: string): void {
    this.#onReport('stream', digit);
  }

  /** A key as a webhook has it. */
  onCarrierDigit(digit: string): void {
    this.#onReport('carrier', digit);
  }

  /** Idempotent; keys that wait for others are dropped. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#unpaired = [];
    this.#typed = [];
  }

  #onReport(source: Source, digit: string): void {
    if (this.#isClosed) return;
    const press = this.#takeTwin(source, digit) ?? this.#accept(source, digit);
    if (source === 'stream') this.#place(press);
    if (press.source === source) this.#announce(press);
  }

  /** The press that this report repeats. */
  #takeTwin(source: Source, digit: string): Press | undefined {
    const oldestMs = this.#options.clock.monotonicMs() - TWIN_WINDOW_MS;
    this.#unpaired = this.#unpaired.filter(({ acceptedAtMs }) => acceptedAtMs > oldestMs);
    const twin = this.#unpaired.find((press) => press.digit === digit && press.source !== source);
    if (twin) this.#unpaired = this.#unpaired.filter((press) => press !== twin);
    return twin;
  }

  #accept(source: Source, digit: string): Press {
    const press: Press = { digit, source, acceptedAtMs: this.#options.clock.monotonicMs() };
    this.#unpaired.push(press);
    this.#typed.push(press);
    return press;
  }

  /** The stream is one socket and keeps the order; a webhook that was faster may have put a key before an earlier one. */
  #place(press: Press): void {
    const index = this.#typed.indexOf(press);
    if (index === -1) return;
    const lastPlaced = this.#typed.findLastIndex((typed) => this.#placed.has(typed));
    this.#placed.add(press);
    if (index > lastPlaced) return;
    this.#typed.splice(lastPlaced + 1, 0, press);
    this.#typed.splice(index, 1);
  }

  #announce({ digit }: Press): void {
    this.#options.onKey(digit);
    if (this.#isClosed) return;
    this.#timer?.cancel();
    if (digit === DONE_KEY || this.#typed.length >= MAX_DIGITS) this.#flush();
    else this.#timer = this.#options.clock.after(TYPING_GAP_MS, () => this.#flush());
  }

  #flush(): void {
    const digits = this.#typed.map(({ digit }) => digit).join('');
    this.#typed = [];
    this.#options.onDigits(digits);
  }
}
