// One response at a time: the API refuses a second one in the same conversation. Requests wait here while a response
// is asked for or being made, and while the callee speaks; the response that answers the callee makes some of them moot.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { Clock, Timer } from '../calls/ports';
import type { TurnTaking } from '../calls/speech';
import type { ResponseBody } from './response-request';

/** A response to be asked for. */
export type SequencedRequest = {
  readonly requestId: string;
  readonly response: ResponseBody;
  /** An answer of the server to the callee that begins first makes it needless. */
  readonly isMootWhenAnswered: boolean;
  /** Asked for even while the callee speaks. */
  readonly isProtected: boolean;
};

/** What the sequencer works with. */
export type ResponseSequencerDeps = {
  readonly clock: Clock;
  readonly send: (event: RealtimeClientEvent) => void;
  /** The server neither began nor refused what it was asked for, or left the callee without an answer. */
  readonly onUnanswered: () => void;
  /** The request will not become a response. */
  readonly onDropped: (requestId: string) => void;
};

/** What is known of a response that begins. */
export type CreatedResponse = {
  /** Undefined for one that the server makes by itself. */
  readonly requestId: string | undefined;
  /** Cancelled before it began, or begun over the callee's words. */
  readonly isUnwanted: boolean;
};

// Carried in the response's metadata, so that `response.created` tells whose it is.
const REQUEST_KEY = 'request';

// `response.created` comes within a fraction of a second. Without this, a request that got lost would block all others.
const ANSWER_TIMEOUT_MS = 5_000;

// A response that has begun speaks within a second or two, thinking included.
const SOUND_TIMEOUT_MS = 8_000;

/** The answer that the server gives by itself, asked for by us because it failed or did not come. */
const OWN_ANSWER = { response: {}, isMootWhenAnswered: true, isProtected: false };

type Asked = { readonly id: string; readonly request: SequencedRequest; readonly timer: Timer };

/** Keeps the responses of one session in line. */
export class ResponseSequencer {
  readonly #deps: ResponseSequencerDeps;
  readonly #cancelledIds = new Set<string>();
  #waiting: SequencedRequest[] = [];
  #asked: Asked | undefined;
  #activeId: string | undefined;
  /** What was asked for or made last; undefined for an answer of the server's own. */
  #last: SequencedRequest | undefined;
  #lastNumber = 0;
  #turns: TurnTaking = 'server';
  /** What the callee does: while they speak nothing is asked for, and when they stop the server answers by itself. */
  #callee: 'silent' | 'speaking' | 'awaiting-answer' = 'silent';
  #answerTimer: Timer | undefined;
  #soundTimer: Timer | undefined;
  /** Given up for their silence: should they speak after all, it is too late. */
  readonly #abandonedIds = new Set<string>();
  #state: 'waiting' | 'open' | 'closed' = 'waiting';
  /** The next response was cancelled before the server began it. */
  #isNextUnwanted = false;

  constructor(deps: ResponseSequencerDeps) {
    this.#deps = deps;
  }

  /** There may be responses from now on. */
  start(): void {
    this.#state = 'open';
    this.#pump();
  }

  /** Who answers the callee from the end of their present or next speech on. */
  takeTurns(by: TurnTaking): void {
    this.#turns = by;
  }

