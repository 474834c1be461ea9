// The end of a session whose conversation is over: what still belongs into the record is waited for, within a bound, and
// nobody hears of anything else.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { RealtimeListener } from '../calls/conversation-ports';
import type { Clock, Timer } from '../calls/ports';
import { deferred } from '../lib/deferred';
import type { CalleeWords } from './callee-words';
import type { Responses } from './responses';

const COMMIT_EVENT_ID = 'last-words';

/** What a drain goes by. */
export type DrainDeps = {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly send: (event: RealtimeClientEvent) => void;
  readonly responses: Pick<Responses, 'cancel' | 'isBusy'>;
  readonly words: CalleeWords;
};

/** The wait for what is on its way. */
export class Drain {
  readonly #deps: DrainDeps;
  readonly #finished = deferred<void>();
  readonly #timer: Timer;
  #isOver = false;

  constructor(deps: DrainDeps) {
    this.#deps = deps;
    this.#timer = deps.clock.after(deps.limitMs, () => this.end());
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Something may have changed: what has begun is cancelled, and a turn that no silence will end is ended by us. */
  check(): void {
    if (this.#isOver) return;
    const { responses, words, send } = this.#deps;
    responses.cancel('all');
    if (words.isSpeaking) {
      words.onCommitAsked();
      send({ type: 'input_audio_buffer.commit', event_id: COMMIT_EVENT_ID });
    }
    if (!responses.isBusy && !words.isAnyDue) this.end();
  }

  /** The server did not take an event. */
  onRefused(eventId: string): void {
    if (eventId === COMMIT_EVENT_ID) this.#deps.words.onCommitRefused();
  }

  /** It is not waited for any longer. */
  end(): void {
    this.#isOver = true;
    this.#timer.cancel();
    this.#finished.resolve();
  }
}

/** The listener as one that hears only what belongs into the record. */
export function forTheRecord(listener: RealtimeListener): RealtimeListener {
  const nothing = (): void => {};
  return {
    onReady: nothing,
    onResponseStarted: nothing,
    onRequestDropped: nothing,
    onAudio: nothing,
    onAudioDone: nothing,
    onAssistantText: nothing,
    onCalleeText: (itemId, text, spending) => listener.onCalleeText(itemId, text, spending),
    onSpeechStarted: nothing,
    onSpeechStopped: nothing,
    onToolCall: nothing,
    onToolAnswered: nothing,
    onResponseDone: (outcome) => listener.onResponseDone(outcome),
    onFailed: nothing,
    onLost: nothing,
    onResumed: nothing,
  };
}
