// The media stream of an answered call: waited for, asked for again, replaced, lost.

import { settle } from '../../support/manual-clock';
import { CallHarness, carrierError, DEADLINES } from './call-harness';

let calls: CallHarness;
let callId: string;

beforeEach(async () => {
  calls = new CallHarness();
  callId = await calls.place();
  await calls.ring(callId);
});

test('a stream that comes in time is all that is needed', async () => {
  await calls.answer(callId);

  expect(calls.connectStream(callId)).toBe(true);
  await calls.clock.advanceAsync(DEADLINES.streamStartMs);

  expect(calls.carrier.streams).toEqual([]);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('a stream stands in for an answer whose webhook is lost', async () => {
  calls.connectStream(callId);

  const { status, timings } = await calls.call(callId);
  expect(status).toBe('in-progress');
  expect(timings.answeredAtMs).toBe(calls.clock.nowMs());
  await calls.clock.advanceAsync(120_000);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('a stream that does not come is asked for again, with a new token, and then given up', async () => {
  await calls.answer(callId);

  await calls.clock.advanceAsync(DEADLINES.streamRetryMs);
  expect(calls.carrier.streams).toMatchObject([{ command: { carrierCallId: 'leg-1' }, stream: { token: 'token-2' } }]);
  await calls.clock.advanceAsync(DEADLINES.streamStartMs - DEADLINES.streamRetryMs);

  expect(calls.carrier.streams).toHaveLength(3);
  expect(await calls.call(callId)).toMatchObject({ status: 'failed', verdict: { reason: 'stream-not-started' } });
  expect(calls.carrier.spoken).toHaveLength(1);
});

test('a stream that comes after a retry is taken', async () => {
  await calls.answer(callId);
  await calls.clock.advanceAsync(DEADLINES.streamRetryMs + 500);

  expect(calls.connectStream(callId)).toBe(true);
  await calls.clock.advanceAsync(DEADLINES.streamStartMs);

  expect(calls.carrier.streams).toHaveLength(1);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('a failed stream of an answered call is asked for again at once', async () => {
  await calls.answer(callId);

  await calls.event(callId, { type: 'stream.failed', failure: 'connection_failed' });

  expect(calls.carrier.streams).toHaveLength(1);
});

test('a stream that keeps failing is asked for three times, apart, and then given up', async () => {
  await calls.answer(callId);

  for (let failures = 1; failures <= 3; failures += 1) {
    await calls.event(callId, { type: 'stream.failed', failure: `failure ${failures}` });
    await calls.clock.advanceAsync(DEADLINES.streamRetryMs);
  }

  expect(calls.carrier.streams).toHaveLength(3);
  const { verdict } = await calls.call(callId);
  expect(verdict).toMatchObject({ reason: 'stream-not-started', details: { failure: 'failure 3' } });
});

test('a stream whose failure was reported before the answer is asked for with the answer', async () => {
  await calls.event(callId, { type: 'stream.failed', failure: 'connection_failed' });

  await calls.answer(callId);

  expect(calls.carrier.streams).toHaveLength(1);
});

test('a failed stream of a phone that still rings means nothing', async () => {
  await calls.event(callId, { type: 'stream.failed', failure: 'connection_failed' });
  await calls.clock.advanceAsync(DEADLINES.streamRetryMs);

  expect(calls.carrier.streams).toEqual([]);
  expect(await calls.status(callId)).toBe('ringing');
});

test('a late report of a failed stream does not disturb the stream that works', async () => {
  await calls.answer(callId);
  calls.connectStream(callId);

  await calls.event(callId, { type: 'stream.failed', failure: 'connection_failed' });

  expect(calls.carrier.streams).toEqual([]);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('a request for a stream that the carrier refuses is left to the deadlines', async () => {
  await calls.answer(callId);
  calls.carrier.onStartStream = () => Promise.reject(carrierError('refused'));

  await calls.clock.advanceAsync(DEADLINES.streamRetryMs);
  expect(await calls.status(callId)).toBe('in-progress');
  await calls.clock.advanceAsync(DEADLINES.streamStartMs);

  expect(await calls.reason(callId)).toBe('stream-not-started');
});

test('a stream of another leg is refused', async () => {
  await calls.answer(callId);

  expect(calls.connectStream(callId, 'another-leg')).toBe(false);
  expect(calls.conversations.last.attached).toEqual([]);
});

test.each(['unknown', 'over'])('a stream of a call that is %s is refused', async (what) => {
  if (what === 'over') await calls.service.hangUp(callId);

  expect(calls.connectStream(what === 'over' ? callId : 'no-such-call')).toBe(false);
});

describe('when the stream goes away', () => {
  beforeEach(async () => {
    await calls.answer(callId);
    calls.connectStream(callId);
  });

  test('the hang-up that follows decides how the call ended', async () => {
    calls.conversations.last.report({ type: 'stream.stopped' });
    await calls.clock.advanceAsync(DEADLINES.hangupReportMs - 1);

    await calls.end(callId, 'max-duration-reached');

    expect(await calls.reason(callId)).toBe('max-duration-reached');
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('a stream that stopped without a hang-up counts as hung up by the callee, and the leg is taken down', async () => {
    calls.conversations.last.report({ type: 'stream.stopped' });

    await calls.clock.advanceAsync(DEADLINES.hangupReportMs);

    expect(await calls.call(callId)).toMatchObject({ status: 'completed', verdict: { reason: 'callee-hung-up' } });
    expect(calls.carrier.hangUps).toHaveLength(1);
  });

  test('a lost stream is asked for anew; one that stays away fails the call, and the callee is told', async () => {
    calls.conversations.last.report({ type: 'stream.lost', closeCode: 1006 });

    await calls.clock.advanceAsync(DEADLINES.streamStartMs);

    expect(calls.carrier.streams).toHaveLength(3);
    const { verdict } = await calls.call(callId);
    expect(verdict).toMatchObject({ reason: 'stream-lost', details: { closeCode: 1006 } });
    expect(calls.carrier.spoken).toHaveLength(1);
  });

  test('the hang-up that follows a loss decides how the call ended', async () => {
    calls.conversations.last.report({ type: 'stream.lost', closeCode: 1006 });
    await calls.clock.advanceAsync(1_000);

    await calls.end(callId, 'callee-hung-up');

    expect(await calls.reason(callId)).toBe('callee-hung-up');
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('a stream that comes back in time saves the call', async () => {
    calls.conversations.last.report({ type: 'stream.lost', closeCode: 1006 });
    await calls.clock.advanceAsync(1_000);

    calls.connectStream(callId);
    await calls.clock.advanceAsync(60_000);

    expect(await calls.status(callId)).toBe('in-progress');
  });
});

test('interrupting reaches the conversation once there is a stream', async () => {
  await calls.answer(callId);
  await expect(calls.service.interrupt(callId)).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT' });
  calls.connectStream(callId);

  const { wasSpeaking, call } = await calls.service.interrupt(callId);

  expect(wasSpeaking).toBe(true);
  expect(call.callId).toBe(callId);
  expect(calls.conversations.last.interruptions).toBe(1);
});

test('what the conversation reports is on the timeline', async () => {
  await calls.answer(callId);
  calls.connectStream(callId);

  const latency = { latencyMs: 412, vadMs: 200, modelMs: 211, bridgeMs: 1, heardAfterMs: 440 };
  calls.conversations.last.report({ type: 'reply.started', ...latency });
  await settle();

  const timeline = await calls.service.timeline(callId);
  expect(timeline.map(({ type }) => type)).toContain('stream.started');
  expect(timeline).toContainEqual(expect.objectContaining({ type: 'reply.started', data: latency }));
});
