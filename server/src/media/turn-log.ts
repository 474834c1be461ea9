// Who said what, and when: brings the words of both sides together with the moment at which they were heard. Words and
// sound of a turn arrive apart, in either order.

import type { AssistantText, ItemRef } from '../calls/conversation-ports';
import type { Turn } from '../calls/conversation-events';
import type { Correction } from './barge-in';
import { heardPart } from './heard-words';

type Entry = {
  readonly responseId: string;
  text: string;
  isWhole: boolean;
  startedAtMs: number | undefined;
  /** Set when the sound was heard to its end and the words were not yet complete. */
  audioMs: number | undefined;
};

/** Stands for words that could not be written down: the callee did say something. */
const NOT_WRITTEN_DOWN = '[not transcribed]';

/** The turns of one call that are not yet accounted for. */
export class TurnLog {
  readonly #entries = new Map<string, Entry>();
  readonly #calleeStarts = new Map<string, number>();

  /** Takes words of the AI; returns the turn when it only waited for them. */
  onAssistantText(item: ItemRef, text: AssistantText): Turn | undefined {
    const entry = this.#entry(item);
    if ('delta' in text) {
      entry.text += text.delta;
      return undefined;
    }
    entry.text = text.whole;
    entry.isWhole = true;
    return entry.audioMs === undefined ? undefined : this.#heardTurn(item, entry.audioMs);
  }

  /** The callee begins to hear the item. */
  onStarted(item: ItemRef, atMs: number): void {
    this.#entry(item).startedAtMs = atMs;
  }

  /** The item was heard to its end; returns its turn unless words are still missing. */
  onHeard(item: ItemRef, audioMs: number): Turn | undefined {
    const entry = this.#entry(item);
    if (entry.isWhole) return this.#heardTurn(item, audioMs);
    entry.audioMs = audioMs;
    return undefined;
  }

  /** No more words come for the items of the response; returns the turns that only waited for them. */
  onResponseDone(responseId: string): Turn[] {
    const ended = [...this.#entries].filter(([, entry]) => entry.responseId === responseId);
    for (const [, entry] of ended) entry.isWhole = true;
    return ended.flatMap(([key, { audioMs }]) =>
      audioMs === undefined ? [] : [this.#finish(key, { isInterrupted: false, ...durations(audioMs) })],
    );
  }

  /** The call is over: turns that were heard and still wait for words go with what there is. */
  close(): Turn[] {
    return [...this.#entries].flatMap(([key, { audioMs }]) =>
      audioMs === undefined ? [] : [this.#finish(key, { isInterrupted: false, ...durations(audioMs) })],
    );
  }

  /** The turn that remains of an item after a cut; undefined when nothing of it was heard. */
  onCorrected({ kind, item, span }: Correction): Turn | undefined {
    const key = keyOf(item);
    if (kind === 'delete') {
      this.#entries.delete(key);
      return undefined;
    }
    if (kind === 'keep')
      return this.#finish(key, { isInterrupted: false, ...durations(span.heardMs, span.generatedMs) });
    if (span.heardMs === 0) {
      this.#entries.delete(key);
      return undefined;
    }
    const entry = this.#entry(item);
    entry.text = heardPart(entry.text, span);
    return this.#finish(key, { isInterrupted: true, ...durations(span.heardMs, span.generatedMs) });
  }

  /** The callee begins to speak. */
  onCalleeStarted(itemId: string, atMs: number): void {
    this.#calleeStarts.set(itemId, atMs);
  }

  /** The session is lost: what the callee said last gets other names in the next one. */
  onLost(): void {
    this.#calleeStarts.clear();
  }

  /** The callee's words, which may have got lost; undefined when there were none. */
  onCalleeText(itemId: string, text: string | undefined, nowMs: number): Turn | undefined {
    const startedAtMs = this.#calleeStarts.get(itemId) ?? nowMs;
    this.#calleeStarts.delete(itemId);
    const said = text === undefined ? NOT_WRITTEN_DOWN : text.trim();
    return said === '' ? undefined : { speaker: 'callee', text: said, startedAtMs, isInterrupted: false };
  }

  #heardTurn(item: ItemRef, audioMs: number): Turn {
    return this.#finish(keyOf(item), { isInterrupted: false, ...durations(audioMs) });
  }

  #finish(key: string, heard: Pick<Turn, 'isInterrupted' | 'heardMs' | 'audioMs'>): Turn {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return { speaker: 'assistant', text: entry?.text ?? '', startedAtMs: entry?.startedAtMs ?? 0, ...heard };
  }

  #entry(item: ItemRef): Entry {
    const key = keyOf(item);
    const known = this.#entries.get(key);
    if (known) return known;
    const { responseId } = item;
    const entry: Entry = { responseId, text: '', isWhole: false, startedAtMs: undefined, audioMs: undefined };
    this.#entries.set(key, entry);
    return entry;
  }
}

function keyOf({ itemId, contentIndex }: ItemRef): string {
  return `${itemId}/${contentIndex}`;
}

function durations(heardMs: number, audioMs = heardMs): { readonly heardMs: number; readonly audioMs: number } {
  return { heardMs: Math.floor(heardMs), audioMs: Math.floor(audioMs) };
}
