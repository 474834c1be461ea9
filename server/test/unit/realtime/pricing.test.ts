// What a response and a transcription cost, by the prices of their models.

import type { CallUsage } from '../../../src/calls/call';
import { amountOf, type CostItemKind } from '../../../src/calls/cost';
import * as pricing from '../../../src/realtime/pricing';

const CAPTURED = {
  input_token_details: {
    text_tokens: 119,
    audio_tokens: 13,
    cached_tokens: 64,
    cached_tokens_details: { text_tokens: 64, audio_tokens: 0 },
  },
  output_token_details: { text_tokens: 30, audio_tokens: 91 },
};

const HALF_CACHED = {
  text_tokens: 50,
  audio_tokens: 30,
  cached_tokens: 40,
  cached_tokens_details: { text_tokens: 25, audio_tokens: 15 },
};

test('a captured response on 2.1-mini costs what the price page says', () => {
  // (119-64)*0.60 + 64*0.06 + 13*10 + 30*2.40 + 91*20 = 33 + 3.84 + 130 + 72 + 1820 = 2058.84 per million.
  expect(priceResponse('gpt-realtime-2.1-mini', CAPTURED).costUsd).toBeCloseTo(0.00205884, 12);
});

test('the same response on 2.1 costs more', () => {
  // 55*4 + 64*0.40 + 13*32 + 30*24 + 91*64 = 220 + 25.6 + 416 + 720 + 5824 = 7205.6 per million.
  expect(priceResponse('gpt-realtime-2.1', CAPTURED).costUsd).toBeCloseTo(0.0072056, 12);
});

test('text out of 1.5 has its own price', () => {
  const usage = { output_token_details: { text_tokens: 1_000_000 } };

  expect(priceResponse('gpt-realtime-1.5', usage).costUsd).toBe(16);
  expect(priceResponse('gpt-realtime-2', usage).costUsd).toBe(24);
});

test('cached audio has the cached price', () => {
  const input = { audio_tokens: 1_000_000, cached_tokens: 400_000, cached_tokens_details: { audio_tokens: 400_000 } };

  // 600,000 at 10 and 400,000 at 0.30.
  expect(priceResponse('gpt-realtime-2.1-mini', { input_token_details: input }).costUsd).toBeCloseTo(6.12, 10);
});

test('cached tokens without a split follow the split of the input', () => {
  const input = { text_tokens: 300_000, audio_tokens: 100_000, cached_tokens: 200_000 };

  // Cached: 150,000 text, 50,000 audio. 150,000*0.6 + 150,000*0.06 + 50,000*10 + 50,000*0.3 = 614,000 per million.
  expect(priceResponse('gpt-realtime-2.1-mini', { input_token_details: input }).costUsd).toBeCloseTo(0.614, 10);
});

test('counts are those of the usage', () => {
  expect(priceResponse('gpt-realtime-2.1', CAPTURED)).toMatchObject({
    responses: 1,
    inputTextTokens: 119,
    inputAudioTokens: 13,
    cachedInputTokens: 64,
    outputTextTokens: 30,
    outputAudioTokens: 91,
  });
});

