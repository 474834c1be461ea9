// A carrier that plays what it is sent, a given time later, and echoes marks when it has played up to them. A clear is on
// its way for as long as anything else, and the frame that it finds in play is played to its end.

import type { PlayoutSink } from '../../../src/media/playout/playout';
import type { ManualClock } from '../../support/manual-clock';

export const BYTES_PER_MS = 8;
export const FRAME_MS = 20;
export const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;

/** Where in its frame a clear finds the carrier cannot be known: it is right to expect so much more, and to err by it. */
export const HALF_FRAME_MS = FRAME_MS / 2;

type Stretch = { readonly startMs: number; readonly endMs: number };
type Sent = { readonly atMs: number; readonly audio: Buffer };

/** The carrier's end of a playout, on the clock of the test. */
export class PhoneLine implements PlayoutSink {
  readonly sent: Sent[] = [];
  readonly marks: { readonly atMs: number; readonly name: string }[] = [];
  clears = 0;
  /** A carrier that loses marks. */
  echoesMarks = true;
  readonly #clock: ManualClock;
  readonly roundTripMs: number;
  readonly #delayMs: number;
  readonly #echo: (name: string) => void;
  #stretches: Stretch[] = [];
  #sentBytes = 0;

  /** @param roundTripMs Of the network: half of it is part of `delayMs`, the other half is what an echo takes. */
  constructor(
    clock: ManualClock,
    options: { readonly delayMs?: number; readonly roundTripMs?: number; readonly echo: (name: string) => void },
  ) {
    const { delayMs = 0, roundTripMs = 0, echo } = options;
    this.#clock = clock;
    this.roundTripMs = roundTripMs;
    this.#delayMs = delayMs;
    this.#echo = echo;
  }

  get audio(): Buffer {
    return Buffer.concat(this.sent.map(({ audio }) => audio));
  }

  get sentMs(): number {
    return this.#sentBytes / BYTES_PER_MS;
  }

  /** How much the callee has heard since the line was opened. */
  get playedMs(): number {
    const nowMs = this.#clock.monotonicMs();
    return this.#stretches.reduce((sum, { startMs, endMs }) => sum + Math.max(Math.min(nowMs, endMs) - startMs, 0), 0);
  }

  sendAudio(audio: Buffer): void {
    this.sent.push({ atMs: this.#clock.monotonicMs(), audio: Buffer.from(audio) });
    this.#sentBytes += audio.length;
    const startMs = Math.max(this.#arrivalMs, this.#endMs);
    this.#stretches.push({ startMs, endMs: startMs + audio.length / BYTES_PER_MS });
  }

  sendMark(name: string): void {
    this.marks.push({ atMs: this.#clock.monotonicMs(), name });
    if (!this.echoesMarks) return;
    const playedAtMs = Math.max(this.#arrivalMs, this.#endMs);
    const echoAtMs = playedAtMs + this.roundTripMs / 2;
    this.#clock.after(echoAtMs - this.#clock.monotonicMs(), () => this.#echo(name));
  }

  /** Stops after the frame that plays when this has arrived; open marks come back later than a fresh one would. */
  clear(): void {
    this.clears += 1;
    const clearedAtMs = this.#clock.monotonicMs() + this.roundTripMs / 2;
    this.#stretches = this.#stretches
      .filter(({ startMs }) => startMs < clearedAtMs)
      .map(({ startMs, endMs }) => {
        const frames = Math.ceil((clearedAtMs - startMs) / FRAME_MS);
        return { startMs, endMs: Math.min(endMs, startMs + frames * FRAME_MS) };
      });
  }

  get #arrivalMs(): number {
    return this.#clock.monotonicMs() + this.#delayMs;
  }

  get #endMs(): number {
    return this.#stretches.at(-1)?.endMs ?? 0;
  }
}

/** Audio in which every stretch is different, and no byte is silence. */
export function someAudio(ms: number, seed = 0): Buffer {
  return someBytes(Math.round(ms * BYTES_PER_MS), seed);
}

/** The same in bytes, for formats with more of them a millisecond. */
export function someBytes(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 7 + seed * 31) % 251;
  return bytes;
}
