// Words that cover the silence while a tool takes its time. One voice for all tools of a call: however many run, the
// callee hears one sentence now and then.

import type { VoiceLine } from '../calls/agent-ports';
import type { Clock, Timer } from '../calls/ports';
import type { SpeechContent } from '../calls/speech';
import type { Filler } from './tool';

/** How long a tool may run in silence: about where a pause on the phone begins to feel like a lost line. */
export const FILLER_AFTER_MS = 1_500;
const FILLER_EVERY_MS = 8_000;
const LOOK_AGAIN_MS = 500;

const FIRST_DIRECTIVE = 'Say in one short sentence that you are looking it up. Say nothing else.';
const NEXT_DIRECTIVE = 'Say in one short sentence that you are still looking it up. Say nothing else.';

type Deps = {
  readonly line: Pick<VoiceLine, 'isAiSpeaking' | 'isCalleeSpeaking' | 'speak'>;
  readonly clock: Clock;
  readonly isSilenced: () => boolean;
};

type Wait = { readonly filler: Exclude<Filler, 'none'>; readonly sinceMs: number; isFilled: boolean };

/** Speaks while tools run. Idempotent `close()`. */
export class ToolFillers {
  readonly #line: Deps['line'];
  readonly #clock: Clock;
  readonly #isSilenced: () => boolean;
  readonly #waits = new Map<string, Wait>();
  #notBeforeMs = 0;
  #isFilling = false;
  #timer: Timer | undefined;

  constructor({ line, clock, isSilenced }: Deps) {
    this.#isSilenced = isSilenced;
    this.#line = line;
    this.#clock = clock;
  }

  /** A tool has begun. */
  start(toolCallId: string, filler: Filler): void {
    if (filler === 'none') return;
    this.#waits.set(toolCallId, { filler, sinceMs: this.#clock.monotonicMs(), isFilled: false });
    this.#timer ??= this.#clock.after(FILLER_AFTER_MS, () => this.#look());
  }

  /** The result of the tool is there. */
  stop(toolCallId: string): void {
    this.#waits.delete(toolCallId);
    if (this.#waits.size === 0) this.close();
  }

  close(): void {
    this.#waits.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const [oldest] = this.#waits.values();
    if (!oldest) return;
    const nowMs = this.#clock.monotonicMs();
    const dueMs = Math.max(oldest.sinceMs + FILLER_AFTER_MS, this.#notBeforeMs);
    if (nowMs < dueMs) {
      this.#lookIn(dueMs - nowMs);
      return;
    }
    if (this.#isFilling || this.#isSilenced() || this.#line.isAiSpeaking || this.#line.isCalleeSpeaking) {
      this.#lookIn(LOOK_AGAIN_MS);
      return;
    }
    this.#fill(oldest, nowMs);
    this.#lookIn(FILLER_EVERY_MS);
  }

  #lookIn(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #fill(wait: Wait, nowMs: number): void {
    const content = contentOf(wait);
    wait.isFilled = true;
    this.#notBeforeMs = nowMs + FILLER_EVERY_MS;
    this.#isFilling = true;
    void this.#line.speak({ content, mayUseTools: false, isMootWhenAnswered: true }).finally(() => {
      this.#isFilling = false;
    });
  }
}

/** Given words are said once: the same sentence again would sound like a machine. */
function contentOf({ filler, isFilled }: Wait): SpeechContent {
  if (isFilled) return { kind: 'directive', directive: NEXT_DIRECTIVE };
  return filler === 'own-words'
    ? { kind: 'directive', directive: FIRST_DIRECTIVE }
    : { kind: 'words', words: filler.words };
}
