/** One output item of a response: the events of its life, and what of it has been sent. */
import { assertNever } from '../../lib/assert-never';
import type { Conversation, ConversationItem, ItemStatus } from './conversation';
import type { OutputKind } from './response-plan';
import { itemOnWire, obfuscation, type Emit, type WireEvent } from './wire-events';

/** Where an output item belongs. */
export type OutputPlace = {
  readonly responseId: string;
  readonly outputIndex: number;
  /** Absent for a response outside the conversation. */
  readonly conversation: Conversation | undefined;
};

/** An output item between its `added` and its `done`. */
export class ResponseOutput {
  readonly item: ConversationItem;
  readonly #kind: OutputKind;
  readonly #place: OutputPlace;
  readonly #emit: Emit;
  #previousItemId: string | null = null;
  #text = '';
  #isEnded = false;

  constructor(item: ConversationItem, kind: OutputKind, wiring: OutputPlace & { readonly emit: Emit }) {
    const { emit, ...place } = wiring;
    this.item = item;
    this.#kind = kind;
    this.#place = place;
    this.#emit = emit;
  }

  /** Whether its last event is sent. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Text or arguments sent so far, kept even where the conversation has truncated them. */
  get text(): string {
    return this.#text;
  }

  /** Announces the item. */
  start(): void {
    this.#previousItemId = this.#place.conversation?.add(this.item) ?? null;
    const item = itemOnWire(this.item, 'empty');
    this.#emit({ type: 'response.output_item.added', ...this.#ids('response'), item });
    this.#emitConversationItem('conversation.item.added', item);
    if (this.#kind === 'function_call') return;
    this.#emit({ type: 'response.content_part.added', ...this.#ids('content'), part: this.#part('') });
  }

  /** Sends a piece of text, transcript or arguments. */
  sendText(delta: string): void {
    this.#text += delta;
    // A truncated item has lost its text for good, even if the model is still speaking it.
    if (this.item.truncatedToMs === undefined) this.item.text = this.#text;
    const padding = { delta, obfuscation: obfuscation(delta) };
    switch (this.#kind) {
      case 'audio':
        return this.#emit({ type: 'response.output_audio_transcript.delta', ...this.#ids('content'), ...padding });
      case 'text':
        return this.#emit({ type: 'response.output_text.delta', ...this.#ids('content'), ...padding });
      case 'function_call':
        return this.#emit({ type: 'response.function_call_arguments.delta', ...this.#ids('call'), ...padding });
    }
  }

  /** Sends a piece of audio. */
  sendAudio(base64: string, ms: number): void {
    this.item.audioMs += ms;
    this.#emit({ type: 'response.output_audio.delta', ...this.#ids('content'), delta: base64 });
  }

  /** Ends the item, complete or cut short. */
  end(status: ItemStatus): void {
    this.#isEnded = true;
    this.item.status = status;
    for (const event of this.#closingEvents()) this.#emit(event);
    const item = this.onWire();
    this.#emit({ type: 'response.output_item.done', ...this.#ids('response'), item });
    this.#emitConversationItem('conversation.item.done', item);
  }

  /** The item as `response.done` lists it. */
  onWire(): Record<string, unknown> {
    return itemOnWire({ ...this.item, text: this.#text });
  }

  #closingEvents(): readonly WireEvent[] {
    const content = this.#ids('content');
    const partDone = { type: 'response.content_part.done', ...content, part: this.#part(this.#text) };
    switch (this.#kind) {
      case 'audio':
        return [
          { type: 'response.output_audio.done', ...content },
          { type: 'response.output_audio_transcript.done', ...content, transcript: this.#text },
          partDone,
        ];
      case 'text':
        return [{ type: 'response.output_text.done', ...content, text: this.#text }, partDone];
      case 'function_call': {
        const call = { ...this.#ids('call'), name: this.item.name, arguments: this.#text };
        return [{ type: 'response.function_call_arguments.done', ...call }];
      }
      default:
        return assertNever(this.#kind);
    }
  }

  #emitConversationItem(type: string, item: Record<string, unknown>): void {
    if (this.#place.conversation === undefined) return;
    this.#emit({ type, previous_item_id: this.#previousItemId, item });
  }

  #ids(level: 'response' | 'content' | 'call'): Record<string, unknown> {
    const base = { response_id: this.#place.responseId, output_index: this.#place.outputIndex };
    if (level === 'response') return base;
    const own = { ...base, item_id: this.item.id };
    return level === 'call' ? { ...own, call_id: this.item.callId } : { ...own, content_index: 0 };
  }

  /** The part's type is `audio`, unlike the content type `output_audio` of the same thing in an item. */
  #part(text: string): object {
    return this.#kind === 'audio' ? { type: 'audio', transcript: text } : { type: 'text', text };
  }
}
