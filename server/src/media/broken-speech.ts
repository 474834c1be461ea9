// What to ask a new session for when the lost one broke off in the middle of a response that the callee was listening to.

import type { RequestedResponse } from '../calls/conversation-ports';
import type { SpeechRequest } from '../calls/speech';
import type { BrokenResponse } from './callee-speeches';
import { restOfWords } from './heard-words';
import { goOnAfter, goOnWithToolAfter } from './session/resume-notes';

/** A response that broke off, and what is asked for in its place, if anything. */
export type BrokenSpeech = BrokenResponse & { readonly again: RequestedResponse | undefined };

/** How far the model came: what the callee hears of it, and whether the last of that was broken off. */
export type Made = { readonly said: string; readonly isBrokenOff: boolean };

/** What goes on with a response that was made so far; undefined when that is all of it. */
export function requestAfterLoss(
  request: SpeechRequest | undefined,
  { said, isBrokenOff }: Made,
): SpeechRequest | undefined {
  const mayUseTools = request === undefined || request.mayUseTools === true;
  // Behind the last word of a sentence, a response either ends at once or goes on with a tool.
  if (!isBrokenOff && !mayUseTools) return undefined;
  if (request?.content.kind === 'words') {
    const words = restOfWords(request.content.words, said);
    return words === '' ? undefined : { ...request, content: { kind: 'words', words } };
  }
  const isProtected = request?.isProtected === true;
  const directive = isBrokenOff ? goOnAfter(said) : goOnWithToolAfter(said);
  const content = { kind: 'directive', directive } as const;
  // Whatever the callee says meanwhile is answered instead, as after any other interruption.
  return {
    ...request,
    content,
    isProtected,
    mayUseTools,
    isMootWhenAnswered: !isProtected,
  };
}
