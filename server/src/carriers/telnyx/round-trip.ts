// How long the network to the carrier takes there and back, measured by pings on the media socket.

import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../calls/ports';

// The round trip is needed at the first barge-in, and again when the network has changed.
const PING_EVERY_MS = 5_000;

// Of so many round trips the shortest counts: the longer ones waited for a busy process, not for the network.
const ROUND_TRIPS = 4;

// What is not echoed within half a minute is not waited for any more.
const MAX_AWAITED = 6;

/** The round trips of one socket, measured from now on. */
export class RoundTrip {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #tookMs: number[] = [];
  /** What the pings that are under way carry: the moments at which they left. */
  readonly #awaited: number[] = [];
  #timer: Timer | undefined;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('pong', this.#onPong);
    this.#ping();
  }

  /** Milliseconds; 0 before the first measurement. */
  get ms(): number {
    return this.#tookMs.length === 0 ? 0 : Math.min(...this.#tookMs);
  }

  /** Measures no more. */
  stop(): void {
    this.#timer?.cancel();
  }

  #ping(): void {
    this.#timer = this.#clock.after(PING_EVERY_MS, () => this.#ping());
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const nowMs = this.#clock.monotonicMs();
    this.#awaited.push(nowMs);
    if (this.#awaited.length > MAX_AWAITED) this.#awaited.shift();
    this.#socket.ping(String(nowMs));
  }

  /** On a bad line an echo may come after the next ping has left; and a peer may send pongs that echo nothing. */
  readonly #onPong = (echo: Buffer): void => {
    const text = echo.toString();
    const index = this.#awaited.findIndex((pingedAtMs) => String(pingedAtMs) === text);
    if (index < 0) return;
    const [pingedAtMs = 0] = this.#awaited.splice(index, 1);
    this.#tookMs.push(this.#clock.monotonicMs() - pingedAtMs);
    if (this.#tookMs.length > ROUND_TRIPS) this.#tookMs.shift();
  };
}
