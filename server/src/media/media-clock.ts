// One timer for everything in media/ that waits for a moment: the playouts of all calls, and whatever else works in
// frames. Hundreds of calls with timers of their own would set and cancel thousands of them a second.

import type { Clock, Timer } from '../calls/ports';

/**
 * Distance of the ticks. All who are due at a tick are woken in one go, and frames that arrive meanwhile wait: 500 calls
 * that send every 100 ms are 25 a tick. A finer grid would be more wake-ups of the process for nothing that is heard,
 * since the carrier has hundreds of milliseconds in hand; and every packet time (20 ms) has to lie on it.
 */
export const TICK_MS = 5;

/** Somebody who waits for a moment, or for none. */
export interface Sleeper {
  /** Wakes at the first tick at or after the moment; takes the place of any moment named before. Cheap. */
  wakeAt(dueMs: number): void;
  /** Does not wake; cancelling twice is harmless. */
  cancel(): void;
}

type Entry = { dueMs: number; readonly wake: (nowMs: number) => void };

/** The one timer behind it. */
class Ticks {
  readonly #clock: Clock;
  /** Those who wait for a moment, and nobody else. */
  readonly #sleeping = new Set<Entry>();
  /** Those due at the tick that runs; one list for all ticks. */
  readonly #due: Entry[] = [];
  #timer: Timer | undefined;
  /** The grid point for which the timer is set. */
  #armedMs = Infinity;
  #lastTickMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nowMs(): number {
    return this.#clock.monotonicMs();
  }

  sleeper(wake: (nowMs: number) => void): Sleeper {
    const entry: Entry = { dueMs: Infinity, wake };
    return {
      wakeAt: (dueMs) => {
        entry.dueMs = dueMs;
        this.#sleeping.add(entry);
        // A timer that is set too early looks for the next moment when it runs: later moments cost nothing here.
        if (dueMs <= this.#armedMs - TICK_MS) this.#arm(dueMs);
      },
      cancel: () => {
        if (this.#sleeping.delete(entry) && this.#sleeping.size === 0) this.#disarm();
      },
    };
  }

  #arm(dueMs: number): void {
    const nowMs = this.nowMs;
    // After now, and after the last tick, which may have run a fraction of a millisecond early: nobody wakes twice.
    const pastMs = Math.max(Math.floor(nowMs / TICK_MS) * TICK_MS, this.#lastTickMs);
    const nextMs = Math.max(Math.ceil(dueMs / TICK_MS) * TICK_MS, pastMs + TICK_MS);
    if (nextMs >= this.#armedMs) return;
    this.#timer?.cancel();
    this.#armedMs = nextMs;
    this.#timer = this.#clock.after(nextMs - nowMs, () => this.#tick());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedMs = Infinity;
  }

  #tick(): void {
    // Late, it stands for all the grid points that it missed; Node's timers may also be early by a fraction.
    const nowMs = Math.max(this.nowMs, this.#armedMs);
    this.#lastTickMs = Math.floor(nowMs / TICK_MS) * TICK_MS;
    // What is asked for meanwhile lies after the grid point that still counts as armed: the timer is set once, below.
    const faults = this.#wakeDue(nowMs);
    this.#disarm();
    let nextMs = Infinity;
    for (const { dueMs } of this.#sleeping) if (dueMs < nextMs) nextMs = dueMs;
    if (nextMs < Infinity) this.#arm(nextMs);
    rethrow(faults);
  }

  /** Wakes all who are due; what they throw is returned, so that none keeps the others from waking. */
  #wakeDue(nowMs: number): unknown[] {
    const faults: unknown[] = [];
    for (const entry of this.#sleeping) if (entry.dueMs <= nowMs) this.#due.push(entry);
    for (const entry of this.#due) {
      // Another one's wake may have moved or cancelled this one.
      if (entry.dueMs > nowMs || !this.#sleeping.delete(entry)) continue;
      try {
        entry.wake(nowMs);
      } catch (fault) {
        faults.push(fault);
      }
    }
    this.#due.length = 0;
    return faults;
  }
}

/** What to do with what a sleeper throws. */
export type OnFault = (fault: unknown) => void;

/** The clock of all media. Ticks lie on an absolute grid; ticks that were missed are not made up for. */
export class MediaClock {
  readonly #ticks: Ticks;
  readonly #onFault: OnFault | undefined;

  /** @param onFault Told of what sleepers throw; otherwise that surfaces as a fault of a timer. */
  constructor(clock: Clock | Ticks, onFault?: OnFault) {
    this.#ticks = clock instanceof Ticks ? clock : new Ticks(clock);
    this.#onFault = onFault;
  }

  /** Milliseconds that never jump, as of the clock below. */
  get nowMs(): number {
    return this.#ticks.nowMs;
  }

  /** The same clock for those who have their own way with faults: all the sleepers of one call. */
  withFaults(onFault: OnFault): MediaClock {
    return new MediaClock(this.#ticks, onFault);
  }

  /** Somebody to be woken; `wake` gets the moment of the tick, which is never before the moment that was asked for. */
  sleeper(wake: (nowMs: number) => void): Sleeper {
    const onFault = this.#onFault;
    if (!onFault) return this.#ticks.sleeper(wake);
    return this.#ticks.sleeper((nowMs) => {
      try {
        wake(nowMs);
      } catch (fault) {
        onFault(fault);
      }
    });
  }
}

/** A fault of a sleeper surfaces as one of a timer of its own would: nobody here knows what to make of it. */
function rethrow(faults: readonly unknown[]): void {
  if (faults.length > 1) throw new AggregateError(faults, 'Several sleepers failed.');
  if (faults.length === 1) throw faults[0];
}
