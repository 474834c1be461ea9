// What tokens cost: a dated price table and the arithmetic. Old calls are never repriced; their cost is in the record.
// Source: OpenAI model pages, read in November 2026. US dollars per million tokens.

import { type CallUsage, NO_USAGE } from '../calls/call';
import type { ResponseUsage, TranscriptionUsage } from './realtime-protocol';

type ModelPrice = {
  readonly textIn: number;
  readonly textCached: number;
  readonly textOut: number;
  readonly audioIn: number;
  readonly audioCached: number;
  readonly audioOut: number;
};

const FULL: ModelPrice = { textIn: 4, textCached: 0.4, textOut: 24, audioIn: 32, audioCached: 0.4, audioOut: 64 };
const FULL_BEFORE_2: ModelPrice = { ...FULL, textOut: 16 };
const MINI: ModelPrice = { textIn: 0.6, textCached: 0.06, textOut: 2.4, audioIn: 10, audioCached: 0.3, audioOut: 20 };

const MODEL_PRICES: Readonly<Record<string, ModelPrice>> = {
  'gpt-realtime-2.1': FULL,
  'gpt-realtime-2.1-mini': MINI,
  'gpt-realtime-2': FULL,
  'gpt-realtime-1.5': FULL_BEFORE_2,
  'gpt-realtime': FULL_BEFORE_2,
  'gpt-realtime-mini': MINI,
};

type TranscriptionPrice = { readonly tokensIn: number; readonly tokensOut: number; readonly perMinute: number };

const TRANSCRIPTION_PRICES: Readonly<Record<string, TranscriptionPrice>> = {
  'gpt-4o-mini-transcribe': { tokensIn: 1.25, tokensOut: 5, perMinute: 0.003 },
};

const PER_MILLION = 1_000_000;
const SECONDS_PER_MINUTE = 60;

/** The usage of one response with its price; `costUsd` is null for a model that the table does not have. */
export function priceResponse(model: string, usage: ResponseUsage | null | undefined): CallUsage {
  const input = usage?.input_token_details ?? {};
  const output = usage?.output_token_details ?? {};
  const counts = {
    inputTextTokens: input.text_tokens ?? 0,
    inputAudioTokens: input.audio_tokens ?? 0,
    cachedInputTokens: input.cached_tokens ?? 0,
    outputTextTokens: output.text_tokens ?? 0,
    outputAudioTokens: output.audio_tokens ?? 0,
  };
  const price = MODEL_PRICES[undated(model)];
  const cached = cachedByModality(usage);
  const costUsd = price
    ? ((counts.inputTextTokens - cached.text) * price.textIn +
        cached.text * price.textCached +
        (counts.inputAudioTokens - cached.audio) * price.audioIn +
        cached.audio * price.audioCached +
        counts.outputTextTokens * price.textOut +
        counts.outputAudioTokens * price.audioOut) /
      PER_MILLION
    : null;
  return { responses: 1, ...counts, costUsd };
}

/** The price of transcribing one turn of the callee: a cost beside the model's own tokens, which it does not add to. */
export function priceTranscription(model: string, usage: TranscriptionUsage | null | undefined): CallUsage {
  const price = TRANSCRIPTION_PRICES[undated(model)];
  if (!usage) return NO_USAGE;
  return { ...NO_USAGE, costUsd: price ? transcriptionCost(price, usage) : null };
}

/** A snapshot costs what its model costs: gpt-realtime-mini-2025-12-15 is a gpt-realtime-mini. */
function undated(model: string): string {
  return model.replace(/-\d{4}-\d{2}-\d{2}$/, '');
}

function transcriptionCost(price: TranscriptionPrice, usage: TranscriptionUsage): number {
  if (usage.type === 'duration') return ((usage.seconds ?? 0) / SECONDS_PER_MINUTE) * price.perMinute;
  return ((usage.input_tokens ?? 0) * price.tokensIn + (usage.output_tokens ?? 0) * price.tokensOut) / PER_MILLION;
}

/** Cached tokens are part of the input tokens; without their own split they follow the split of the input. */
function cachedByModality(usage: ResponseUsage | null | undefined): { readonly text: number; readonly audio: number } {
  const input = usage?.input_token_details ?? {};
  const split = input.cached_tokens_details;
  if (split) return { text: split.text_tokens ?? 0, audio: split.audio_tokens ?? 0 };
  const text = input.text_tokens ?? 0;
  const audio = input.audio_tokens ?? 0;
  const share = text + audio === 0 ? 0 : (input.cached_tokens ?? 0) / (text + audio);
  return { text: text * share, audio: audio * share };
}
