// Tells the model what the callee heard of a speech that was cut off, and lets nothing through that still comes of it:
// late audio, late words, items that begin after the cut.

import type { ItemRef, RealtimeSession } from '../calls/conversation-ports';
import type { Correction } from './barge-in';

/** Corrects the model's memory of one call. */
export class Corrector {
  readonly #session: Pick<RealtimeSession, 'truncate' | 'deleteItem'>;
  #activeResponseId: string | undefined;
  /** Responses that were cut off, with the items already dealt with: what still arrives of them is dropped. */
  readonly #discarded = new Map<string, Set<string>>();
  /** Items nobody heard, to be deleted when their response is done. */
  readonly #unheard = new Map<string, string[]>();

  constructor(session: Pick<RealtimeSession, 'truncate' | 'deleteItem'>) {
    this.#session = session;
  }

  /** True while the model is making a response. */
  get isResponding(): boolean {
    return this.#activeResponseId !== undefined;
  }

  /** The response that the model is making. */
  get activeResponseId(): string | undefined {
    return this.#activeResponseId;
  }

  onResponseStarted(responseId: string, isUnwanted: boolean): void {
    this.#activeResponseId = responseId;
    if (isUnwanted) this.#discarded.set(responseId, new Set());
  }

  isDiscarded(responseId: string): boolean {
    return this.#discarded.has(responseId);
  }

  /** An item that began after the cut was never heard: the model must not believe that it said it. */
  dropLate(item: ItemRef): void {
    const handled = this.#discarded.get(item.responseId);
    if (!handled || handled.has(item.itemId)) return;
    handled.add(item.itemId);
    this.#deleteUnheard(item);
  }

  /**
   * What is still to come of the response that is being made is dropped; `itemIds` are dealt with. A second cut must not
   * forget what the first one dealt with.
   */
  discardActive(itemIds: readonly string[]): void {
    if (this.#activeResponseId === undefined) return;
    const handled = this.#discarded.get(this.#activeResponseId) ?? [];
    this.#discarded.set(this.#activeResponseId, new Set([...handled, ...itemIds]));
  }

  /** Tells the model what was heard of one item. */
  correct(correction: Correction): void {
    if (correction.kind === 'truncate') this.#session.truncate(correction.item, correction.heardMs);
    if (correction.kind === 'delete') this.#deleteUnheard(correction.item);
  }

  onResponseDone(responseId: string): void {
    if (this.#activeResponseId === responseId) this.#activeResponseId = undefined;
    this.#discarded.delete(responseId);
    for (const itemId of this.#unheard.get(responseId) ?? []) this.#session.deleteItem(itemId);
    this.#unheard.delete(responseId);
  }

  /** An item that is still being made cannot be deleted yet. */
  #deleteUnheard({ responseId, itemId }: ItemRef): void {
    if (responseId !== this.#activeResponseId) return this.#session.deleteItem(itemId);
    this.#unheard.set(responseId, [...(this.#unheard.get(responseId) ?? []), itemId]);
  }
}
