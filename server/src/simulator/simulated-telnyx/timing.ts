/** Time in the simulator: one high-resolution clock for every record, disposable timers, and the 20 ms frame clock. */

/** Duration of one frame of telephone audio. */
export const FRAME_MS = 20;

/** Milliseconds since 1970 with sub-millisecond resolution, comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The current time in the form of Telnyx's timestamps. */
export function timestamp(atMs: number = nowMs()): string {
  return new Date(atMs).toISOString().replace('Z', '000Z');
}

/** A group of timers that can be cancelled together, so that closing leaves no handle. */
export class TimerSet {
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Runs `action` after `delayMs` unless cancelled; returns the cancellation. */
  after(delayMs: number, action: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
      clearTimeout(timer);
    };
  }

  /** Cancels everything that has not run yet. */
  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** Calls back once per 20 ms of real time against an absolute schedule: a late tick is followed by a prompt one. */
export class FrameClock {
  readonly #onFrame: () => void;
  #timer: NodeJS.Timeout | undefined;
  #nextDueMs = 0;

  constructor(onFrame: () => void) {
    this.#onFrame = onFrame;
  }

  /** Starts ticking, the first time one frame from now. */
  start(): void {
    this.#nextDueMs = performance.now() + FRAME_MS;
    this.#arm();
  }

  /** Stops ticking for good. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    // Rounded up, since a timer that fires a fraction early would only have to be set again.
    const delayMs = Math.max(0, Math.ceil(this.#nextDueMs - performance.now()));
    this.#timer = setTimeout(() => this.#run(), delayMs);
  }

  #run(): void {
    while (this.#timer !== undefined && this.#nextDueMs <= performance.now()) {
      this.#nextDueMs += FRAME_MS;
      this.#onFrame();
    }
    if (this.#timer !== undefined) this.#arm();
  }
}
