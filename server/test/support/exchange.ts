// The simplest conversation, in recorded voices: the AI opens, the callee asks, the AI answers, the callee hangs up.

import type { TestBridge } from './test-bridge';

/** Has every call from now on go that way. */
export function scriptExchange({ openai, telnyx }: TestBridge): void {
  openai.setDefaultScript({
    turns: [{ say: [{ clip: 'ai-acknowledge' }] }, { say: [{ clip: 'ai-acknowledge' }] }],
    hears: ['Sorry, where are you exactly?'],
  });
  telnyx.setDefaultScript({
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 600 },
      { do: 'say', clip: 'callee-question' },
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 600 },
      { do: 'hang-up' },
    ],
  });
}
