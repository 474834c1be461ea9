// A stream of the carrier that was lost and came back: what the AI is told of it, and whether it has to go on speaking.

import type { SpeechRequest } from '../calls/speech';
import { GO_ON_AFTER_LINE_GAP, lineGapNote } from './session/resume-notes';

/** What follows from a stream that is back. */
export type EndOfGap = { readonly note: string; readonly request: SpeechRequest | undefined };

/** The gaps of one call's line. */
export class LineGap {
  #lostAtMs: number | undefined;
  #wasAiSpeaking = false;
  #wasAnswerDue = false;

  /** The line is gone; the AI was speaking, or about to answer. */
  onLost(nowMs: number, ai: { readonly isSpeaking: boolean; readonly isAnswerDue: boolean }): void {
    this.#lostAtMs = nowMs;
    this.#wasAiSpeaking = ai.isSpeaking;
    this.#wasAnswerDue = ai.isAnswerDue;
  }

  /** A line is there, and perhaps something of the AI that was made meanwhile; undefined when none was lost. */
  onBack(nowMs: number, isAiSpeaking: boolean): EndOfGap | undefined {
    const lostAtMs = this.#lostAtMs;
    if (lostAtMs === undefined) return undefined;
    this.#lostAtMs = undefined;
    return { note: lineGapNote(nowMs - lostAtMs), request: this.#request(isAiSpeaking) };
  }

  /** Without it the callee would hear nothing, and wonder. */
  #request(isAiSpeaking: boolean): SpeechRequest | undefined {
    const common = { mayUseTools: true, isMootWhenAnswered: true };
    if (this.#wasAiSpeaking) return { content: { kind: 'directive', directive: GO_ON_AFTER_LINE_GAP }, ...common };
    return this.#wasAnswerDue && !isAiSpeaking ? { content: { kind: 'answer' }, ...common } : undefined;
  }
}
