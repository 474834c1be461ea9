import fc from 'fast-check';
import { Registry } from 'prom-client';
import type { ConversationEvent } from '../../../src/calls/conversation-events';
import { END_REASONS, endCall } from '../../../src/calls/end-call';
import { CallMetrics } from '../../../src/observability/metrics';
import { aCallId, aCharge, anEntry, aUsage } from '../../support/builders';
import { figuresOf } from '../../support/prometheus-text';

let registry: Registry;
let metrics: CallMetrics;

beforeEach(() => {
  registry = new Registry();
  metrics = new CallMetrics(registry);
});

/** Tells the metrics of an event of a conversation, as the journal would. */
function happen({ type, ...data }: ConversationEvent): void {
  metrics.onEntry(anEntry({ type, data }));
}

/** Each series with its figure. */
async function series(): Promise<Map<string, number>> {
  return figuresOf(await registry.metrics());
}

const TOOL = {
  type: 'tool.finished',
  toolCallId: 'use-1',
  name: 'find_appointment',
  argumentsJson: '{"day":"Monday"}',
  outcome: 'ok',
  output: 'At noon.',
  durationMs: 420,
} as const;

test('measures replies in seconds, in all and by who took the time', async () => {
  happen({ type: 'reply.started', latencyMs: 900, vadMs: 500, modelMs: 390, bridgeMs: 10, heardAfterMs: 950 });
  happen({ type: 'reply.started', latencyMs: 1_600, vadMs: 500, modelMs: 1_090, bridgeMs: 10, heardAfterMs: 1_600 });

  const figures = await series();

  expect(figures.get('ai_calls_reply_seconds_sum{part="total"}')).toBeCloseTo(2.5);
  expect(figures.get('ai_calls_reply_seconds_sum{part="vad"}')).toBeCloseTo(1);
  expect(figures.get('ai_calls_reply_seconds_sum{part="model"}')).toBeCloseTo(1.48);
  expect(figures.get('ai_calls_reply_seconds_sum{part="bridge"}')).toBeCloseTo(0.02);
  for (const part of ['total', 'vad', 'model', 'bridge']) {
    expect(figures.get(`ai_calls_reply_seconds_count{part="${part}"}`)).toBe(2);
  }
});

test('sorts durations into buckets', async () => {
  happen({ type: 'greeting.started', afterStreamMs: 50 });
  happen({ type: 'greeting.started', afterStreamMs: 51 });
  happen({ type: 'greeting.started', afterStreamMs: 30_000 });

  const figures = await series();

  expect(figures.get('ai_calls_greeting_seconds_bucket{le="0.05"}')).toBe(1);
  expect(figures.get('ai_calls_greeting_seconds_bucket{le="0.1"}')).toBe(2);
  expect(figures.get('ai_calls_greeting_seconds_bucket{le="10"}')).toBe(2);
  expect(figures.get('ai_calls_greeting_seconds_bucket{le="+Inf"}')).toBe(3);
});

test('counts interruptions by who cut the AI off', async () => {
  happen({ type: 'assistant.interrupted', by: 'callee', heardMs: 100 });
  happen({ type: 'assistant.interrupted', by: 'callee', heardMs: 200 });
  happen({ type: 'assistant.interrupted', by: 'api', heardMs: 0 });

  const figures = await series();

  expect(figures.get('ai_calls_barge_ins_total{by="callee"}')).toBe(2);
  expect(figures.get('ai_calls_barge_ins_total{by="api"}')).toBe(1);
});

test('counts and times the uses of tools', async () => {
  happen(TOOL);
  happen({ ...TOOL, outcome: 'timeout', durationMs: 5_000 });

  const figures = await series();

  expect(figures.get('ai_calls_tool_calls_total{outcome="ok"}')).toBe(1);
  expect(figures.get('ai_calls_tool_calls_total{outcome="timeout"}')).toBe(1);
  expect(figures.get('ai_calls_tool_calls_total{outcome="error"}')).toBe(0);
  expect(figures.get('ai_calls_tool_seconds_count')).toBe(2);
  expect(figures.get('ai_calls_tool_seconds_sum')).toBeCloseTo(5.42);
});

test('counts who answered', async () => {
  happen({ type: 'machine.detected', result: 'not-sure' });

  expect((await series()).get('ai_calls_machine_detections_total{result="not-sure"}')).toBe(1);
});

