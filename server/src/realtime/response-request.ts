// What the AI is told and asked to say, in the words of the wire.

import type { ConversationItem, ResponseCreateEvent } from 'openai/resources/realtime/realtime';
import type { RequestedResponse } from '../calls/conversation-ports';
import type { SpeechRequest } from '../calls/speech';
import { assertNever } from '../lib/assert-never';
import type { SequencedRequest } from './request-queue';

/** The settings of one response; an empty object is a plain response. */
export type ResponseBody = Omit<NonNullable<ResponseCreateEvent['response']>, 'metadata'>;

/** The response that does what is asked; `instructions` are those of the session. */
export function responseBody({ content, mayUseTools }: SpeechRequest, instructions: string): ResponseBody {
  const tools: ResponseBody = mayUseTools === true ? {} : { tool_choice: 'none' };
  switch (content.kind) {
    case 'words':
      // No context: nothing in it could add to the words, and nothing of it is paid for.
      return { tool_choice: 'none', input: [], instructions: exactly(content.words) };
    case 'directive':
      // Instructions of a response stand in for those of the session: both are needed, or the AI would forget who it is.
      return { ...tools, instructions: `${instructions}\n\n${content.directive}` };
    case 'answer':
      return tools;
    default:
      return assertNever(content);
  }
}

/** The request as it waits for its turn: its words depend on the instructions that hold when it has it. */
export function sequencedRequest(request: RequestedResponse, instructions: () => string): SequencedRequest {
  const { requestId, content, isMootWhenAnswered = false, isProtected = false } = request;
  return {
    requestId,
    isAnswer: content.kind === 'answer',
    isMootWhenAnswered,
    isProtected,
    get response() {
      return responseBody(request, instructions());
    },
  };
}

/** A message of the conversation. */
export function messageItem(role: 'system' | 'user', text: string): ConversationItem {
  return { type: 'message', role, content: [{ type: 'input_text', text }] };
}

function exactly(words: string): string {
  return `Say exactly the following words and nothing else: ${JSON.stringify(words)}`;
}
