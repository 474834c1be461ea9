// What becomes of everything the AI says: ties each request to its response and each response to its audio items, and
// tells whether the callee heard it to the end. Whoever waits for that always gets an answer.

import type { ItemRef, RequestedResponse, ResponseOutcome, StartedResponse } from '../calls/conversation-ports';
import type { SpeechOutcome, SpeechRequest } from '../calls/speech';

type Settle = (outcome: SpeechOutcome) => void;

/** A request that has not become a response, or whose response failed and is asked for again. */
type Pending = {
  readonly request: SpeechRequest;
  readonly settle: Settle;
  readonly onSounding: () => void;
  /** A response that failed was heard in part. */
  readonly wasHeard: boolean;
};

type Speech = {
  readonly requestId: string | undefined;
  readonly pending: Pending | undefined;
  /** Items with audio that was not heard to its end. */
  readonly unheard: Set<string>;
  readonly waiting: Settle[];
  readonly waitingForMade: (() => void)[];
  wasHeard: boolean;
  isMade: boolean;
  /** It is heard, whatever became of an earlier try. */
  isSounding: boolean;
  /** It broke off, and the response to this request goes on with it: that one's outcome is also its own. */
  goesOnAs: string | undefined;
  /** A tool was called. */
  hasTools: boolean;
  outcome: SpeechOutcome | undefined;
};

/** The AI's speech of one call. */
export class Speeches {
  readonly #pending = new Map<string, Pending>();
  readonly #speeches = new Map<string, Speech>();
  /** Requests that were to go on with something that has been cut off since. */
  readonly #abandoned = new Set<string>();
  #lastNumber = 0;
  #isClosed = false;

