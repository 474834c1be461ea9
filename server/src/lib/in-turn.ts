// Tasks that would get in each other's way, one after the other: those of one key wait for those before them.

/** Runs tasks, those with the same key in their order. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Resolves or rejects as `task` does, which begins at once when no other of its key is under way. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const running = before === undefined ? task() : before.then(task, task);
    this.#last.set(key, running);
    try {
      return await running;
    } finally {
      if (this.#last.get(key) === running) this.#last.delete(key);
    }
  }
}