describe('what calls cost', () => {
  const items = [
    { kind: 'audio-input', quantity: 200, unit: 'tokens', unitPriceUsd: 0.00001, amountUsd: 0.002 },
    { kind: 'audio-output', quantity: 100, unit: 'tokens', unitPriceUsd: 0.00002, amountUsd: 0.002 },
  ] as const;

  test('is summed up by what it was paid for, and tokens by their kind', async () => {
    happen({ type: 'usage.added', usage: aUsage(), charge: aCharge({ items }) });
    happen({ type: 'usage.added', usage: aUsage(), charge: aCharge({ items }) });
    const leg = { kind: 'leg', quantity: 60, unit: 'seconds', unitPriceUsd: 0.0001, amountUsd: 0.006 } as const;
    metrics.onEntry(anEntry({ type: 'usage.added', data: { charge: aCharge({ source: 'carrier', items: [leg] }) } }));

    const figures = await series();

    expect(figures.get('ai_calls_cost_usd_total{source="response"}')).toBeCloseTo(0.008);
    expect(figures.get('ai_calls_cost_usd_total{source="carrier"}')).toBeCloseTo(0.006);
    expect(figures.get('ai_calls_cost_usd_total{source="transcription"}')).toBe(0);
    expect(figures.get('ai_calls_tokens_total{kind="audio-input"}')).toBe(400);
    expect(figures.get('ai_calls_tokens_total{kind="audio-output"}')).toBe(200);
    expect(figures.get('ai_calls_unpriced_items_total')).toBe(0);
  });

  test('is counted apart where the price is not known', async () => {
    const unpriced = { ...items[0], unitPriceUsd: null, amountUsd: null };

    happen({ type: 'usage.added', usage: aUsage(), charge: aCharge({ items: [unpriced, items[1]] }) });

    const figures = await series();
    expect(figures.get('ai_calls_unpriced_items_total')).toBe(1);
    expect(figures.get('ai_calls_cost_usd_total{source="response"}')).toBeCloseTo(0.002);
    expect(figures.get('ai_calls_tokens_total{kind="audio-input"}')).toBe(200);
  });

  test.each([undefined, null, 'charge', {}, { source: 'response', items: 7 }, { source: 'response', items: [null] }])(
    'is passed over when it cannot be read: %j',
    async (charge) => {
      const before = await registry.metrics();

      metrics.onEntry(anEntry({ type: 'usage.added', data: { charge } }));

      expect(await registry.metrics()).toBe(before);
    },
  );
});

describe('losses of the AI', () => {
  const lost = anEntry({ type: 'ai.lost', data: { reason: 'ai-connection-lost', details: {} } });

  test('that are made good are counted and timed', async () => {
    metrics.onEntry(lost);
    happen({ type: 'ai.resumed', sessionId: 'session-2', afterMs: 620, tries: 1 });
    metrics.onEntry(anEntry({ type: 'call.completed', data: { verdict: endCall('callee-hung-up') } }));

    const figures = await series();

    expect(figures.get('ai_calls_ai_losses_total{outcome="resumed"}')).toBe(1);
    expect(figures.get('ai_calls_ai_losses_total{outcome="ended"}')).toBe(0);
    expect(figures.get('ai_calls_ai_outage_seconds_sum')).toBeCloseTo(0.62);
  });

  test.each([
    ['failed', 'ai-connection-lost'],
    ['ended', 'callee-hung-up'],
  ] as const)('that are not are counted as %s', async (outcome, reason) => {
    const verdict = endCall(reason);
    metrics.onEntry(lost);
    metrics.onEntry(anEntry({ callId: aCallId(2), type: 'call.failed', data: { verdict: endCall('stream-lost') } }));

    metrics.onEntry(anEntry({ type: `call.${verdict.status}`, data: { verdict } }));

    expect((await series()).get(`ai_calls_ai_losses_total{outcome="${outcome}"}`)).toBe(1);
    expect((await series()).get('ai_calls_ai_outage_seconds_count')).toBe(0);
  });

  test('that were none are not counted: calls that end, and sessions that are handed over', async () => {
    happen({ type: 'ai.handed-over', sessionId: 'session-2' });
    metrics.onEntry(anEntry({ type: 'call.failed', data: { verdict: endCall('ai-failed') } }));

    const figures = await series();

    expect(figures.get('ai_calls_ai_hand_overs_total')).toBe(1);
    for (const outcome of ['resumed', 'failed', 'ended']) {
      expect(figures.get(`ai_calls_ai_losses_total{outcome="${outcome}"}`)).toBe(0);
    }
  });
});

test('counts streams of the carrier that were lost', async () => {
  happen({ type: 'stream.lost', closeCode: 1006 });

  expect((await series()).get('ai_calls_stream_losses_total')).toBe(1);
});

test('counts calls that are placed, and streams that had to be asked for again', async () => {
  metrics.onEntry(anEntry({ type: 'call.queued' }));
  metrics.onEntry(anEntry({ type: 'stream.requested', data: { attempt: 1 } }));

  expect((await series()).get('ai_calls_placed_total')).toBe(1);
  expect((await series()).get('ai_calls_stream_requests_total')).toBe(1);
});

test('measures how long the AI takes to be there', async () => {
  happen({ type: 'ai.ready', sessionId: 'session-1', connectMs: 420 });

  expect((await series()).get('ai_calls_ai_connect_seconds_sum')).toBeCloseTo(0.42);
});

