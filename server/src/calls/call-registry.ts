// The calls that live on this node. A call leaves when nothing of it is left: leg down, record written.

import type { LiveCall } from './live-call';

/** Live calls by id. */
export class CallRegistry {
  readonly #calls = new Map<string, LiveCall>();
  #onIdle: (() => void)[] = [];

  /** Calls that take up a place, those that are just closing included. */
  get size(): number {
    return this.#calls.size;
  }

  /** All of them, those that are just closing included. */
  all(): LiveCall[] {
    return [...this.#calls.values()];
  }

  /** Calls that are not over, oldest first. */
  active(): LiveCall[] {
    return [...this.#calls.values()].filter((live) => !live.isOver);
  }

  add(live: LiveCall): void {
    this.#calls.set(live.call.callId, live);
  }

  find(callId: string): LiveCall | undefined {
    return this.#calls.get(callId);
  }

  remove(callId: string): void {
    this.#calls.delete(callId);
    if (this.#calls.size > 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no call is left. */
  whenIdle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }
}
