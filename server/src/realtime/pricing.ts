// What tokens cost: a dated price table and the arithmetic. Old calls are never repriced; their cost is in the record.
// Source: OpenAI model pages, read in November 2026. US dollars per million tokens.

import { NO_USAGE } from '../calls/call';
import { amountOf, type Charge, type CostItem, type CostItemKind, NO_SPENDING, type Spending } from '../calls/cost';
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

type ByModality = { readonly text: number; readonly audio: number };

type TranscriptionPrice = { readonly tokensIn: number; readonly tokensOut: number; readonly perMinute: number };

const TRANSCRIPTION_PRICES: Readonly<Record<string, TranscriptionPrice>> = {
  'gpt-4o-mini-transcribe': { tokensIn: 1.25, tokensOut: 5, perMinute: 0.003 },
};

const PRICES_AS_OF = '2026-11-20';
const PER_MILLION = 1_000_000;
const SECONDS_PER_MINUTE = 60;

/** The usage of one response with its price; without one for a model that the table does not have. */
export function priceResponse(model: string, responseId: string, usage: ResponseUsage | null | undefined): Spending {
  const { text_tokens: text, audio_tokens: audio } = usage?.input_token_details ?? {};
  const output = usage?.output_token_details ?? {};
  const input = { text: text ?? 0, audio: audio ?? 0 };
  const cached = cachedOf(input, usage);
  const counts = {
    inputTextTokens: input.text,
    inputAudioTokens: input.audio,
    cachedInputTokens: cached.text + cached.audio,
    outputTextTokens: output.text_tokens ?? 0,
    outputAudioTokens: output.audio_tokens ?? 0,
  };
  const price = MODEL_PRICES[undated(model)];
  const charge = priced({ source: 'response', reference: responseId, model }, [
    tokens('text-input', input.text - cached.text, price?.textIn),
    tokens('text-input-cached', cached.text, price?.textCached),
    tokens('audio-input', input.audio - cached.audio, price?.audioIn),
    tokens('audio-input-cached', cached.audio, price?.audioCached),
    tokens('text-output', counts.outputTextTokens, price?.textOut),
    tokens('audio-output', counts.outputAudioTokens, price?.audioOut),
  ]);
  return { usage: { responses: 1, ...counts, costUsd: price ? amountOf(charge) : null }, charge };
}

/** The price of transcribing one turn of the callee: a cost beside the model's own tokens, which it does not add to. */
export function priceTranscription(
  model: string,
  itemId: string,
  usage: TranscriptionUsage | null | undefined,
): Spending {
  if (!usage) return NO_SPENDING;
  const price = TRANSCRIPTION_PRICES[undated(model)];
  const charge = priced({ source: 'transcription', reference: itemId, model }, transcriptionItems(price, usage));
  return { usage: { ...NO_USAGE, costUsd: amountOf(charge) }, charge };
}

/** The models of these that have no price: whatever they cost is in no sum and under no limit. */
export function unpricedModels(models: { readonly model: string; readonly transcriptionModel: string }): string[] {
  const { model, transcriptionModel } = models;
  return [
    ...(MODEL_PRICES[undated(model)] ? [] : [model]),
    ...(TRANSCRIPTION_PRICES[undated(transcriptionModel)] ? [] : [transcriptionModel]),
  ];
}

/** A snapshot costs what its model costs: gpt-realtime-mini-2025-12-15 is a gpt-realtime-mini. */
function undated(model: string): string {
  return model.replace(/-\d{4}-\d{2}-\d{2}$/, '');
}

function transcriptionItems(price: TranscriptionPrice | undefined, usage: TranscriptionUsage): CostItem[] {
  if (usage.type === 'duration') {
    const perSecondUsd = price && price.perMinute / SECONDS_PER_MINUTE;
    return [item('transcription-audio', { quantity: usage.seconds ?? 0, unit: 'seconds', unitPriceUsd: perSecondUsd })];
  }
  return [
    tokens('transcription-input', usage.input_tokens ?? 0, price?.tokensIn),
    tokens('transcription-output', usage.output_tokens ?? 0, price?.tokensOut),
  ];
}

/** What was not used is no line. */
function priced(of: Pick<Charge, 'source' | 'reference' | 'model'>, items: readonly CostItem[]): Charge {
  return { ...of, pricesAsOf: PRICES_AS_OF, items: items.filter(({ quantity }) => quantity > 0) };
}

function tokens(kind: CostItemKind, quantity: number, perMillionUsd: number | undefined): CostItem {
  const unitPriceUsd = perMillionUsd === undefined ? undefined : perMillionUsd / PER_MILLION;
  return item(kind, { quantity, unit: 'tokens', unitPriceUsd });
}

function item(
  kind: CostItemKind,
  used: Pick<CostItem, 'quantity' | 'unit'> & { readonly unitPriceUsd: number | undefined },
): CostItem {
  const { quantity, unit, unitPriceUsd = null } = used;
  return { kind, quantity, unit, unitPriceUsd, amountUsd: unitPriceUsd === null ? null : quantity * unitPriceUsd };
}

/** Cached tokens are part of the input tokens; without a split of their own they follow that of the input. */
function cachedOf(input: ByModality, usage: ResponseUsage | null | undefined): ByModality {
  const { cached_tokens: cached, cached_tokens_details: split } = usage?.input_token_details ?? {};
  if (split) {
    return {
      text: Math.min(split.text_tokens ?? 0, input.text),
      audio: Math.min(split.audio_tokens ?? 0, input.audio),
    };
  }
  const total = input.text + input.audio;
  const both = Math.min(cached ?? 0, total);
  const text = total === 0 ? 0 : Math.round((both * input.text) / total);
  return { text, audio: both - text };
}
