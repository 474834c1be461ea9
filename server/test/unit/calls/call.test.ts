import { addUsage, createCall, NO_USAGE, withStatus } from '../../../src/calls/call';
import { aCall, aCallId, aCallRequest, aUsage } from '../../support/builders';

test('a new call is queued, has used nothing and keeps what was asked for', () => {
  const call = createCall(aCallId(), aCallRequest({ greeting: 'Hello.' }), 1_000);

  expect(call).toEqual({
    ...aCallRequest({ greeting: 'Hello.' }),
    callId: aCallId(),
    status: 'queued',
    timings: { createdAtMs: 1_000 },
    usage: NO_USAGE,
    // Until it is certain that there is none.
    mayHaveLeg: true,
  });
});

test('each step of a call stamps its own time and keeps the earlier ones', () => {
  const created = createCall(aCallId(), aCallRequest(), 1);

  const ended = [
    ['initiated', 2],
    ['ringing', 3],
    ['in-progress', 4],
    ['completed', 5],
  ] as const;
  const call = ended.reduce((before, [status, atMs]) => withStatus(before, status, atMs), created);

  expect(call.status).toBe('completed');
  expect(call.timings).toEqual({ createdAtMs: 1, initiatedAtMs: 2, ringingAtMs: 3, answeredAtMs: 4, endedAtMs: 5 });
});

test('a call that rings before its dial was confirmed was initiated by then', () => {
  const call = withStatus(createCall(aCallId(), aCallRequest(), 1), 'ringing', 7);

  expect(call.timings).toEqual({ createdAtMs: 1, initiatedAtMs: 7, ringingAtMs: 7 });
});

test('an earlier version of a call is left as it was', () => {
  const before = aCall();

  withStatus(before, 'failed', 9);

  expect(before).toEqual(aCall());
});

test('usage adds up field by field', () => {
  const sum = addUsage(
    aUsage({ responses: 1, inputTextTokens: 2, inputAudioTokens: 3, costUsd: 0.5 }),
    aUsage({ responses: 1, cachedInputTokens: 4, outputTextTokens: 5, outputAudioTokens: 6, costUsd: 0.25 }),
  );

  expect(sum).toEqual({
    responses: 2,
    inputTextTokens: 2,
    inputAudioTokens: 3,
    cachedInputTokens: 4,
    outputTextTokens: 5,
    outputAudioTokens: 6,
    costUsd: 0.75,
  });
});

test.each([
  [null, 1],
  [1, null],
])('a cost of %s and %s is unknown', (first, second) => {
  expect(addUsage(aUsage({ costUsd: first }), aUsage({ costUsd: second })).costUsd).toBeNull();
});
