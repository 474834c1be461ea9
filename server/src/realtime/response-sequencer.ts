// One response at a time: the API refuses a second one in the same conversation. Requests wait here while a response
// is asked for or being made, and while the callee speaks; the response that answers the callee makes them moot.

import type { RealtimeClientEvent, ResponseCreateEvent } from 'openai/resources/realtime/realtime';
import type { Clock, Timer } from '../calls/ports';

/** What to ask for; an empty object is a plain response. */
export type ResponseRequest = Omit<NonNullable<ResponseCreateEvent['response']>, 'metadata'>;

/** What the sequencer works with. */
export type ResponseSequencerDeps = {
  readonly clock: Clock;
  readonly send: (event: RealtimeClientEvent) => void;
  /** The server neither began nor refused what it was asked for, or left the callee without an answer. */
  readonly onUnanswered: () => void;
};

// Carried in the response's metadata, so that `response.created` tells whose it is.
const REQUEST_KEY = 'request';

// `response.created` comes within a fraction of a second. Without this, a request that got lost would block all others.
const ANSWER_TIMEOUT_MS = 5_000;

// A response that has begun speaks within a second or two, thinking included.
const SOUND_TIMEOUT_MS = 8_000;

type Asked = { readonly id: string; readonly request: ResponseRequest; readonly timer: Timer };

/** Keeps the responses of one session in line. */
export class ResponseSequencer {
  readonly #deps: ResponseSequencerDeps;
  readonly #cancelledIds = new Set<string>();
  #waiting: ResponseRequest[] = [];
  #asked: Asked | undefined;
  #activeId: string | undefined;
  #last: ResponseRequest = {};
  #lastNumber = 0;
  /** What the callee does: while they speak nothing is asked for, and when they stop the server answers by itself. */
  #callee: 'silent' | 'speaking' | 'awaiting-answer' = 'silent';
  #answerTimer: Timer | undefined;
  #soundTimer: Timer | undefined;
  /** Given up for their silence: should they speak after all, it is too late. */
  readonly #abandonedIds = new Set<string>();
  #isClosed = false;
  /** The next response was cancelled before the server began it. */
  #isNextUnwanted = false;

  constructor(deps: ResponseSequencerDeps) {
    this.#deps = deps;
  }

  /** Asks for a response as soon as there may be one. */
  request(request: ResponseRequest): void {
    this.#waiting.push(request);
    this.#pump();
  }

