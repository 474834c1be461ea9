import { DEFAULT_BEHAVIOUR, type HttpToolDefinition } from '../../../src/calls/behaviour';
import { callDetails } from '../../../src/http/call-view';
import { aCall, anEntry } from '../../support/builders';

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

function shownHeaders(headers: Readonly<Record<string, string>>): unknown {
  const call = aCall({ behaviour: { ...DEFAULT_BEHAVIOUR, tools: [{ ...TOOL, headers }] } });
  const { tools } = callDetails(call, [])['behaviour'] as { readonly tools: readonly HttpToolDefinition[] };
  return tools[0]?.headers;
}

test('the behaviour of a call is shown whole', () => {
  const voicemailMessage = 'Please call us back.';
  const transferTargets = [{ name: 'Desk', to: '+12025550177' }];
  const behaviour = { ...DEFAULT_BEHAVIOUR, voicemailMessage, transferTargets, tools: [TOOL] };

  expect(callDetails(aCall({ behaviour }), [])['behaviour']).toEqual(behaviour);
  expect(callDetails(aCall(), [])['behaviour']).toEqual({ ...DEFAULT_BEHAVIOUR, voicemailMessage: null });
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
  const details = callDetails(aCall(), [
    anEntry({ type: 'greeting.started', data: { afterStreamMs: 20 } }),
    anEntry({ type: 'reply.started', data: { latencyMs: 700 } }),
    anEntry({ type: 'tool.finished', data: tool }),
  ]);

  expect(details).toMatchObject({
    latency: { turns: 1, medianMs: 700, greetingMs: 20 },
    toolCalls: [{ name: 'find_order', arguments: {}, outcome: 'ok', durationMs: 5 }],
    timeline: [{ type: 'greeting.started' }, { type: 'reply.started' }, { type: 'tool.finished', output: 'x' }],
  });
});
