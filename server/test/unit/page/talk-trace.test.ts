// Who has talked when over the last minute.

import { TalkTraces, TRACE_MS } from '../../../page/talk-trace.ts';

const CALL = { callId: 'a' } as const;

test('a stretch of talk is one span, and the last one goes on', () => {
  const traces = new TalkTraces();
  traces.note([{ ...CALL, talking: 'assistant' }], 1_000);
  traces.note([{ ...CALL, talking: 'assistant' }], 2_000);
  traces.note([{ ...CALL, talking: 'callee' }], 3_000);

  expect(traces.of('a', 4_500)).toEqual([
    { fromMs: 1_000, toMs: 3_000, talking: 'assistant' },
    { fromMs: 3_000, toMs: 4_500, talking: 'callee' },
  ]);
});

test('what is older than a minute is gone', () => {
  const traces = new TalkTraces();
  traces.note([{ ...CALL, talking: 'assistant' }], 0);
  traces.note([{ ...CALL, talking: 'nobody' }], 1_000);

  expect(traces.of('a', 1_001 + TRACE_MS).map(({ talking }) => talking)).toEqual(['nobody']);
});

test('a call that is over leaves nothing behind', () => {
  const traces = new TalkTraces();
  traces.note([{ ...CALL, talking: 'assistant' }], 0);
  traces.note([], 1_000);

  expect(traces.of('a', 2_000)).toEqual([]);
});
