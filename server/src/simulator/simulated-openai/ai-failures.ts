// The errors that tests and scripts need most often, in the words of the real server: for `fail` of a turn, and for
// `emitError` of a session.

import type { AiFailure } from './ai-script';

/** Errors of OpenAI's, by what they mean. */
export const aiFailures = {
  /** Too much in too short a time; the message says when to try again. */
  rateLimit: (retryAfterMs: number): AiFailure => ({
    type: 'rate_limit_exceeded',
    code: 'rate_limit_exceeded',
    message: `Rate limit reached for gpt-realtime on tokens per min (TPM). Please try again in ${retryAfterMs}ms.`,
  }),
  /** Passes by itself. */
  serverError: (): AiFailure => ({
    type: 'server_error',
    code: 'server_error',
    message: 'The server had an error while processing your request. Sorry about that!',
  }),
  /** The account has run out of money: nothing works until somebody pays. */
  insufficientQuota: (): AiFailure => ({
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  }),
} as const;
