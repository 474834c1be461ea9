// The tool calls of one session on the wire: which of the model's calls are to be run, and which results the server has.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { RealtimeListener } from '../calls/conversation-ports';
import type { OutputItem } from './realtime-protocol';

/** What the model learns of a tool that was not run because nobody wants the response any more. */
const NOT_RUN = JSON.stringify({ status: 'canceled', reason: 'interrupted' });

const OUTPUT_EVENT = 'tool-output-';

type Deps = {
  readonly send: (event: RealtimeClientEvent) => void;
  readonly listener: () => Pick<RealtimeListener, 'onToolCall' | 'onToolAnswered'> | undefined;
};

/** Calls and results of one session. */
export class ToolCalls {
  readonly #deps: Deps;
  /** Whose result the server has yet to confirm. */
  readonly #unconfirmed = new Set<string>();
  #responseId: string | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** True when a tool of this response was run: asking for the response again would run it again. */
  hasRun(responseId: string): boolean {
    return this.#responseId === responseId;
  }

  /** The result of a tool. */
  answer(toolCallId: string, output: string): void {
    this.#unconfirmed.add(toolCallId);
    const item = { type: 'function_call_output' as const, call_id: toolCallId, output };
    this.#deps.send({ type: 'conversation.item.create', event_id: `${OUTPUT_EVENT}${toolCallId}`, item });
  }

  /** Only a call that is complete, and of a response that is wanted, is run: the others were interrupted. */
  onItemDone(responseId: string, item: OutputItem, isWanted: boolean): void {
    const { type, status, call_id: toolCallId, name, arguments: argumentsJson } = item;
    if (type !== 'function_call' || status !== 'completed' || !toolCallId || !name) return;
    if (!isWanted) return this.answer(toolCallId, NOT_RUN);
    this.#responseId = responseId;
    this.#deps.listener()?.onToolCall({ toolCallId, responseId, name, argumentsJson: argumentsJson ?? '' });
  }

  /** The server has an item. */
  onItemAdded({ type, call_id: toolCallId }: OutputItem): void {
    if (type === 'function_call_output' && toolCallId) this.#confirm(toolCallId);
  }

  /** A result that the server does not take is as good as given: nobody may wait for it for ever. */
  onRefused(eventId: string): boolean {
    return eventId.startsWith(OUTPUT_EVENT) && this.#confirm(eventId.slice(OUTPUT_EVENT.length));
  }

  #confirm(toolCallId: string): boolean {
    if (!this.#unconfirmed.delete(toolCallId)) return false;
    this.#deps.listener()?.onToolAnswered(toolCallId);
    return true;
  }
}
