// What the API wants the AI to say, in line: at once, or when the conversation pauses. Everything that is taken in is
// reported as finished exactly once.

import type { CallControls, VoiceLine } from '../calls/agent-ports';
import type { SayRequest } from '../calls/conversation-ports';
import type { SpeechOutcome } from '../calls/speech';

// At ten seconds each, more than three minutes of pauses: whoever wants more has lost sight of the conversation.
const MAX_WAITING = 20;

// The callee or another order may come first now and then; what fails a third time has another cause.
const MAX_RETRIES = 2;

/** What a say queue works with. */
export type SayQueueDeps = {
  readonly line: Pick<VoiceLine, 'isAiSpeaking' | 'isCalleeSpeaking' | 'speak' | 'interrupt'>;
  readonly report: CallControls['report'];
};

type Utterance = {
  readonly request: SayRequest;
  retries: number;
  /** The callee has heard something of it. */
  isHeard: boolean;
};

/** Has the AI say what the API asks for, one after the other. */
export class SayQueue {
  readonly #deps: SayQueueDeps;
  #waiting: Utterance[] = [];
  /** With the line: being said, or about to be. More than one only until the line has dropped the earlier ones. */
  readonly #handedOver = new Set<Utterance>();
  #isClosed = false;

  constructor(deps: SayQueueDeps) {
    this.#deps = deps;
  }

  /** True when no more may wait. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING;
  }

  /** Takes in a request; `say.finished` tells what became of it. */
  say(request: SayRequest): void {
    const utterance = { request, retries: 0, isHeard: false };
    if (this.#isClosed) this.#finish(utterance, 'unspoken');
    else if (request.timing === 'now') this.#sayNow(utterance);
    else if (this.isFull) this.#finish(utterance, 'unspoken');
    else {
      this.#waiting.push(utterance);
      this.onPause();
    }
  }

  /** Neither side may be speaking any more: the next one has its turn, if that is so. */
  onPause(): void {
    const { isAiSpeaking, isCalleeSpeaking } = this.#deps.line;
    if (isAiSpeaking || isCalleeSpeaking || this.#handedOver.size > 0) return;
    const next = this.#waiting.shift();
    if (!next) return;
    this.#handedOver.add(next);
    void this.#speak(next);
  }

  /** Idempotent; what is being heard counts as cut off, everything else as unspoken. */
  close(): void {
    this.#isClosed = true;
    const waiting = this.#waiting;
    const handedOver = [...this.#handedOver];
    this.#waiting = [];
    this.#handedOver.clear();
    for (const utterance of handedOver) this.#finish(utterance, utterance.isHeard ? 'interrupted' : 'unspoken');
    for (const utterance of waiting) this.#finish(utterance, 'unspoken');
  }

  #sayNow(utterance: Utterance): void {
    // First, as the line falls silent with the interruption: a pause that is not for those who wait.
    this.#handedOver.add(utterance);
    this.#deps.line.interrupt('api');
    void this.#speak(utterance);
  }

  async #speak(utterance: Utterance): Promise<void> {
    const { text, isProtected } = utterance.request;
    const content = { kind: 'words', words: text } as const;
    const outcome = await this.#deps.line.speak({ content, isProtected }, () => {
      utterance.isHeard = true;
    });
    // Closing has reported it.
    if (!this.#handedOver.delete(utterance)) return;
    this.#settle(utterance, outcome);
    this.onPause();
  }

  #settle(utterance: Utterance, outcome: SpeechOutcome): void {
    if (outcome !== 'unspoken' || utterance.retries >= MAX_RETRIES) {
      this.#finish(utterance, outcome);
      return;
    }
    utterance.retries += 1;
    this.#waiting.unshift(utterance);
  }

  #finish({ request }: Utterance, outcome: SpeechOutcome): void {
    this.#deps.report({ type: 'say.finished', sayId: request.sayId, outcome });
  }
}
