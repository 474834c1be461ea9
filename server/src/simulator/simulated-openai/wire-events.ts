/** Server events and items in the shape they have on the wire. */
import { randomBytes } from 'node:crypto';
import { assertNever } from '../../lib/assert-never';
import type { ConversationItem } from './conversation';

/** Any event, in either direction. */
export type WireEvent = { readonly type: string; readonly [field: string]: unknown };

/** Sends one server event; the sender adds the event id. */
export type Emit = (event: WireEvent) => void;

/** What an item's content is at a moment: `empty` while it is only announced. */
export type ContentView = 'empty' | 'full';

/** Makes ids that are unique across sessions and at most 32 characters long. */
export class IdSource {
  readonly #tag = randomBytes(6).toString('hex');
  #count = 0;

  /** Returns the next id with a prefix such as `item`. */
  next(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${this.#tag}${this.#count.toString(36).padStart(6, '0')}`;
  }
}

/** An item as events carry it; its audio is never included. */
export function itemOnWire(item: Readonly<ConversationItem>, view: ContentView = 'full'): Record<string, unknown> {
  const common = { id: item.id, object: 'realtime.item', type: item.type, status: item.status };
  switch (item.type) {
    case 'function_call': {
      const args = view === 'full' ? item.text : '';
      return { ...common, name: item.name, call_id: item.callId, arguments: args };
    }
    case 'function_call_output':
      return { ...common, call_id: item.callId, output: item.text };
    case 'mcp_approval_response':
      return common;
    case 'message':
      return { ...common, role: item.role, content: view === 'full' ? [contentOf(item)] : [] };
    default:
      return assertNever(item.type);
  }
}

function contentOf(item: Readonly<ConversationItem>): object {
  if (item.role === 'assistant') {
    return item.isAudio ? { type: 'output_audio', transcript: item.text } : { type: 'output_text', text: item.text };
  }
  return item.isAudio
    ? { type: 'input_audio', transcript: item.text === '' ? null : item.text }
    : { type: 'input_text', text: item.text };
}

/** The padding that the real server adds to text deltas against guessing them by their length. */
export function obfuscation(delta: string): string {
  return 'x'.repeat(16 - (delta.length % 16));
}
