/** The conversation of one session: its items in order, and the rules for truncating and deleting them. */
import { ClientMistake } from './client-mistake';

const TOKENS_PER_CHAR = 0.25;
const INPUT_AUDIO_MS_PER_TOKEN = 100;
const OUTPUT_AUDIO_MS_PER_TOKEN = 50;

/** What an item is about. */
export type ItemType = 'message' | 'function_call' | 'function_call_output' | 'mcp_approval_response';

/** How complete an item is. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** One item as the server knows it; fields of wire names are in `itemOnWire`. */
export type ConversationItem = {
  readonly id: string;
  readonly type: ItemType;
  readonly role?: 'system' | 'user' | 'assistant';
  status: ItemStatus;
  /** What was said or written; a tool call's arguments, or its output. Empty once truncated, as on the real server. */
  text: string;
  /** Whether `text` was spoken: audio the client appended, or audio the model made. */
  readonly isAudio: boolean;
  /** For model audio, what has been sent so far. */
  audioMs: number;
  truncatedToMs?: number;
  deleted?: true;
  readonly callId?: string;
  readonly name?: string;
};

/** Tokens by kind. */
export type TokenCount = { readonly text: number; readonly audio: number };

/** The items of one session. Deleted ones stay visible to tests, marked as such. */
export class Conversation {
  readonly id: string;
  readonly #items: ConversationItem[] = [];

  constructor(id: string) {
    this.id = id;
  }

  /** Every item there ever was, in order. */
  get items(): readonly Readonly<ConversationItem>[] {
    return this.#items;
  }

  /** Whether a tool call with this id was made. */
  hasCall(callId: string): boolean {
    return this.#live().some((item) => item.type === 'function_call' && item.callId === callId);
  }

  /** Whether a tool call with this id has its output already. */
  hasOutput(callId: string): boolean {
    return this.#live().some((item) => item.type === 'function_call_output' && item.callId === callId);
  }

  /** Finds an item that is not deleted. */
  find(itemId: string): ConversationItem | undefined {
    return this.#live().find((item) => item.id === itemId);
  }

  /** Adds an item after another (`root` for the front, absent for the end); returns the id of the one before it. */
  add(item: ConversationItem, previousItemId?: string | null): string | null {
    if (this.#items.some((known) => known.id === item.id)) {
      throw new ClientMistake('invalid_value', `An item with id '${item.id}' already exists.`, 'item.id');
    }
    const index = this.#indexAfter(previousItemId);
    const before = this.#items.slice(0, index).findLast((known) => known.deleted !== true);
    this.#items.splice(index, 0, item);
    return before?.id ?? null;
  }

  /** Cuts an assistant's audio item down to what was heard. */
  truncate(cut: { readonly itemId: string; readonly contentIndex: number; readonly audioEndMs: number }): void {
    const item = this.find(cut.itemId);
    if (item === undefined) throw notFound('item_truncate_invalid_item_id', cut.itemId);
    const audioMs = item.truncatedToMs ?? item.audioMs;
    if (item.role !== 'assistant' || !item.isAudio || item.audioMs === 0) {
      throw new ClientMistake(null, 'Only model output audio messages can be truncated');
    }
    if (cut.contentIndex !== 0) {
      throw new ClientMistake('invalid_value', `Content index ${cut.contentIndex} does not exist.`, 'content_index');
    }
    if (cut.audioEndMs < 0) {
      throw new ClientMistake('invalid_value', "Invalid value: 'audio_end_ms' must be 0 or more.", 'audio_end_ms');
    }
    if (cut.audioEndMs > audioMs) {
      const message = `Audio content of ${Math.floor(audioMs)}ms is already shorter than ${cut.audioEndMs}ms`;
      throw new ClientMistake('invalid_value', message, 'audio_end_ms');
    }
    item.truncatedToMs = cut.audioEndMs;
    item.text = '';
  }

  /** Removes an item from what the model knows. */
  delete(itemId: string): void {
    const item = this.find(itemId);
    if (item === undefined) throw notFound('item_delete_invalid_item_id', itemId);
    item.deleted = true;
  }

  /** Size of what the model would be given now, without instructions. */
  tokens(): TokenCount {
    return this.#live().reduce<TokenCount>((sum, item) => addTokens(sum, itemTokens(item)), { text: 0, audio: 0 });
  }

  #indexAfter(previousItemId: string | null | undefined): number {
    if (previousItemId === undefined || previousItemId === null) return this.#items.length;
    if (previousItemId === 'root') return 0;
    const index = this.#items.findIndex((item) => item.id === previousItemId && item.deleted !== true);
    if (index < 0) throw notFound('invalid_value', previousItemId);
    return index + 1;
  }

  #live(): ConversationItem[] {
    return this.#items.filter((item) => item.deleted !== true);
  }
}

/** The refusal of an event about an item that is not there. */
export function notFound(code: string, itemId: string): ClientMistake {
  return new ClientMistake(code, `Item with item_id not found: ${itemId}`, 'item_id');
}

/** Estimated tokens of a text. */
export function textTokens(text: string): number {
  return Math.ceil(text.length * TOKENS_PER_CHAR);
}

/** Tokens of audio that the model made. */
export function outputAudioTokens(audioMs: number): number {
  return Math.ceil(audioMs / OUTPUT_AUDIO_MS_PER_TOKEN);
}

/** Tokens of audio that the callee spoke. */
export function inputAudioTokens(audioMs: number): number {
  return Math.ceil(audioMs / INPUT_AUDIO_MS_PER_TOKEN);
}

/** Adds two counts. */
export function addTokens(a: TokenCount, b: TokenCount): TokenCount {
  return { text: a.text + b.text, audio: a.audio + b.audio };
}

/** Spoken items count by their audio alone: the model hears them, it does not read them. */
function itemTokens(item: ConversationItem): TokenCount {
  if (!item.isAudio) return { text: textTokens(item.text), audio: 0 };
  const audioMs = item.truncatedToMs ?? item.audioMs;
  return { text: 0, audio: item.role === 'user' ? inputAudioTokens(audioMs) : outputAudioTokens(audioMs) };
}
