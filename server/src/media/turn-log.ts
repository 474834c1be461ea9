// Who said what: collects the AI's words per item until it is known how much of them was heard.

import type { AssistantText, ItemRef, Turn } from '../calls/conversation-ports';
import type { Correction } from './barge-in';

/** The AI's words of one call that are not yet accounted for. */
export class TurnLog {
  readonly #texts = new Map<string, string>();

  onAssistantText({ itemId }: ItemRef, text: AssistantText): void {
    this.#texts.set(itemId, 'whole' in text ? text.whole : (this.#texts.get(itemId) ?? '') + text.delta);
  }

  /** The turn of an item that was heard to its end. */
  heard({ itemId }: ItemRef, audioMs: number): Turn {
    const heardMs = Math.floor(audioMs);
    return { speaker: 'assistant', text: this.#take(itemId), isInterrupted: false, heardMs, audioMs: heardMs };
  }

  /** The turn that remains of an item after an interruption; undefined when nothing of it was heard. */
  corrected({ kind, item, span }: Correction): Turn | undefined {
    const text = this.#take(item.itemId);
    if (kind === 'delete') return undefined;
    if (kind === 'keep') return { speaker: 'assistant', text, isInterrupted: false, ...durations(span) };
    return { speaker: 'assistant', text: heardPart(text, span), isInterrupted: true, ...durations(span) };
  }

  #take(itemId: string): string {
    const text = this.#texts.get(itemId) ?? '';
    this.#texts.delete(itemId);
    return text;
  }
}

function durations(span: Correction['span']): { readonly heardMs: number; readonly audioMs: number } {
  return { heardMs: Math.floor(span.heardMs), audioMs: Math.floor(span.generatedMs) };
}

/** The server does not say which words were heard: the share of the audio, to the last whole word, is the estimate. */
function heardPart(text: string, { heardMs, generatedMs }: Correction['span']): string {
  const cut = text.slice(0, Math.floor((text.length * heardMs) / generatedMs));
  const lastSpace = cut.lastIndexOf(' ');
  return cut.length === text.length || lastSpace < 0 ? cut : cut.slice(0, lastSpace);
}
