import { DEFAULT_BEHAVIOUR, type HttpToolDefinition } from '../../../src/calls/behaviour';
import { type CallFacts, callDetails } from '../../../src/http/call-view';
import { aCall, aCallId, aCharge, anEntry } from '../../support/builders';

const TOOL: HttpToolDefinition = {
  name: 'find_order',
  description: 'Finds an order.',
  parameters: { type: 'object' },
  url: 'https://tools.example/orders',
  method: 'POST',
  headers: {},
  timeoutMs: 10_000,
  whileRunning: 'talk',
};

const NOTHING: CallFacts = { timeline: [], hasRecording: false };

function shownHeaders(headers: Readonly<Record<string, string>>): unknown {
  const call = aCall({ behaviour: { ...DEFAULT_BEHAVIOUR, tools: [{ ...TOOL, headers }] } });
  const { tools } = callDetails(call, NOTHING)['behaviour'] as { readonly tools: readonly HttpToolDefinition[] };
  return tools[0]?.headers;
}

test('the behaviour of a call is shown whole', () => {
  const voicemailMessage = 'Please call us back.';
  const transferTargets = [{ name: 'Desk', to: '+12025550177' }];
  const behaviour = { ...DEFAULT_BEHAVIOUR, voicemailMessage, transferTargets, tools: [TOOL] };

  expect(callDetails(aCall({ behaviour }), NOTHING)['behaviour']).toEqual(behaviour);
  expect(callDetails(aCall(), NOTHING)['behaviour']).toEqual({ ...DEFAULT_BEHAVIOUR, voicemailMessage: null });
});

test.each(['secret', 'Bearer abc', 'Bearer ${TOOL_KEY}', 'x${TOOL_KEY}', '${TOOL_KEY}x', '${OTHER}', '${TOOL_KEY', ''])(
  'a header of a tool that says %j is not shown: that may be a secret',
  (value) => {
    expect(shownHeaders({ 'x-key': value })).toEqual({ 'x-key': '***' });
  },
);

test.each(['${TOOL_KEY}', '${TOOL_A}${TOOL_B_2}'])('a header of a tool that only says %j is shown', (value) => {
  expect(shownHeaders({ 'x-key': value, 'x-other': 'secret' })).toEqual({ 'x-key': value, 'x-other': '***' });
});

test('a call keeps its own headers when they are hidden in the view', () => {
  const headers = { 'x-key': 'secret' };
  shownHeaders(headers);

  expect(headers).toEqual({ 'x-key': 'secret' });
});

test('replies and tools are counted up, and stay in the timeline', () => {
  const tool = { toolCallId: 't', name: 'find_order', argumentsJson: '{}', outcome: 'ok', output: 'x', durationMs: 5 };
  const timeline = [
    anEntry({ type: 'greeting.started', data: { afterStreamMs: 20 } }),
    anEntry({ type: 'reply.started', data: { latencyMs: 700 } }),
    anEntry({ type: 'tool.finished', data: tool }),
  ];
  const details = callDetails(aCall(), { ...NOTHING, timeline });

  expect(details).toMatchObject({
    latency: { turns: 1, medianMs: 700, greetingMs: 20 },
    toolCalls: [{ name: 'find_order', arguments: {}, outcome: 'ok', durationMs: 5 }],
    timeline: [{ type: 'greeting.started' }, { type: 'reply.started' }, { type: 'tool.finished', output: 'x' }],
  });
});

test('what was charged is a bill of its own and stays out of the timeline', () => {
  const timeline = [anEntry(), anEntry({ type: 'usage.added', data: { charge: aCharge() } })];

  const details = callDetails(aCall({ carrierCostUsd: 0.004 }), { ...NOTHING, timeline });

  expect(details).toMatchObject({
    cost: { totalUsd: 0.004, aiUsd: 0, carrierUsd: 0.004, items: [{ kind: 'audio-output', amountUsd: 0.002 }] },
    timeline: [{ type: 'call.queued' }],
  });
});

test('what was asked for about money and audio is shown', () => {
  expect(callDetails(aCall(), NOTHING)).toMatchObject({ maxCostUsd: null, record: false, recording: null });
  expect(callDetails(aCall({ maxCostUsd: 2.5, isRecorded: true }), NOTHING)).toMatchObject({
    maxCostUsd: 2.5,
    record: true,
    recording: null,
  });
});

test('a recording names its address as long as it can be had', () => {
  const recording = { state: 'ready', durationMs: 61_000, bytes: 1_952_044 } as const;
  const call = aCall({ isRecorded: true, recording });

  const kept = callDetails(call, { ...NOTHING, hasRecording: true });
  const deleted = callDetails(call, NOTHING);

  expect(kept['recording']).toEqual({ ...recording, url: `/api/ai-calls/${aCallId()}/recording` });
  expect(deleted['recording']).toEqual({ ...recording, url: null });
});