test('sums up how well the audio of calls went', async () => {
  const odd = { reordered: 3, duplicates: 1, missing: 2, unreadable: 4, peakBacklogBytes: 640 };
  const stats = { ...odd, receivedFrames: 500, filledMs: 1_500, droppedMs: 20, underruns: 2, underrunMs: 300 };
  happen({ type: 'media.measured', ...stats });
  happen({ type: 'media.measured', ...stats, underruns: 1 });

  const figures = await series();

  expect(figures.get('ai_calls_underruns_total')).toBe(3);
  expect(figures.get('ai_calls_underrun_seconds_total')).toBeCloseTo(0.6);
  expect(figures.get('ai_calls_filled_seconds_total')).toBeCloseTo(3);
  expect(figures.get('ai_calls_dropped_seconds_total')).toBeCloseTo(0.04);
  expect(figures.get('ai_calls_frames_total{kind="received"}')).toBe(1_000);
  expect(figures.get('ai_calls_frames_total{kind="missing"}')).toBe(4);
  expect(figures.get('ai_calls_frames_total{kind="duplicate"}')).toBe(2);
});

test.each(END_REASONS)('counts a call that ended for the reason %s, under its status', async (reason) => {
  const verdict = endCall(reason);

  metrics.onEntry(anEntry({ type: `call.${verdict.status}`, data: { verdict } }));

  const counted = [...(await series())].filter(([, figure]) => figure > 0);
  expect(counted).toEqual([
    [`ai_calls_ended_total{status="${verdict.status}",reason="${reason}"}`, 1],
    [`ai_calls_results_total{result="${verdict.result}"}`, 1],
  ]);
});

test.each([
  ['no verdict', {}],
  ['an empty verdict', { verdict: null }],
  ['a verdict that is a word', { verdict: 'failed' }],
  ['a reason that does not exist', { verdict: { reason: 'moon-phase' } }],
  ['a reason of another status', { verdict: endCall('callee-hung-up') }],
])('counts a call that ended with %s', async (_, data) => {
  metrics.onEntry(anEntry({ type: 'call.failed', data }));

  expect((await series()).get('ai_calls_ended_total{status="failed",reason="unknown"}')).toBe(1);
});

test('has every counter at zero before anything happens', async () => {
  const figures = await series();

  expect([...figures.values()].every((figure) => figure === 0)).toBe(true);
  expect(figures.get('ai_calls_ended_total{status="busy",reason="callee-busy"}')).toBe(0);
  expect(figures.get('ai_calls_barge_ins_total{by="api"}')).toBe(0);
  expect(figures.get('ai_calls_reply_seconds_count{part="bridge"}')).toBe(0);
});

test('passes over what is not measured', async () => {
  const before = await registry.metrics();

  for (const type of ['call.ringing', 'call.in-progress', 'call.unheard-of', 'turn.finished', 'constructor', '']) {
    metrics.onEntry(anEntry({ type, data: { verdict: endCall('callee-hung-up') } }));
  }

  expect(await registry.metrics()).toBe(before);
});

test.each([undefined, null, '500', Number.NaN, Infinity, -1, {}])('passes over a duration of %p', async (ms) => {
  const before = await registry.metrics();

  metrics.onEntry(anEntry({ type: 'greeting.started', data: { afterStreamMs: ms } }));
  metrics.onEntry(anEntry({ type: 'reply.started', data: { latencyMs: ms } }));

  expect(await registry.metrics()).toBe(before);
});

test('makes no series of values that somebody makes up, and none of the words of a call', async () => {
  const before = [...(await series()).keys()];

  happen({ ...TOOL, name: 'a_tool_called_canary' });
  metrics.onEntry(anEntry({ type: 'tool.finished', data: { outcome: 'canary', durationMs: 1 } }));
  metrics.onEntry(anEntry({ type: 'machine.detected', data: { result: 'canary' } }));
  metrics.onEntry(anEntry({ type: 'assistant.interrupted', data: { by: 'canary' } }));

  expect([...(await series()).keys()]).toEqual(before);
});

test('takes whatever an entry holds without throwing', () => {
  const kinds = ['reply.started', 'greeting.started', 'assistant.interrupted', 'tool.finished', 'machine.detected'];
  const types = [...kinds, 'usage.added', 'ai.lost', 'ai.resumed', 'media.measured', 'ai.ready'];
  const fields = [
    'latencyMs',
    'vadMs',
    'afterStreamMs',
    'by',
    'outcome',
    'durationMs',
    'result',
    'verdict',
    'charge',
  ].concat(['underruns', 'filledMs', 'missing', 'receivedFrames', 'connectMs']);
  const data = fc.dictionary(fc.constantFrom(...fields), fc.anything());
  fc.assert(
    fc.property(fc.constantFrom(...types, 'call.completed', 'call.failed'), data, (type, odd) => {
      expect(() => metrics.onEntry(anEntry({ type, data: odd }))).not.toThrow();
    }),
  );
});