  /** Asks once more for what was asked for or made last. */
  repeat(): void {
    if (this.#waiting.length === 0) this.#waiting.push(this.#last);
    this.#pump();
  }

  /** Cancels what is being made or about to be, and forgets what waits; returns whether there was anything. */
  cancel(): boolean {
    const hadWaiting = this.#waiting.length > 0;
    this.#waiting = [];
    if (this.#activeId !== undefined) return this.#cancelActive(this.#activeId) || hadWaiting;
    const isNextDue = (this.#asked !== undefined || this.#callee === 'awaiting-answer') && !this.#isNextUnwanted;
    if (isNextDue) this.#isNextUnwanted = true;
    return isNextDue || hadWaiting;
  }

  /** Returns whether the response is unwanted: cancelled before it began, or begun over the callee's words. */
  onCreated(responseId: string, metadata: Readonly<Record<string, string>> | null | undefined): boolean {
    // When no answer to the callee is due, it can only be ours, whether or not the server repeats the metadata.
    const isOurs =
      this.#asked !== undefined && (metadata?.[REQUEST_KEY] === this.#asked.id || this.#callee !== 'awaiting-answer');
    this.#last = isOurs && this.#asked ? this.#asked.request : {};
    // The server answers the callee by itself: what we wanted to add is already part of that answer.
    if (!isOurs) this.#waiting = [];
    const isUnwanted = this.#isNextUnwanted || (isOurs && this.#callee === 'speaking');
    this.#forgetAsked();
    this.#isNextUnwanted = false;
    this.#answerTimer?.cancel();
    if (this.#callee === 'awaiting-answer') this.#callee = 'silent';
    this.#activeId = responseId;
    this.#soundTimer?.cancel();
    if (isUnwanted) this.#cancelActive(responseId);
    else this.#soundTimer = this.#deps.clock.after(SOUND_TIMEOUT_MS, () => this.#abandon(responseId));
    return isUnwanted;
  }

  /** The response makes itself heard; returns false when it was given up before. */
  onSound(responseId: string): boolean {
    if (responseId === this.#activeId) this.#soundTimer?.cancel();
    return !this.#abandonedIds.has(responseId);
  }

  /** Returns whether the response had been cancelled by us. */
  onDone(responseId: string): boolean {
    if (this.#activeId === responseId) this.#release();
    if (this.#callee === 'silent') this.#answerTimer?.cancel();
    this.#abandonedIds.delete(responseId);
    const wasCancelled = this.#cancelledIds.delete(responseId);
    this.#pump();
    return wasCancelled;
  }

  onSpeechStarted(): void {
    this.#answerTimer?.cancel();
    this.#callee = 'speaking';
    if (!this.#asked) this.#isNextUnwanted = false;
  }

  onSpeechStopped(): void {
    this.#callee = 'awaiting-answer';
    this.#awaitAnswer();
  }

  /** Somebody else's response is due; without it, nobody would ask again. */
  #awaitAnswer(): void {
    this.#answerTimer?.cancel();
    this.#answerTimer = this.#deps.clock.after(ANSWER_TIMEOUT_MS, () => this.#onTimeout());
  }

  /** The server refused an event; returns whether it was our request for a response. */
  onRefused(eventId: string, isActiveElsewhere: boolean): boolean {
    if (this.#asked?.id !== eventId) return false;
    const { request } = this.#asked;
    this.#forgetAsked();
    this.#last = request;
    // The other response is still to be announced, or to be done; it decides whether this one is moot.
    if (isActiveElsewhere && !this.#isNextUnwanted) this.#waiting.unshift(request);
    this.#isNextUnwanted = false;
    if (isActiveElsewhere) this.#awaitAnswer();
    else this.#pump();
    return true;
  }

  /** Stops its timer; nothing is asked for any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#answerTimer?.cancel();
    this.#soundTimer?.cancel();
    this.#forgetAsked();
  }

  #release(): void {
    this.#activeId = undefined;
    this.#soundTimer?.cancel();
  }

  /** One that we cancelled ourselves is only let go; nobody wants another in its place. */
  #abandon(responseId: string): void {
    const wasWanted = this.#cancelActive(responseId);
    this.#abandonedIds.add(responseId);
    if (this.#activeId === responseId) this.#release();
    if (wasWanted) this.#deps.onUnanswered();
  }

  #cancelActive(responseId: string): boolean {
    if (this.#cancelledIds.has(responseId)) return false;
    this.#cancelledIds.add(responseId);
    this.#deps.send({ type: 'response.cancel', response_id: responseId });
    return true;
  }

  #pump(): void {
    if (this.#isClosed || this.#activeId !== undefined || this.#asked || this.#callee !== 'silent') return;
    const request = this.#waiting.shift();
    if (!request) return;
    this.#lastNumber += 1;
    const id = `response-${this.#lastNumber}`;
    const timer = this.#deps.clock.after(ANSWER_TIMEOUT_MS, () => this.#onLost());
    this.#asked = { id, request, timer };
    const response = { ...request, metadata: { [REQUEST_KEY]: id } };
    this.#deps.send({ type: 'response.create', event_id: id, response });
  }

  /** The request got lost. While the callee has the word, the answer to them is what is waited for. */
  #onLost(): void {
    if (this.#callee === 'silent') this.#onTimeout();
    else this.#forgetAsked();
  }

  /** A request got lost, or the server did not answer the callee: nobody may wait for it any longer. */
  #onTimeout(): void {
    this.#last = this.#asked?.request ?? this.#waiting[0] ?? {};
    this.#waiting = [];
    this.#forgetAsked();
    this.#answerTimer?.cancel();
    if (this.#callee === 'awaiting-answer') this.#callee = 'silent';
    if (!this.#isNextUnwanted) this.#deps.onUnanswered();
    this.#isNextUnwanted = false;
  }

  #forgetAsked(): void {
    this.#asked?.timer.cancel();
    this.#asked = undefined;
  }
}
