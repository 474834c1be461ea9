// One response at a time: the API refuses a second one in the same conversation. Requests wait here while a response
// is asked for or being made, and while the callee speaks; the response that answers the callee makes some of them moot.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { Clock, Timer } from '../calls/ports';
import type { TurnTaking } from '../calls/speech';
import { ActiveResponse, type CreatedResponse, type EndedResponse, type GivenUpResponse } from './active-response';
import type { UnansweredCause } from './failed-responses';
import { OWN_ANSWER, RequestQueue, type SequencedRequest } from './request-queue';

/** What the sequencer works with. */
export type ResponseSequencerDeps = {
  readonly clock: Clock;
  readonly send: (event: RealtimeClientEvent) => void;
  /** The server did not do what it was asked for: `repeat`, `putOff` or `dropLast` has to follow; all else waits. */
  readonly onUnanswered: (cause: UnansweredCause) => void;
  /** Asking for this response again would do harm: it has called tools. */
  readonly hasToStay: (responseId: string) => boolean;
  /** A response was given up for its silence; a `failed` one is asked for again. */
  readonly onGivenUp: (responseId: string, status: 'failed' | 'incomplete') => void;
  /** The request will not become a response. */
  readonly onDropped: (requestId: string) => void;
};

// Carried in the response's metadata, so that `response.created` tells whose it is.
const REQUEST_KEY = 'request';

// `response.created` comes within a fraction of a second. Without this, a request that got lost would block all others.
const ANSWER_TIMEOUT_MS = 5_000;

type Begun = { readonly request: SequencedRequest | undefined; readonly isUnwanted: boolean };

type Asked = {
  readonly id: string;
  readonly request: SequencedRequest;
  readonly timer: Timer;
  /** Cancelled or needless by now: if it begins it is cancelled, and otherwise dropped. */
  isUnwanted: boolean;
};

/** Keeps the responses of one session in line. */
export class ResponseSequencer {
  readonly #deps: ResponseSequencerDeps;
  readonly #active: ActiveResponse;
  #state: 'waiting' | 'open' | 'closed' = 'waiting';
  readonly #waiting: RequestQueue;
  #asked: Asked | undefined;
  #lastNumber = 0;
  /** What was asked for or made last; undefined for an answer of the server's own. */
  #last: SequencedRequest | undefined;
  /** Another try of the last one is due: nothing else is asked for before it. */
  #isHeld = false;
  #turns: TurnTaking = 'server';
  /** What the callee does: while they speak nothing is asked for, and when they stop the server answers by itself. */
  #callee: 'silent' | 'speaking' | 'awaiting-answer' = 'silent';
  #answerTimer: Timer | undefined;
  /** The answer that the callee awaits was cancelled before the server began it. */
  #isAnswerUnwanted = false;

