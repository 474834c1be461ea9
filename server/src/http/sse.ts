// Server-sent events on an open answer: never more in memory than the reader is ready to take, and a reader that takes
// nothing for long is let go.

import type { Response } from 'express';
import type { Clock, Timer } from '../calls/ports';
import { firstWithin } from '../calls/wait';

// Proxies close what is silent for 30 s or more.
const HEARTBEAT_MS = 15_000;

// A reader that has not taken a byte for so long has gone or hangs; it may come back to where it was.
const STALL_LIMIT_MS = 60_000;

// How soon a reader whose connection broke comes back.
const RECONNECT_MS = 1_000;

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

/** One event. `id` is where a reader goes on when it comes back; an event without one does not move it. */
export type SseEvent = { readonly id?: number | undefined; readonly event: string; readonly data: unknown };

/** Sets the headers of an event stream. */
export function setSseHeaders(response: Response): Response {
  return response.vary('Accept').status(200).set(HEADERS);
}

/** The answer to one reader of events. */
export class SseResponse {
  readonly #response: Response;
  readonly #clock: Clock;
  readonly #onClosed: Promise<void>;
  #heartbeat: Timer | undefined;

  constructor(response: Response, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
    this.#onClosed = new Promise((resolve) => {
      response.once('close', resolve);
    });
    // A connection that breaks is closed, and that is all there is to do about it.
    response.on('error', () => undefined);
  }

  /** True when the reader has gone or was let go. */
  get isClosed(): boolean {
    return this.#response.destroyed;
  }

  /** Resolves when the reader has gone or was let go. */
  whenClosed(): Promise<void> {
    return this.#onClosed;
  }

  /** Begins the answer. */
  open(): void {
    setSseHeaders(this.#response);
    this.#response.flushHeaders();
    this.#response.write(`retry: ${RECONNECT_MS}\n\n`);
    this.#beat();
  }

  /** Sends one event; resolves when the reader is ready for the next one, or gone. */
  send({ id, event, data }: SseEvent): Promise<void> {
    return this.sendJson({ id, event, json: JSON.stringify(data) });
  }

  /** The same for an event whose data is JSON already: many readers get the same. */
  async sendJson({ id, event, json }: Omit<SseEvent, 'data'> & { readonly json: string }): Promise<void> {
    if (this.isClosed) return;
    const place = id === undefined ? '' : `id: ${id}\n`;
    if (this.#response.write(`${place}event: ${event}\ndata: ${json}\n\n`)) return;
    await firstWithin(this.#clock, STALL_LIMIT_MS, [this.#drained(), this.#onClosed]);
    if (this.#response.writableNeedDrain) this.#response.destroy();
  }

  /** Ends the answer. Always to be called, as nothing else ends the heartbeat. */
  end(): void {
    this.#heartbeat?.cancel();
    if (!this.isClosed) this.#response.end();
  }

  /** A comment, which readers pass over. */
  #beat(): void {
    this.#heartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#response.write(':\n\n');
      this.#beat();
    });
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#response.once('drain', resolve);
    });
  }
}
