// One response at a time: the API refuses a second one in the same conversation. Requests wait here while a response
// is asked for or being made, and while the callee speaks; the response that answers the callee makes them moot.

import type { RealtimeClientEvent, ResponseCreateEvent } from 'openai/resources/realtime/realtime';

/** What to ask for; an empty object is a plain response. */
export type ResponseRequest = Omit<NonNullable<ResponseCreateEvent['response']>, 'metadata'>;

// Carried in the response's metadata, so that `response.created` tells whose it is.
const REQUEST_KEY = 'request';

/** Keeps responses of one session in line. */
export class ResponseSequencer {
  readonly #send: (event: RealtimeClientEvent) => void;
  #waiting: ResponseRequest[] = [];
  #asked: { readonly id: string; readonly request: ResponseRequest } | undefined;
  #activeId: string | undefined;
  #last: ResponseRequest = {};
  #isCancelDue = false;
  #isCalleeSpeaking = false;
  #lastNumber = 0;

  constructor(send: (event: RealtimeClientEvent) => void) {
    this.#send = send;
  }

  /** The response that is being generated. */
  get activeId(): string | undefined {
    return this.#activeId;
  }

  /** Asks for a response as soon as there may be one. */
  request(request: ResponseRequest): void {
    this.#waiting.push(request);
    this.#pump();
  }

  /** Asks once more for what was asked for or made last. */
  repeat(): void {
    this.request(this.#last);
  }

  /** Cancels what is being made and forgets what waits; returns whether there was anything. */
  cancel(): boolean {
    const hadWaiting = this.#waiting.length > 0;
    this.#waiting = [];
    if (this.#activeId !== undefined) {
      this.#send({ type: 'response.cancel', response_id: this.#activeId });
      return true;
    }
    this.#isCancelDue = this.#asked !== undefined;
    return this.#isCancelDue || hadWaiting;
  }

  /** Returns whether the response was cancelled before it began. */
  onCreated(responseId: string, metadata: Readonly<Record<string, string>> | null | undefined): boolean {
    this.#activeId = responseId;
    const isOurs = this.#asked !== undefined && metadata?.[REQUEST_KEY] === this.#asked.id;
    // The server answers the callee by itself: what we wanted to add is already part of that answer.
    if (!isOurs) this.#waiting = [];
    this.#last = isOurs && this.#asked ? this.#asked.request : {};
    if (isOurs) this.#asked = undefined;
    const isUnwanted = isOurs && this.#isCancelDue;
    if (isUnwanted) this.#send({ type: 'response.cancel', response_id: responseId });
    if (isOurs) this.#isCancelDue = false;
    return isUnwanted;
  }

  onDone(responseId: string): void {
    if (this.#activeId === responseId) this.#activeId = undefined;
    this.#pump();
  }

  onSpeechStarted(): void {
    this.#isCalleeSpeaking = true;
  }

  onSpeechStopped(): void {
    this.#isCalleeSpeaking = false;
  }

  /** The server refused an event of ours; when it was a request for a response, that one is free to go again. */
  onRefused(eventId: string, isActiveElsewhere: boolean): void {
    if (this.#asked?.id !== eventId) return;
    const { request } = this.#asked;
    this.#asked = undefined;
    this.#last = request;
    if (isActiveElsewhere && !this.#isCancelDue) this.#waiting.unshift(request);
    this.#isCancelDue = false;
  }

  #pump(): void {
    if (this.#activeId !== undefined || this.#asked || this.#isCalleeSpeaking) return;
    const request = this.#waiting.shift();
    if (!request) return;
    this.#lastNumber += 1;
    const id = `response-${this.#lastNumber}`;
    this.#asked = { id, request };
    this.#send({ type: 'response.create', event_id: id, response: { ...request, metadata: { [REQUEST_KEY]: id } } });
  }
}