  constructor(deps: ResponseSequencerDeps) {
    this.#deps = deps;
    this.#waiting = new RequestQueue(deps.onDropped);
    this.#active = new ActiveResponse({
      ...deps,
      onGivenUp: (givenUp) => this.#onGivenUp(givenUp),
      onOverdue: () => this.#pump(),
    });
  }

  /** Another try is due that does not wait for the callee to stop speaking. */
  get isProtectedRetryDue(): boolean {
    return this.#isHeld && this.#last?.isProtected === true;
  }

  /** True while a response is made, asked for, or due from the server. */
  get isBusy(): boolean {
    return this.#active.isTaken || this.#asked !== undefined || this.#callee === 'awaiting-answer';
  }

  /** There may be responses from now on. */
  start(): void {
    this.#state = 'open';
    this.#pump();
  }

  /** Who answers the callee from now on, as the server has confirmed. */
  takeTurns(by: TurnTaking): void {
    this.#turns = by;
  }

  /** Asks for a response as soon as there may be one. */
  request(request: SequencedRequest): void {
    if (this.#state === 'closed') return this.#deps.onDropped(request.requestId);
    this.#waiting.add(request);
    this.#pump();
  }

  /** Asks once more for what was asked for or made last. */
  repeat(): void {
    const isCovered = this.#last === undefined && this.#waiting.hasMoot;
    if (!isCovered) this.#waiting.addFirst(this.#last ?? OWN_ANSWER);
    this.#letGo();
  }

  /** What was asked for last has failed, and somebody else is about to bring a response: it waits for its turn. */
  putOff(): void {
    if (this.#last) this.#waiting.addFirst(this.#last);
    this.#last = undefined;
    this.#isHeld = false;
  }

  /** Gives up what was asked for or made last: it is not asked for again. */
  dropLast(): void {
    if (this.#last) this.#deps.onDropped(this.#last.requestId);
    this.#letGo();
  }

  /** Cancels what is being made or about to be, and forgets what waits; returns whether there was anything. */
  cancel(): boolean {
    const hadWaiting = !this.#waiting.isEmpty;
    this.#waiting.dropAll();
    const isActive = this.#active.cancel();
    const isAskedDue = this.#asked?.isUnwanted === false;
    const isAnswerDue = this.#callee === 'awaiting-answer' && !this.#isAnswerUnwanted;
    if (this.#asked) this.#asked.isUnwanted = true;
    this.#isAnswerUnwanted ||= isAnswerDue;
    return isActive || isAskedDue || isAnswerDue || hadWaiting;
  }

  /** Cancels the response that is being made, `byListener` unless the server does; returns whether there was one. */
  cancelActive(byListener = false): boolean {
    return !(byListener && this.#turns === 'server') && this.#active.cancel();
  }

  /** A response has begun; tells whose it is. */
  onCreated(responseId: string, metadata: Readonly<Record<string, string>> | null | undefined): CreatedResponse {
    const asked = this.#asked;
    // When no answer to the callee is due, it can only be ours, whether or not the server repeats the metadata.
    const isOurs = asked && (metadata?.[REQUEST_KEY] === asked.id || this.#callee !== 'awaiting-answer');
    return isOurs ? this.#onOurs(responseId, asked) : this.#onOwnAnswer(responseId);
  }

  /** The response makes itself heard; returns false when it was given up before. */
  onSound(responseId: string): boolean {
    return this.#active.onSound(responseId);
  }

  /** The response is at work on something that is not heard; returns false when it was given up before. */
  onProgress(responseId: string): boolean {
    return this.#active.onProgress(responseId);
  }

  /** One that `isToBeRepeated`, unless we cancelled it, keeps all others back. */
  onDone(responseId: string, isToBeRepeated: (ended: EndedResponse) => boolean = () => false): EndedResponse {
    const ended = this.#active.onDone(responseId);
    if (this.#callee === 'silent') this.#answerTimer?.cancel();
    this.#isHeld ||= isToBeRepeated(ended);
    this.#pump();
    return ended;
  }

  onSpeechStarted(): void {
    this.#answerTimer?.cancel();
    this.#callee = 'speaking';
    this.#isAnswerUnwanted = false;
  }

  /** Returns whether the server answers by itself. */
  onSpeechStopped(): boolean {
    this.#callee = this.#turns === 'server' ? 'awaiting-answer' : 'silent';
    const isAnswered = this.#callee === 'awaiting-answer';
    if (isAnswered) this.#awaitAnswer();
    else this.#pump();
    return isAnswered;
  }

  /** The server refused an event; returns whether it was a request of ours that somebody still wants. */
  onRefused(eventId: string, isActiveElsewhere: boolean): boolean {
    const asked = this.#asked;
    if (asked?.id !== eventId) return false;
    this.#forgetAsked();
    if (asked.isUnwanted) this.#deps.onDropped(asked.request.requestId);
    else if (isActiveElsewhere) this.#waiting.addFirst(asked.request);
    else this.#hold(asked.request);
    // The other response is still to be announced, or to be done; it decides whether this one is moot.
    if (isActiveElsewhere && !this.#active.isTaken) this.#awaitAnswer();
    else this.#pump();
    return !asked.isUnwanted;
  }

  /** Stops its timers; nothing is asked for any more. */
  close(): void {
    this.#state = 'closed';
    this.#waiting.clear();
    this.#answerTimer?.cancel();
    this.#active.close();
    this.#forgetAsked();
  }

  #onGivenUp({ responseId, hasSound }: GivenUpResponse): void {
    const isOver = hasSound || this.#deps.hasToStay(responseId);
    this.#deps.onGivenUp(responseId, isOver ? 'incomplete' : 'failed');
    if (isOver) return this.#pump();
    this.#isHeld = true;
    this.#deps.onUnanswered('silent');
  }

  #onOurs(responseId: string, { request, isUnwanted: wasCancelled }: Asked): CreatedResponse {
    this.#forgetAsked();
    const isOverCallee = this.#callee === 'speaking' && !request.isProtected;
    // Said over the callee's words it would be lost: it waits for them to stop, unless their answer makes it moot.
    const isPutOff = isOverCallee && !wasCancelled;
    const isUnwanted = wasCancelled || isOverCallee;
    if (isPutOff) this.#waiting.addFirst(request);
    if (request.isAnswer === true && !isUnwanted) this.#waiting.dropMoot();
    const begun = isPutOff ? undefined : request;
    return this.#begin(responseId, { request: begun, isUnwanted });
  }

  /** The server answers the callee by itself: what we wanted to add may already be part of that answer. */
  #onOwnAnswer(responseId: string): CreatedResponse {
    this.#waiting.dropMoot();
    // One that is on its way stays asked for: the server refuses it, and it is asked for again then.
    if (this.#asked?.request.isMootWhenAnswered === true) this.#asked.isUnwanted = true;
    return this.#begin(responseId, { request: undefined, isUnwanted: this.#isAnswerUnwanted });
  }

  #begin(responseId: string, { request, isUnwanted }: Begun): CreatedResponse {
    this.#last = request;
    this.#isAnswerUnwanted = false;
    this.#answerTimer?.cancel();
    if (this.#callee === 'awaiting-answer') this.#callee = 'silent';
    this.#active.begin(responseId, isUnwanted);
    return { requestId: request?.requestId, isUnwanted };
  }

  /** Somebody else's response is due; without it, nobody would ask again. */
  #awaitAnswer(): void {
    this.#answerTimer?.cancel();
    this.#answerTimer = this.#deps.clock.after(ANSWER_TIMEOUT_MS, () => this.#onNoAnswer());
  }

  /** Nothing else is asked for until it is clear whether there is another try. */
  #hold(request: SequencedRequest | undefined): void {
    if (this.#isHeld && this.#last) this.#waiting.addFirst(this.#last);
    this.#last = request;
    this.#isHeld = true;
  }

  #letGo(): void {
    this.#last = undefined;
    this.#isHeld = false;
    this.#pump();
  }

  #pump(): void {
    if (this.#state !== 'open' || this.#isHeld || this.#asked || this.#active.isTaken) return;
    const request = this.#waiting.take(this.#callee === 'silent');
    if (!request) return;
    this.#lastNumber += 1;
    const id = `response-${this.#lastNumber}`;
    const timer = this.#deps.clock.after(ANSWER_TIMEOUT_MS, () => this.#onLost());
    this.#asked = { id, request, timer, isUnwanted: false };
    const response = { ...request.response, metadata: { [REQUEST_KEY]: id } };
    this.#deps.send({ type: 'response.create', event_id: id, response });
  }

  /** The request got lost. While the callee has the word, or another response is made, that is waited for. */
  #onLost(): void {
    if (!this.#asked) return;
    const { request, isUnwanted } = this.#asked;
    this.#forgetAsked();
    const isItsTurn = !this.#active.isTaken && (this.#callee === 'silent' || request.isProtected);
    if (!isUnwanted && isItsTurn) {
      this.#hold(request);
      return this.#deps.onUnanswered('not-created');
    }
    if (isUnwanted) this.#deps.onDropped(request.requestId);
    else this.#waiting.addFirst(request);
    this.#pump();
  }

  /** The server did not answer the callee, or is stuck at a response that nobody knows. */
  #onNoAnswer(): void {
    if (this.#active.isTaken) return this.#awaitAnswer();
    const isUnwanted = this.#isAnswerUnwanted;
    const isAnswerDue = this.#callee === 'awaiting-answer';
    this.#isAnswerUnwanted = false;
    if (isAnswerDue) this.#callee = 'silent';
    if (isUnwanted || (!isAnswerDue && this.#waiting.isEmpty)) return this.#pump();
    this.#hold(isAnswerDue ? undefined : this.#waiting.take(true));
    this.#deps.onUnanswered('not-created');
  }

  #forgetAsked(): void {
    this.#asked?.timer.cancel();
    this.#asked = undefined;
  }
}