  /** Asks for a response as soon as there may be one. */
  request(request: SequencedRequest): void {
    if (this.#state === 'closed') return this.#deps.onDropped(request.requestId);
    this.#waiting.push(request);
    this.#pump();
  }

  /** Asks once more for what was asked for or made last. */
  repeat(): void {
    const isCovered = this.#last === undefined && this.#waiting.some(({ isMootWhenAnswered }) => isMootWhenAnswered);
    if (!isCovered) this.#waiting.unshift(this.#last ?? this.#ownAnswer());
    this.#last = undefined;
    this.#pump();
  }

  /** What was asked for last has failed, and somebody else brings the next response: it waits for its turn. */
  putOff(): void {
    if (this.#last) this.#waiting.unshift(this.#last);
    this.#last = undefined;
  }

  /** Cancels what is being made or about to be, and forgets what waits; returns whether there was anything. */
  cancel(): boolean {
    const hadWaiting = this.#waiting.length > 0;
    this.#drop(() => true);
    if (this.#activeId !== undefined) return this.#cancelActive(this.#activeId) || hadWaiting;
    const isNextDue = (this.#asked !== undefined || this.#callee === 'awaiting-answer') && !this.#isNextUnwanted;
    if (isNextDue) this.#isNextUnwanted = true;
    return isNextDue || hadWaiting;
  }

  /** Cancels the response that is being made, and nothing else; returns whether there was one. */
  cancelActive(): boolean {
    return this.#activeId !== undefined && this.#cancelActive(this.#activeId);
  }

  /** A response has begun; tells whose it is. */
  onCreated(responseId: string, metadata: Readonly<Record<string, string>> | null | undefined): CreatedResponse {
    // When no answer to the callee is due, it can only be ours, whether or not the server repeats the metadata.
    const isOurs =
      this.#asked !== undefined && (metadata?.[REQUEST_KEY] === this.#asked.id || this.#callee !== 'awaiting-answer');
    const request = isOurs ? this.#asked?.request : undefined;
    // The server answers the callee by itself: what we wanted to add is already part of that answer.
    if (!request) this.#drop(({ isMootWhenAnswered }) => isMootWhenAnswered);
    // One that was on its way when the server began an answer of its own is refused, and asked for again then.
    const isOverCallee = request !== undefined && this.#callee === 'speaking' && !request.isProtected;
    const isUnwanted = this.#isNextUnwanted || isOverCallee;
    // Said over the callee's words it would be lost: it waits for them to stop, unless their answer makes it moot.
    const isPutOff = isOverCallee && !this.#isNextUnwanted;
    if (request && isPutOff) this.#waiting.unshift(request);
    this.#begin(responseId, { request, isUnwanted });
    return { requestId: isPutOff ? undefined : request?.requestId, isUnwanted };
  }

  #begin(responseId: string, begun: { request: SequencedRequest | undefined; isUnwanted: boolean }): void {
    this.#last = begun.request;
    this.#forgetAsked();
    this.#isNextUnwanted = false;
    this.#answerTimer?.cancel();
    if (this.#callee === 'awaiting-answer') this.#callee = 'silent';
    this.#activeId = responseId;
    this.#soundTimer?.cancel();
    if (begun.isUnwanted) this.#cancelActive(responseId);
    else this.#awaitSound(responseId);
  }

  /** The response makes itself heard; returns false when it was given up before. */
  onSound(responseId: string): boolean {
    if (responseId === this.#activeId) this.#soundTimer?.cancel();
    return !this.#abandonedIds.has(responseId);
  }

  /** The response is at work on something that is not heard; returns false when it was given up before. */
  onProgress(responseId: string): boolean {
    if (responseId === this.#activeId && !this.#cancelledIds.has(responseId)) this.#awaitSound(responseId);
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
    if (this.#turns === 'server') {
      this.#callee = 'awaiting-answer';
      return this.#awaitAnswer();
    }
    this.#callee = 'silent';
    this.#pump();
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

  /** Gives up what was asked for or made last: it is not asked for again. */
  dropLast(): void {
    if (this.#last) this.#deps.onDropped(this.#last.requestId);
    this.#last = undefined;
  }

  /** Stops its timer; nothing is asked for any more. */
  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
    this.#answerTimer?.cancel();
    this.#soundTimer?.cancel();
    this.#forgetAsked();
  }

  /** Somebody else's response is due; without it, nobody would ask again. */
  #awaitAnswer(): void {
    this.#answerTimer?.cancel();
    this.#answerTimer = this.#deps.clock.after(ANSWER_TIMEOUT_MS, () => this.#onTimeout());
  }

  #awaitSound(responseId: string): void {
    this.#soundTimer?.cancel();
    this.#soundTimer = this.#deps.clock.after(SOUND_TIMEOUT_MS, () => this.#abandon(responseId));
  }

  #drop(isDropped: (request: SequencedRequest) => boolean): void {
    const dropped = this.#waiting.filter(isDropped);
    this.#waiting = this.#waiting.filter((request) => !isDropped(request));
    for (const { requestId } of dropped) this.#deps.onDropped(requestId);
  }

  #ownAnswer(): SequencedRequest {
    this.#lastNumber += 1;
    return { ...OWN_ANSWER, requestId: `own-answer-${this.#lastNumber}` };
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
    if (this.#state !== 'open' || this.#activeId !== undefined || this.#asked) return;
    const index = this.#waiting.findIndex(({ isProtected }) => isProtected || this.#callee === 'silent');
    const [request] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (!request) return;
    this.#lastNumber += 1;
    const id = `response-${this.#lastNumber}`;
    const timer = this.#deps.clock.after(ANSWER_TIMEOUT_MS, () => this.#onLost());
    this.#asked = { id, request, timer };
    const response = { ...request.response, metadata: { [REQUEST_KEY]: id } };
    this.#deps.send({ type: 'response.create', event_id: id, response });
  }

  /** The request got lost. While the callee has the word, the answer to them is what is waited for. */
  #onLost(): void {
    const { request } = this.#asked ?? {};
    if (this.#callee === 'silent' || request?.isProtected === true) return this.#onTimeout();
    this.#forgetAsked();
    if (request) this.#waiting.unshift(request);
  }

  /** A request got lost, or the server did not answer the callee: nobody may wait for it any longer. */
  #onTimeout(): void {
    this.#last = this.#asked?.request;
    this.#forgetAsked();
    this.#answerTimer?.cancel();
    if (this.#callee === 'awaiting-answer') this.#callee = 'silent';
    const isWanted = !this.#isNextUnwanted;
    this.#isNextUnwanted = false;
    if (isWanted) return this.#deps.onUnanswered();
    this.dropLast();
    this.#pump();
  }

  #forgetAsked(): void {
    this.#asked?.timer.cancel();
    this.#asked = undefined;
  }
}
