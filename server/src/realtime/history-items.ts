// The conversation so far, as the items by which a new session gets to know it.

import type { ConversationItem, RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { HistoryItem } from '../calls/conversation-ports';
import { messageItem } from './response-request';

type Message = Extract<HistoryItem, { kind: 'message' }>;
type ToolUse = Extract<HistoryItem, { kind: 'tool' }>;

/** The events that put the history into a conversation. Each can be refused by itself, which its id then tells. */
export function historyEvents(history: readonly HistoryItem[]): RealtimeClientEvent[] {
  return history.flatMap(itemsOf).map((item, index) => ({
    type: 'conversation.item.create',
    event_id: `history-${index + 1}`,
    item,
  }));
}

function itemsOf(item: HistoryItem): ConversationItem[] {
  if (item.kind === 'tool') return toolItems(item);
  // An item without a word tells the model nothing, and may be refused.
  return item.text.trim() === '' ? [] : [textItem(item)];
}

/** What the AI has said is text from now on: its audio cannot be given to a session that did not make it. */
function textItem({ role, text }: Message): ConversationItem {
  if (role !== 'assistant') return messageItem(role, text);
  return { type: 'message', role, content: [{ type: 'output_text', text }] };
}

/** A call without an output is one whose tool still runs. */
function toolItems({ toolCallId, name, argumentsJson, output }: ToolUse): ConversationItem[] {
  const call: ConversationItem = { type: 'function_call', call_id: toolCallId, name, arguments: argumentsJson };
  return output === undefined ? [call] : [call, { type: 'function_call_output', call_id: toolCallId, output }];
}
