// What the AI is asked to say, in the words of a response.create.

import type { ResponseCreateEvent } from 'openai/resources/realtime/realtime';
import type { SpeechRequest } from '../calls/speech';
import { assertNever } from '../lib/assert-never';

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

function exactly(words: string): string {
  return `Say exactly the following words and nothing else: ${JSON.stringify(words)}`;
}
