// What was said in a conversation and what of it was heard, in the order in which it was begun: all that a session which
// takes the place of a lost one can be told. Goes by what passes between the bridge and the sessions.

import type { AssistantText, HistoryItem, ItemRef } from '../../calls/conversation-ports';
import type { ToolCall } from '../../calls/speech';
import { heardPart } from '../heard-words';

type CalleeTurn = {
  readonly kind: 'callee';
  itemId: string;
  /** Undefined until it is written down. */
  text: string | undefined;
};
type AssistantTurn = {
  readonly kind: 'assistant';
  readonly item: ItemRef;
  text: string;
  audioBytes: number;
  /** Cut off: what still comes of it was not heard. */
  isCut: boolean;
};
type ToolUse = { readonly kind: 'tool'; readonly call: ToolCall; output: string | undefined };
type Message = { readonly kind: 'message'; readonly role: 'system' | 'user' | 'assistant'; readonly text: string };
type Entry = CalleeTurn | AssistantTurn | ToolUse | Message;

/** What was told to be heard less of: all its words, and those that were heard. */
export type Cut = { readonly text: string; readonly heard: string };

// A model that knows the last dozens of turns goes on well; more would be paid for with every answer.
const MAX_ENTRIES = 100;
const MAX_CHARS = 24_000;

// The callee did say something here.
const NOT_WRITTEN_DOWN = '[could not be understood]';

/** The memory of one call. */
export class ConversationMemory {
  readonly #bytesPerMs: number;
  #entries: Entry[] = [];
  /** Places of turns that the lost session had not written down, and the next one hears again. */
  #unwritten: CalleeTurn[] = [];

  /** @param bytesPerMs Of the AI's audio. */
  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** The conversation so far, the oldest of it left out when there is too much. */
  history(): HistoryItem[] {
    this.#forgetOldest();
    return this.#entries.flatMap((entry) => historyItem(entry) ?? []);
  }

  /** The callee begins to speak: here is the place of the words. */
  onSpeechStarted(itemId: string): void {
    const again = this.#unwritten.shift();
    if (again) again.itemId = itemId;
    else this.#add({ kind: 'callee', itemId, text: undefined });
  }

  onCalleeText(itemId: string, text = NOT_WRITTEN_DOWN): void {
    const turn = this.#entries.find((entry) => entry.kind === 'callee' && entry.itemId === itemId);
    if (turn?.kind === 'callee') turn.text = text;
    else this.#add({ kind: 'callee', itemId, text });
  }

  onAssistantText(item: ItemRef, text: AssistantText): void {
    const turn = this.#assistantTurn(item) ?? this.#addAssistantTurn(item);
    if (turn.isCut) return;
    turn.text = 'whole' in text ? text.whole : turn.text + text.delta;
  }

  onAssistantAudio(item: ItemRef, bytes: number): void {
    const turn = this.#assistantTurn(item) ?? this.#addAssistantTurn(item);
    if (!turn.isCut) turn.audioBytes += bytes;
  }

  onToolCall(call: ToolCall): void {
    this.#add({ kind: 'tool', call, output: undefined });
  }

  onToolOutput(toolCallId: string, output: string): void {
    const use = this.#entries.find((entry) => entry.kind === 'tool' && entry.call.toolCallId === toolCallId);
    if (use?.kind === 'tool') use.output ??= output;
  }

  addMessage(role: Message['role'], text: string): void {
    this.#add({ kind: 'message', role, text });
  }

  /** Only so much of the item was heard. */
  truncate(item: ItemRef, heardMs: number): Cut | undefined {
    const turn = this.#assistantTurn(item);
    if (!turn || turn.isCut) return undefined;
    const { text } = turn;
    turn.text = heardPart(text, { heardMs, generatedMs: turn.audioBytes / this.#bytesPerMs });
    turn.isCut = true;
    return { text, heard: turn.text };
  }

  /** Nothing of the item was heard. */
  deleteItem(itemId: string): Cut | undefined {
    const turn = this.#entries.find((entry) => entry.kind === 'assistant' && entry.item.itemId === itemId);
    if (turn?.kind !== 'assistant') return undefined;
    // What still comes of it must not bring it back.
    const { text } = turn;
    turn.text = '';
    turn.isCut = true;
    return { text, heard: '' };
  }

  /**
   * The session is lost: the next one hears the callee's words again that were not written down. What came before words
   * that were is not waited for any more, and is not heard again.
   */
  onLost(): void {
    const turns = this.#entries.filter((entry) => entry.kind === 'callee');
    this.#unwritten = turns.slice(turns.findLastIndex(({ text }) => text !== undefined) + 1);
  }

  /** Whatever the callee says from here on is new. */
  onCaughtUp(): void {
    this.#unwritten = [];
  }

  #assistantTurn({ itemId, contentIndex }: ItemRef): AssistantTurn | undefined {
    const turn = this.#entries.findLast(
      (entry) => entry.kind === 'assistant' && entry.item.itemId === itemId && entry.item.contentIndex === contentIndex,
    );
    return turn?.kind === 'assistant' ? turn : undefined;
  }

  #addAssistantTurn(item: ItemRef): AssistantTurn {
    const turn: AssistantTurn = { kind: 'assistant', item, text: '', audioBytes: 0, isCut: false };
    this.#add(turn);
    return turn;
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    let [entries, chars] = [0, 0];
    const isTooMuch = (entry: Entry): boolean => {
      entries += 1;
      chars += lengthOf(entry);
      return entries > MAX_ENTRIES || chars > MAX_CHARS;
    };
    const first = this.#entries.findLastIndex(isTooMuch) + 1;
    if (first > 0) this.#entries.splice(0, first);
  }
}

/** Words that never sounded, or were never written down, were not said. */
function historyItem(entry: Entry): HistoryItem | undefined {
  if (entry.kind === 'message') return entry;
  if (entry.kind === 'tool') {
    const { toolCallId, name, argumentsJson } = entry.call;
    return { kind: 'tool', toolCallId, name, argumentsJson, output: entry.output };
  }
  const { text = '' } = entry;
  if (text.trim() === '') return undefined;
  if (entry.kind === 'callee') return { kind: 'message', role: 'user', text };
  return entry.audioBytes === 0 ? undefined : { kind: 'message', role: 'assistant', text };
}

function lengthOf(entry: Entry): number {
  if (entry.kind !== 'tool') return entry.text?.length ?? 0;
  return entry.call.argumentsJson.length + (entry.output ?? '').length;
}