describe('the lines of a charge', () => {
  const MODEL = 'gpt-realtime-2.1-mini';

  test('tell text, audio and what was cached of each apart, with its price', () => {
    const details = { text_tokens: 64, audio_tokens: 3 };
    const input = { ...CAPTURED.input_token_details, cached_tokens: 67, cached_tokens_details: details };

    expect(lines(MODEL, { ...CAPTURED, input_token_details: input })).toEqual([
      ['text-input', 55, 0.6],
      ['text-input-cached', 64, 0.06],
      ['audio-input', 10, 10],
      ['audio-input-cached', 3, 0.3],
      ['text-output', 30, 2.4],
      ['audio-output', 91, 20],
    ]);
  });

  test.each([
    ['as it comes', CAPTURED],
    ['without the sum of what was cached', { input_token_details: { ...HALF_CACHED, cached_tokens: undefined } }],
    ['without the split of what was cached', { input_token_details: { ...HALF_CACHED, cached_tokens_details: null } }],
    ['with a wrong sum of what was cached', { input_token_details: { ...HALF_CACHED, cached_tokens: 7 } }],
    ['with more cached than there is', { input_token_details: { ...HALF_CACHED, text_tokens: 20, audio_tokens: 9 } }],
    ['with nothing but what was cached', { input_token_details: { cached_tokens: 5 } }],
  ])('add up to the totals of the usage: %s', (_what, usage) => {
    const { charge, usage: total } = pricing.priceResponse(MODEL, 'response-a', usage);
    const sumOf = (...kinds: CostItemKind[]): number =>
      charge!.items.reduce((sum, { kind, quantity }) => (kinds.includes(kind) ? sum + quantity : sum), 0);

    expect(sumOf('text-input', 'text-input-cached')).toBe(total.inputTextTokens);
    expect(sumOf('audio-input', 'audio-input-cached')).toBe(total.inputAudioTokens);
    expect(sumOf('text-input-cached', 'audio-input-cached')).toBe(total.cachedInputTokens);
    expect(amountOf(charge!)).toBe(total.costUsd);
  });

  test('of a transcription are its own', () => {
    const usage = { type: 'tokens', input_tokens: 1_000, output_tokens: 200 } as const;

    expect(pricing.priceTranscription('gpt-4o-mini-transcribe', 'item-a', usage).charge?.items).toMatchObject([
      { kind: 'transcription-input', quantity: 1_000 },
      { kind: 'transcription-output', quantity: 200 },
    ]);
  });

  function lines(model: string, usage: Parameters<typeof pricing.priceResponse>[2]): unknown[] {
    const items = pricing.priceResponse(model, 'response-a', usage).charge?.items ?? [];
    return items.map(({ kind, quantity, unitPriceUsd }) => [kind, quantity, Math.round(unitPriceUsd! * 1e8) / 100]);
  }
});

test.each([undefined, {}, { input_token_details: {} }, { output_token_details: {} }])(
  'usage that says nothing costs nothing: %j',
  (usage) => {
    expect(priceResponse('gpt-realtime-2.1', usage)).toMatchObject({ responses: 1, outputAudioTokens: 0, costUsd: 0 });
  },
);

test('cached tokens of nothing are no division by zero', () => {
  const usage = { input_token_details: { cached_tokens: 5 } };

  expect(priceResponse('gpt-realtime-2.1', usage).costUsd).toBe(0);
});

test.each(['gpt-realtime-9', ''])('a model named %j has no price', (model) => {
  expect(priceResponse(model, CAPTURED)).toMatchObject({ outputAudioTokens: 91, costUsd: null });
});

describe('a transcription', () => {
  const MODEL = 'gpt-4o-mini-transcribe';

  test('is priced by its tokens, and adds none to those of the model', () => {
    const usage = priceTranscription(MODEL, { type: 'tokens', input_tokens: 1_000, output_tokens: 200 });

    // 1000*1.25 + 200*5 = 2250 per million.
    expect(usage.costUsd).toBeCloseTo(0.00225, 12);
    expect(usage).toMatchObject({ responses: 0, inputAudioTokens: 0, outputTextTokens: 0 });
  });

  test('is priced by its length when that is all there is', () => {
    expect(priceTranscription(MODEL, { type: 'duration', seconds: 90 }).costUsd).toBeCloseTo(0.0045, 12);
  });

  test('of unknown usage costs nothing, by an unknown model nobody knows what', () => {
    expect(priceTranscription(MODEL, undefined).costUsd).toBe(0);
    expect(priceTranscription('whisper-9', { type: 'duration', seconds: 90 }).costUsd).toBeNull();
    expect(priceTranscription(MODEL, { type: 'tokens' }).costUsd).toBe(0);
  });
});

test('prices a dated snapshot like its model', () => {
  const usage = { output_token_details: { audio_tokens: 1_000 } };

  expect(priceResponse('gpt-realtime-mini-2025-12-15', usage)).toEqual(priceResponse('gpt-realtime-mini', usage));
});

function priceResponse(model: string, usage: Parameters<typeof pricing.priceResponse>[2]): CallUsage {
  return pricing.priceResponse(model, 'response-a', usage).usage;
}

function priceTranscription(model: string, usage: Parameters<typeof pricing.priceTranscription>[2]): CallUsage {
  return pricing.priceTranscription(model, 'item-a', usage).usage;
}

test.each([
  ['gpt-realtime-2.1-mini', 'gpt-4o-mini-transcribe', []],
  ['gpt-realtime-mini-2025-12-15', 'gpt-4o-mini-transcribe-2025-12-15', []],
  ['gpt-realtime-9', 'whisper-9', ['gpt-realtime-9', 'whisper-9']],
])('of %s and %s, those without a price are known', (model, transcriptionModel, unpriced) => {
  expect(pricing.unpricedModels({ model, transcriptionModel })).toEqual(unpriced);
});
