// Requests give way to audio. Many that arrive at once would be served in one go, and every frame would wait for all of
// them: here each go is short, and what has come of the calls meanwhile is dealt with in between.

// A tenth of a frame: too little to be heard. A request that takes longer is served whole, and alone. What requests do after
// they waited for something is not in it: that comes in the same turn, as there is no way to know whose it is.
const GO_MS = 2;

/** Runs tasks in their order, as many in one go as begin within a moment. */
export class AudioFirst {
  readonly #nowMs: () => number;
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Has the task run soon: after those before it, and after the input that is there already. */
  run(task: () => void): void {
    this.#waiting.push(task);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // The next turn of the loop, which reads all sockets before it comes back here.
    setImmediate(() => this.#go());
  }

  #go(): void {
    this.#isScheduled = false;
    const endMs = this.#nowMs() + GO_MS;
    try {
      do this.#waiting.shift()?.();
      while (this.#waiting.length > 0 && this.#nowMs() < endMs);
    } finally {
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}
