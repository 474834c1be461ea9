// What to tell the model after its speech was cut off. Pure: the playout says how far each item got, this says what
// follows from it. The server never knows what the callee heard, and a wrong correction is lost or lies to the model.

import type { ItemRef } from '../calls/conversation-ports';
import type { ClearedSpan } from './playout/playout-span';

/** The correction of one item. */
export type Correction =
  /** Heard to its end: truncating would erase its transcript for nothing. */
  | { readonly kind: 'keep'; readonly item: ItemRef; readonly span: ClearedSpan }
  /** Heard in part: the rest never happened. `heardMs` is an integer and never more than was sent. */
  | { readonly kind: 'truncate'; readonly item: ItemRef; readonly heardMs: number; readonly span: ClearedSpan }
  /** Not heard at all. */
  | { readonly kind: 'delete'; readonly item: ItemRef; readonly span: ClearedSpan };

// Less than a frame is not speech, and the server refuses to truncate at nothing.
const AUDIBLE_MS = 20;

/** Decides for each item, in playing order. */
export function planCorrections(cleared: readonly ClearedSpan[]): Correction[] {
  const heardItems = new Set(cleared.filter(isHeard).map(({ item }) => item.itemId));
  return cleared.map((span) => {
    const { item, sentMs, generatedMs, isFinished } = span;
    const heardMs = Math.floor(Math.min(span.heardMs, sentMs));
    if (isFinished && heardMs > 0 && generatedMs - heardMs < AUDIBLE_MS) return { kind: 'keep', item, span };
    // Deleting takes the whole item, the parts that were heard included.
    if (isHeard(span) || heardItems.has(item.itemId)) return { kind: 'truncate', item, heardMs, span };
    return { kind: 'delete', item, span };
  });
}

function isHeard({ heardMs, sentMs }: ClearedSpan): boolean {
  return Math.min(heardMs, sentMs) >= AUDIBLE_MS;
}