  /** True while something is asked for, made, or not yet heard. */
  get isBusy(): boolean {
    if (this.#pending.size > 0) return true;
    for (const { outcome } of this.#speeches.values()) if (outcome === undefined) return true;
    return false;
  }

  /** Something to be said: the id under which to ask for it, and what will have become of it. */
  ask(
    request: SpeechRequest,
    onSounding: () => void = () => undefined,
  ): { readonly requestId: string; readonly outcome: Promise<SpeechOutcome> } {
    const requestId = this.#nextId();
    const outcome = new Promise<SpeechOutcome>((settle) => {
      if (this.#isClosed) settle('unspoken');
      else this.#pending.set(requestId, { request, settle, onSounding, wasHeard: false });
    });
    return { requestId, outcome };
  }

  /** What becomes of a response. */
  whenHeard(responseId: string): Promise<SpeechOutcome> {
    const speech = this.#speeches.get(responseId);
    if (!speech) return Promise.resolve('heard');
    if (speech.outcome !== undefined) return Promise.resolve(speech.outcome);
    return new Promise((settle) => speech.waiting.push(settle));
  }

  /** True for a response that answers the callee, rather than one that somebody here wanted to be said. */
  isReply({ responseId }: ItemRef): boolean {
    const request = this.#speeches.get(responseId)?.pending?.request;
    return request === undefined || request.content.kind === 'answer' || request.isReply === true;
  }

  /** True while the callee has not heard all of what a response in the making has made. */
  isUnheard(responseId: string): boolean {
    const speech = this.#speeches.get(responseId);
    return speech !== undefined && !speech.isMade && speech.unheard.size > 0;
  }

  /** What was asked for; undefined for an answer that the server gives by itself. */
  requestOf(responseId: string): RequestedResponse | undefined {
    const { requestId, pending } = this.#speeches.get(responseId) ?? {};
    return requestId === undefined || !pending ? undefined : { ...pending.request, requestId };
  }

  /** True for a request that nobody wants any more. */
  isAbandoned(requestId: string | undefined): boolean {
    return requestId !== undefined && this.#abandoned.has(requestId);
  }

  /** What of a response has come to be known to anybody. */
  effectOf(responseId: string): { readonly isSounding: boolean; readonly hasTools: boolean } {
    const { isSounding = false, hasTools = false } = this.#speeches.get(responseId) ?? {};
    return { isSounding, hasTools };
  }

  /** Resolves when no more of a response is made. */
  whenMade(responseId: string): Promise<void> {
    const speech = this.#speeches.get(responseId);
    if (!speech || speech.isMade) return Promise.resolve();
    return new Promise((made) => speech.waitingForMade.push(made));
  }

  onStarted({ responseId, requestId, isUnwanted }: StartedResponse): void {
    const pending = requestId === undefined ? undefined : this.#pending.get(requestId);
    if (requestId !== undefined) this.#pending.delete(requestId);
    const speech: Speech = {
      requestId,
      pending,
      unheard: new Set(),
      waiting: [],
      waitingForMade: [],
      wasHeard: pending?.wasHeard ?? false,
      isMade: false,
      isSounding: false,
      goesOnAs: undefined,
      hasTools: false,
      outcome: undefined,
    };
    this.#speeches.set(responseId, speech);
    if (isUnwanted) this.#settle(speech, 'unspoken');
  }

  onDropped(requestId: string): void {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    pending?.settle(pending.wasHeard ? 'interrupted' : 'unspoken');
  }

  /** The item has audio. */
  onAudio({ responseId, itemId, contentIndex }: ItemRef): void {
    this.#speeches.get(responseId)?.unheard.add(`${itemId}/${contentIndex}`);
  }

  /** The callee begins to hear the item. */
  onSpeaking({ responseId }: ItemRef): void {
    const speech = this.#speeches.get(responseId);
    if (!speech) return;
    speech.wasHeard = true;
    speech.isSounding = true;
    speech.pending?.onSounding();
  }

  /** The callee heard the item to its end. */
  onHeard({ responseId, itemId, contentIndex }: ItemRef): void {
    const speech = this.#speeches.get(responseId);
    if (!speech) return;
    speech.unheard.delete(`${itemId}/${contentIndex}`);
    this.#settleHeard(responseId, speech);
  }

  /** The item will not be heard any further, and with it the response. */
  onItemCut({ responseId }: ItemRef): void {
    const speech = this.#speeches.get(responseId);
    if (speech) this.#cut(responseId, speech);
  }

  /** Nothing that is in the making, or was made and not heard to its end, will be heard any further. */
  onCut(): void {
    for (const [responseId, speech] of this.#speeches) this.#cut(responseId, speech);
  }

  onDone({ responseId, status }: ResponseOutcome): void {
    const speech = this.#speeches.get(responseId);
    // A response that stalled was told to be over before.
    if (!speech || speech.isMade) return;
    this.#markMade(speech);
    if (status === 'failed') this.#askAgain(speech);
    if (status === 'cancelled') this.#settle(speech, speech.wasHeard ? 'interrupted' : 'unspoken');
    this.#settleHeard(responseId, speech);
  }

  /** A response called a tool. */
  onToolCall(responseId: string): void {
    const speech = this.#speeches.get(responseId);
    if (speech) speech.hasTools = true;
  }

  /** A response broke off in the middle and is gone on with by `request`: returns that with the id to ask for it. */
  goOn(responseId: string, request: SpeechRequest): RequestedResponse {
    const speech = this.#speeches.get(responseId);
    const requestId = speech?.requestId ?? this.#nextId();
    const settle: Settle = (outcome) => {
      if (!speech) return;
      this.#settle(speech, outcome);
      this.#speeches.delete(responseId);
    };
    if (speech) {
      speech.goesOnAs = requestId;
      this.#markMade(speech);
    }
    this.#pending.set(requestId, { request, settle, onSounding: () => undefined, wasHeard: true });
    return { ...request, requestId };
  }

  /** Nobody speaks any more. */
  close(): void {
    this.#isClosed = true;
    this.onCut();
    for (const speech of this.#speeches.values()) for (const made of speech.waitingForMade.splice(0)) made();
    for (const requestId of this.#pending.keys()) this.onDropped(requestId);
    this.#speeches.clear();
  }

  #nextId(): string {
    this.#lastNumber += 1;
    return `speech-${this.#lastNumber}`;
  }

  #markMade(speech: Speech): void {
    speech.isMade = true;
    for (const made of speech.waitingForMade.splice(0)) made();
  }

  #cut(responseId: string, speech: Speech): void {
    if (speech.goesOnAs !== undefined && this.#pending.delete(speech.goesOnAs)) this.#abandoned.add(speech.goesOnAs);
    this.#settle(speech, speech.wasHeard ? 'interrupted' : 'unspoken');
    if (speech.isMade) this.#speeches.delete(responseId);
  }

  /** The session repeats a failed response, under the id of its request; one of its own becomes another response. */
  #askAgain(speech: Speech): void {
    const { requestId, pending } = speech;
    const { wasHeard } = speech;
    if (requestId !== undefined && pending && speech.outcome === undefined)
      this.#pending.set(requestId, { ...pending, wasHeard });
    speech.outcome ??= 'interrupted';
    for (const settle of speech.waiting.splice(0)) settle(speech.outcome);
  }

  #settleHeard(responseId: string, speech: Speech): void {
    if (!speech.isMade || speech.goesOnAs !== undefined || (speech.outcome === undefined && speech.unheard.size > 0))
      return;
    this.#settle(speech, speech.wasHeard ? 'heard' : 'unspoken');
    this.#speeches.delete(responseId);
  }

  /** The first outcome counts. */
  #settle(speech: Speech, outcome: SpeechOutcome): void {
    if (speech.outcome !== undefined) return;
    speech.outcome = outcome;
    speech.pending?.settle(outcome);
    for (const settle of speech.waiting.splice(0)) settle(outcome);
  }
}
