/** Token usage of a response, and of a transcription, in the shape and roughly the size of the real figures. */
import { addTokens, textTokens, type TokenCount } from './conversation';
import type { SessionConfig } from './session-config';
import type { WireEvent } from './wire-events';

/** The real cache works in blocks. */
const CACHE_BLOCK_TOKENS = 64;
const TOKENS_PER_MINUTE_LIMIT = 40_000;

/** The context of a response: what is fixed for the session, and the conversation so far. */
export type ContextCount = { readonly fixed: string; readonly tokens: TokenCount };

/** Counts what the model is given for a response; `instructions` replaces those of the session. */
export function countContext(config: SessionConfig, items: TokenCount, instructions?: string): ContextCount {
  const fixed = `${instructions ?? config.instructions}${JSON.stringify(config.tools)}`;
  return { fixed, tokens: addTokens({ text: textTokens(fixed), audio: 0 }, items) };
}

/** `response.usage`; everything that the previous response was given in the same words is cached. */
export function responseUsage(
  context: ContextCount,
  previous: ContextCount | undefined,
  output: TokenCount,
): Record<string, unknown> {
  const cached = cachedTokens(context, previous);
  const input = context.tokens;
  return {
    total_tokens: input.text + input.audio + output.text + output.audio,
    input_tokens: input.text + input.audio,
    output_tokens: output.text + output.audio,
    input_token_details: {
      text_tokens: input.text,
      audio_tokens: input.audio,
      image_tokens: 0,
      cached_tokens: cached.text + cached.audio,
      cached_tokens_details: { text_tokens: cached.text, audio_tokens: cached.audio, image_tokens: 0 },
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
  };
}

/** `rate_limits.updated`, as it comes just after a response. */
export function rateLimits(usedTokens: number): WireEvent {
  const remaining = Math.max(0, TOKENS_PER_MINUTE_LIMIT - usedTokens);
  const resetSeconds = (TOKENS_PER_MINUTE_LIMIT - remaining) / (TOKENS_PER_MINUTE_LIMIT / 60);
  return {
    type: 'rate_limits.updated',
    rate_limits: [{ name: 'tokens', limit: TOKENS_PER_MINUTE_LIMIT, remaining, reset_seconds: resetSeconds }],
  };
}

/** `usage` of a transcription: whisper-1 is billed by duration, the others by tokens. */
export function transcriptionUsage(model: string, audioMs: number, transcript: string): Record<string, unknown> {
  if (model === 'whisper-1') return { type: 'duration', seconds: Math.ceil(audioMs / 1000) };
  const input = Math.ceil(audioMs / 100);
  const output = textTokens(transcript);
  return {
    type: 'tokens',
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    input_token_details: { text_tokens: 0, audio_tokens: input },
  };
}

function cachedTokens(context: ContextCount, previous: ContextCount | undefined): TokenCount {
  if (previous === undefined || previous.fixed !== context.fixed) return { text: 0, audio: 0 };
  return {
    text: wholeBlocks(Math.min(previous.tokens.text, context.tokens.text)),
    audio: wholeBlocks(Math.min(previous.tokens.audio, context.tokens.audio)),
  };
}

function wholeBlocks(tokens: number): number {
  return Math.floor(tokens / CACHE_BLOCK_TOKENS) * CACHE_BLOCK_TOKENS;
}
