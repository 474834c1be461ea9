// The first seconds of a call: who speaks first, and when. Until the AI has opened the conversation it only listens, so
// that a hello which arrives in the meantime is neither answered before the greeting nor cuts it off unheard.

import type { VoiceLine } from '../calls/agent-ports';
import type { CallBehaviour } from '../calls/behaviour';
import type { Clock, Timer } from '../calls/ports';
import type { SpeechContent } from '../calls/speech';
import { ANSWER_HELLO, OPEN_CONVERSATION } from './directives';

/** How a call is to begin. */
export type PickUpOptions = Pick<CallBehaviour, 'opening' | 'helloTimeoutMs' | 'protectGreeting'> & {
  /** Words to open with, exactly; without them the AI opens by its instructions. */
  readonly greeting: string | undefined;
};

/** What a pick-up works with. */
export type PickUpDeps = {
  readonly clock: Clock;
  readonly line: Pick<VoiceLine, 'speak' | 'interrupt' | 'isAiSpeaking' | 'isCalleeSpeaking'>;
  /** Whether the AI only listens. */
  readonly setListening: (isListening: boolean) => void;
};

/** Opens one conversation. Idempotent `close()`. */
export class PickUp {
  readonly #options: PickUpOptions;
  readonly #deps: PickUpDeps;
  #stage: 'waiting' | 'opening' | 'done' = 'waiting';
  /** Makes worthless what becomes of an earlier opening. */
  #attempt = 0;
  #isReady = false;
  #isConnected = false;
  #timer: Timer | undefined;

  constructor(options: PickUpOptions, deps: PickUpDeps) {
    this.#options = options;
    this.#deps = deps;
    if (options.opening === 'silent') this.#stage = 'done';
    if (options.opening === 'wait-for-hello') deps.setListening(true);
  }

  /** The AI can speak. */
  onReady(): void {
    this.#isReady = true;
    if (this.#options.opening === 'greet') this.#open(OPEN_CONVERSATION);
    else this.#awaitHello();
  }

  /** The callee can hear. */
  onStreamStarted(): void {
    this.#isConnected = true;
    // The AI is late: what the callee says until it is heard must not be answered instead of the greeting, or cut it off.
    if (this.#stage !== 'done') this.#deps.setListening(true);
    if (this.#options.opening === 'wait-for-hello') this.#awaitHello();
  }

  /** They say hello just when the wait for it is over: an opening that nobody has heard yet waits for its end. */
  onCalleeStarted(): void {
    const { opening, protectGreeting } = this.#options;
    if (opening !== 'wait-for-hello' || this.#stage !== 'opening' || protectGreeting) return;
    this.#stage = 'waiting';
    this.#attempt += 1;
    this.#deps.line.interrupt('callee');
  }

  onCalleeStopped(): void {
    if (this.#options.opening === 'wait-for-hello' && this.#isReady) this.#open(ANSWER_HELLO);
  }

  /** The callee hears the AI, whatever it says: the conversation is open, and from here on they can interrupt it. */
  onAiStarted(): void {
    this.#finish();
  }

  close(): void {
    this.#stage = 'done';
    this.#timer?.cancel();
  }

  #awaitHello(): void {
    if (!this.#isReady || !this.#isConnected || this.#stage !== 'waiting' || this.#timer) return;
    this.#timer = this.#deps.clock.after(this.#options.helloTimeoutMs, () => {
      this.#timer = undefined;
      const { line } = this.#deps;
      // What is about to be said opens the conversation, or leaves it to the next look.
      if (line.isAiSpeaking) this.#awaitHello();
      // In the middle of their hello nobody is interrupted: its end opens the conversation.
      else if (!line.isCalleeSpeaking) this.#open(OPEN_CONVERSATION);
    });
  }

  #open(directive: string): void {
    if (this.#stage !== 'waiting') return;
    this.#stage = 'opening';
    this.#timer?.cancel();
    const { greeting, protectGreeting: isProtected } = this.#options;
    const content: SpeechContent =
      greeting === undefined ? { kind: 'directive', directive } : { kind: 'words', words: greeting };
    const mayUseTools = greeting === undefined;
    const isReply = directive === ANSWER_HELLO;
    const attempt = this.#attempt;
    void this.#deps.line.speak({ content, isProtected, isReply, mayUseTools }).then(() => {
      if (attempt === this.#attempt) this.#finish();
    });
  }

  #finish(): void {
    if (this.#stage === 'done') return;
    this.close();
    this.#deps.setListening(false);
  }
}
