// Requests for responses that wait for their turn, in the order in which they are to be made.

import type { ResponseBody } from './response-request';

/** A response to be asked for. */
export type SequencedRequest = {
  readonly requestId: string;
  /** Read at the moment in which it is asked for. */
  readonly response: ResponseBody;
  /** An answer of the server to the callee that begins first makes it needless. */
  readonly isMootWhenAnswered: boolean;
  /** It says whatever the conversation asks for, as the server's own answers do. */
  readonly isAnswer?: boolean;
  /** Asked for even while the callee speaks. */
  readonly isProtected: boolean;
};

/** The answer that the server gives by itself, asked for by us because it failed or did not come. */
export const OWN_ANSWER: SequencedRequest = {
  requestId: 'own-answer',
  response: {},
  isAnswer: true,
  isMootWhenAnswered: true,
  isProtected: false,
};

/** The waiting line of one session. */
export class RequestQueue {
  readonly #onDropped: (requestId: string) => void;
  #waiting: SequencedRequest[] = [];

  constructor(onDropped: (requestId: string) => void) {
    this.#onDropped = onDropped;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** True when one of them becomes needless by an answer to the callee, which it would also give. */
  get hasMoot(): boolean {
    return this.#waiting.some(({ isMootWhenAnswered }) => isMootWhenAnswered);
  }

  add(request: SequencedRequest): void {
    this.#waiting.push(request);
  }

  /** It has waited before, and is the next. */
  addFirst(request: SequencedRequest): void {
    this.#waiting.unshift(request);
  }

  /** The next one that may be made; while the callee speaks, a protected one. */
  take(isCalleeSilent: boolean): SequencedRequest | undefined {
    const index = this.#waiting.findIndex(({ isProtected }) => isProtected || isCalleeSilent);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  /** The callee got an answer. */
  dropMoot(): void {
    this.#drop(({ isMootWhenAnswered }) => isMootWhenAnswered);
  }

  /** Nobody wants any of them. */
  dropAll(): void {
    this.#drop(() => true);
  }

  /** Forgets them without a word. */
  clear(): void {
    this.#waiting = [];
  }

  #drop(isDropped: (request: SequencedRequest) => boolean): void {
    const dropped = this.#waiting.filter(isDropped);
    this.#waiting = this.#waiting.filter((request) => !isDropped(request));
    for (const { requestId } of dropped) this.#onDropped(requestId);
  }
}
