// Responses that are asked for and not yet made, over all the sessions of a call: what one session did not begin before it
// was lost is asked of the next one.

import type { RequestedResponse, ResponseOutcome, StartedResponse } from '../../calls/conversation-ports';

type Ask = (request: RequestedResponse) => void;

/** The open requests of one call. */
export class OpenRequests {
  /** Asked of the present session. */
  readonly #asked = new Map<string, RequestedResponse>();
  /** Responses in the making, by their ids. */
  readonly #making = new Map<string, RequestedResponse>();
  #waiting: RequestedResponse[] = [];
  /** Cancelled, and the present session has not said yet that it dropped them. */
  readonly #unwanted = new Set<string>();
  #ask: Ask | undefined;
  #hasBegun = false;

  /** True from the first time that there was somebody to ask. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isEmpty(): boolean {
    return this.#asked.size === 0 && this.#waiting.length === 0;
  }

  /** Asks for a response, now or when there is somebody to ask. */
  add(request: RequestedResponse): void {
    if (!this.#ask) return void this.#waiting.push(request);
    this.#asked.set(request.requestId, request);
    this.#ask(request);
  }

  /** There is a session to ask. */
  goOn(ask: Ask): void {
    if (this.#ask) return;
    this.#ask = ask;
    this.#hasBegun = true;
    for (const request of this.#waiting.splice(0)) this.add(request);
  }

  /**
   * The session is gone, and what it was making is over. What it had not begun waits for the next one, and before it what
   * is asked for while that is `told`; of what was cancelled, it is told the ids.
   */
  stop(told: (dropped: readonly string[]) => void): void {
    const dropped = [...this.#asked.keys()].filter((requestId) => this.#unwanted.has(requestId));
    for (const requestId of dropped) this.#asked.delete(requestId);
    const unbegun = [...this.#asked.values(), ...this.#waiting];
    this.#ask = undefined;
    this.#asked.clear();
    this.#making.clear();
    this.#unwanted.clear();
    this.#waiting = [];
    told(dropped);
    this.#waiting.push(...unbegun);
  }

  /** Nothing that was asked for so far is wanted any more. Forgets what no session was asked for; returns it. */
  cancelAll(): readonly RequestedResponse[] {
    for (const requestId of this.#asked.keys()) this.#unwanted.add(requestId);
    return this.#waiting.splice(0);
  }

  onStarted({ responseId, requestId }: StartedResponse): void {
    const request = requestId === undefined ? undefined : this.#asked.get(requestId);
    if (!request) return;
    this.#asked.delete(request.requestId);
    this.#making.set(responseId, request);
  }

  onDropped(requestId: string): void {
    this.#asked.delete(requestId);
    this.#unwanted.delete(requestId);
  }

  /** A session asks for what has failed once more, by itself. */
  onDone({ responseId, status }: ResponseOutcome): void {
    const request = this.#making.get(responseId);
    this.#making.delete(responseId);
    if (request && status === 'failed') this.#asked.set(request.requestId, request);
  }
}
