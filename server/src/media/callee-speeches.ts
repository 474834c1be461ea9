// What the callee said and the realtime session has not written down yet: where in their audio it is, since when they
// said it, and whether it has been answered. When the session is lost, this is what the next one has to hear again.

import type { ResponseOutcome, StartedResponse } from '../calls/conversation-ports';

/** Something that the callee says. */
export type CalleeSpeech = {
  /** As the present session calls it. */
  itemId: string;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  /** Where in the callee's audio it begins and, once it is over, ends. */
  readonly fromByte: number;
  toByte: number | undefined;
  /** The response that was made of it. */
  answeredBy: string | undefined;
};

/** The response in whose middle a session was lost. */
export type BrokenResponse = {
  readonly responseId: string;
  /** Nothing came of it that the callee or a tool knows of. */
  readonly isVoid: boolean;
  /** The server made it by itself. */
  readonly isOwn: boolean;
};

// Who says so much in so little time that it cannot be written down is not understood again either.
const MAX_SPEECHES = 20;

/** The callee's speeches of one call. */
export class CalleeSpeeches {
  #speeches: CalleeSpeech[] = [];
  #isSpeaking = false;
  #lastStopByte = 0;
  /** The server owes the callee an answer, which it gives by itself. */
  #isAnswerDue = false;
  /** The answer of the server's own that is being made. */
  #answerId: string | undefined;

  /** In the order in which they were begun. */
  get all(): readonly CalleeSpeech[] {
    return this.#speeches;
  }

  /** What is older is accounted for, or, if it was over before `overdueByte`, never will be. */
  fromByte(overdueByte: number): number {
    const [oldest] = this.#speeches;
    if (oldest?.toByte !== undefined && oldest.toByte < overdueByte) this.#speeches.shift();
    return this.#speeches[0]?.fromByte ?? Infinity;
  }

  /** Where the last speech ended. */
  get lastStopByte(): number {
    return this.#lastStopByte;
  }

  get isAnswerDue(): boolean {
    return this.#isAnswerDue;
  }

  onStarted(itemId: string, startedAtMs: number, fromByte: number): void {
    this.#isSpeaking = true;
    this.#isAnswerDue = false;
    const begunByte = Math.max(fromByte, this.#lastStopByte);
    this.#speeches.push({ itemId, startedAtMs, fromByte: begunByte, toByte: undefined, answeredBy: undefined });
    if (this.#speeches.length > MAX_SPEECHES) this.#speeches.shift();
  }

  onStopped(isAnswered: boolean, byte: number): void {
    this.#isSpeaking = false;
    this.#lastStopByte = byte;
    this.#isAnswerDue = isAnswered;
    const last = this.#speeches.at(-1);
    if (last) last.toByte ??= byte;
  }

  /** The words are known, or known to be lost. */
  onWrittenDown(itemId: string): void {
    this.#speeches = this.#speeches.filter((speech) => speech.itemId !== itemId);
  }

  onResponseStarted({ responseId, requestId, isUnwanted }: StartedResponse): void {
    if (!this.#isSpeaking) this.#isAnswerDue = false;
    if (isUnwanted) return;
    this.#answerId = requestId === undefined ? responseId : undefined;
    for (const speech of this.#speeches) if (speech.toByte !== undefined) speech.answeredBy ??= responseId;
  }

  onResponseDone({ responseId, status }: ResponseOutcome): void {
    if (status === 'failed') this.#takeBack({ responseId, isVoid: true, isOwn: this.#answerId === responseId });
    if (this.#answerId === responseId) this.#answerId = undefined;
  }

  /** Nobody wants an answer any more. */
  onCancelled(): void {
    this.#isAnswerDue = false;
  }

  /** The session is lost. */
  onLost(broken: BrokenResponse | undefined): void {
    if (broken?.isVoid === true) this.#takeBack(broken);
    this.#answerId = undefined;
  }

  /** They will not be heard again. */
  forget(speeches: readonly CalleeSpeech[]): void {
    this.#speeches = this.#speeches.filter((speech) => !speeches.includes(speech));
  }

  #takeBack({ responseId, isOwn }: BrokenResponse): void {
    for (const speech of this.#speeches) if (speech.answeredBy === responseId) speech.answeredBy = undefined;
    if (isOwn && !this.#isSpeaking) this.#isAnswerDue = true;
  }
}
