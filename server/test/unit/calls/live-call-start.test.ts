// From the request to the conversation: what the dial's answer and the carrier's webhooks make of a call, in any order.

import fc from 'fast-check';
import { endCall } from '../../../src/calls/end-call';
import type { CarrierOccurrence } from '../../../src/calls/ports';
import { settle } from '../../support/manual-clock';
import { CallHarness, carrierError, DEADLINES, RING_LIMIT_MS } from './call-harness';

let calls: CallHarness;

beforeEach(() => {
  calls = new CallHarness();
});

test('a call goes from queued to completed, and nothing of it is left', async () => {
  const callId = await calls.talk();

  await calls.end(callId);

  expect(calls.statuses).toEqual(['queued', 'initiated', 'ringing', 'in-progress', 'completed']);
  expect(calls.watcher.types.at(-1)).toBe('leg.down');
  expect(calls.conversations.last.closed).toBe(true);
  expect(calls.endpoint.revoked).toEqual([callId]);
  expect(calls.service.activeCalls).toBe(0);
  expect(calls.clock.pendingTimers).toBe(0);
  expect(calls.carrier.hangUps).toEqual([]);
});

test('the record has the same end as the call, and every time along the way', async () => {
  const callId = await calls.place();
  for (const step of [() => calls.ring(callId), () => calls.answer(callId), () => calls.end(callId)]) {
    calls.clock.advance(1_000);
    await step();
  }

  const recorded = await calls.recorded(callId);

  const startMs = recorded!.timings.createdAtMs;
  expect(recorded).toMatchObject({ status: 'completed', carrierCallId: 'leg-1', verdict: endCall('callee-hung-up') });
  expect(recorded!.timings).toEqual({
    createdAtMs: startMs,
    initiatedAtMs: startMs,
    ringingAtMs: startMs + 1_000,
    answeredAtMs: startMs + 2_000,
    endedAtMs: startMs + 3_000,
  });
});

test('the dial asks for the stream, and for a time limit that our own deadline comes before', async () => {
  await calls.place({ maxDurationSeconds: 600 });

  expect(calls.carrier.dials).toMatchObject([
    { to: '+12025550123', from: '+12025550100', timeLimitSeconds: 660, stream: { token: 'token-1' } },
  ]);
  expect(calls.carrier.dials[0]!.ringTimeoutSeconds * 1000).toBeLessThan(RING_LIMIT_MS);
});

test('the AI is opened as soon as the carrier has taken the dial, not before', async () => {
  const dial = calls.holdDial();
  await calls.place();
  expect(calls.conversations.all).toEqual([]);

  dial.resolve({ carrierCallId: 'leg-1' });
  await settle();

  expect(calls.conversations.last.isOpen).toBe(true);
});

test('webhooks that come before the answer to the dial move the call', async () => {
  const dial = calls.holdDial();
  const callId = await calls.place();

  await calls.ring(callId);
  await calls.answer(callId);
  expect(await calls.status(callId)).toBe('in-progress');
  dial.resolve({ carrierCallId: 'leg-1' });
  await settle();

  expect(calls.statuses).toEqual(['queued', 'ringing', 'in-progress']);
  expect(calls.conversations.all).toHaveLength(1);
});

test('a webhook that is delivered twice has its effect once', async () => {
  const callId = await calls.place();

  for (const eventId of ['same', 'same', 'other']) await calls.event(callId, { type: 'leg.ringing' }, { eventId });

  expect(calls.statuses).toEqual(['queued', 'initiated', 'ringing']);
});

test('an answer that overtakes the ringing is not undone by it', async () => {
  const callId = await calls.place();

  await calls.answer(callId);
  await calls.ring(callId);

  expect(await calls.status(callId)).toBe('in-progress');
  expect(calls.statuses).toEqual(['queued', 'initiated', 'in-progress']);
});

test('a hang-up that overtakes the answer ends the call, and the late answer changes nothing', async () => {
  const callId = await calls.place();

  await calls.end(callId, 'callee-busy');
  await calls.answer(callId);
  await calls.ring(callId);

  expect(calls.statuses).toEqual(['queued', 'initiated', 'busy']);
  expect(calls.service.activeCalls).toBe(0);
});

test('whatever the order of the webhooks, the hang-up ends the call with its verdict and leaves nothing behind', async () => {
  const news: CarrierOccurrence[] = [
    { type: 'leg.ringing' },
    { type: 'leg.answered' },
    { type: 'stream.started' },
    { type: 'stream.stopped' },
    { type: 'leg.ended', verdict: endCall('callee-declined') },
    { type: 'other', name: 'call.cost' },
  ];
  const order = fc.shuffledSubarray(news, { minLength: news.length });
  await fc.assert(
    fc.asyncProperty(order, async (events) => {
      const harness = new CallHarness();
      const callId = await harness.place();
      for (const event of events) await harness.event(callId, event);

      expect(await harness.reason(callId)).toBe('callee-declined');
      expect(harness.clock.pendingTimers).toBe(0);
      await harness.service.whenIdle();
    }),
    { numRuns: 40 },
  );
});

test('the carrier leg is on record although its hang-up was the first that was heard of it', async () => {
  calls.holdDial();
  const callId = await calls.place();

  await calls.end(callId, 'callee-busy');

  expect((await calls.call(callId)).carrierCallId).toBe('leg-1');
});

test('a refused dial fails the call with what the carrier said', async () => {
  calls.failDial('refused');

  const callId = await calls.place();

  const { status, verdict } = await calls.call(callId);
  expect(status).toBe('failed');
  expect(verdict).toMatchObject({ reason: 'carrier-refused', details: { refusalCode: 'D13' } });
  expect(calls.carrier.hangUps).toEqual([]);
  expect(calls.clock.pendingTimers).toBe(0);
});

test('a carrier that is not available fails the call', async () => {
  calls.failDial('unavailable');

  const callId = await calls.place();

  expect(await calls.reason(callId)).toBe('carrier-unavailable');
  await calls.service.whenIdle();
});

test('a failed answer to the dial does not end a call that the carrier has reported ringing', async () => {
  // The first try was carried out and its answer lost; the retry within the carrier adapter was turned away.
  const dial = calls.holdDial();
  const callId = await calls.place();
  await calls.ring(callId);

  dial.reject(carrierError('unavailable'));
  await settle();

  expect(await calls.status(callId)).toBe('ringing');
  expect(calls.carrier.hangUps).toEqual([]);
});

test('a dial without an answer waits for a webhook, which brings the call to life', async () => {
  calls.failDial('outcome-unknown');
  const callId = await calls.place();
  expect(await calls.status(callId)).toBe('queued');

  await calls.clock.advanceAsync(DEADLINES.dialOutcomeMs - 1);
  await calls.ring(callId);
  await calls.clock.advanceAsync(DEADLINES.dialOutcomeMs);

  expect(await calls.status(callId)).toBe('ringing');
});

test('a dial without an answer and without a webhook fails in the end', async () => {
  calls.failDial('outcome-unknown');
  const callId = await calls.place();

  await calls.clock.advanceAsync(DEADLINES.dialOutcomeMs);

  expect(await calls.reason(callId)).toBe('dial-outcome-unknown');
  expect(calls.clock.pendingTimers).toBe(0);
  await calls.service.whenIdle();
});

test('a dial whose outcome is unknown after a webhook came needs no further deadline of its own', async () => {
  const dial = calls.holdDial();
  const callId = await calls.place();
  await calls.ring(callId);

  dial.reject(carrierError('outcome-unknown'));
  await calls.clock.advanceAsync(DEADLINES.dialOutcomeMs);

  expect(await calls.status(callId)).toBe('ringing');
});

test('a phone that rings after its call was given up is hung up', async () => {
  calls.failDial('outcome-unknown');
  const callId = await calls.place();
  await calls.clock.advanceAsync(DEADLINES.dialOutcomeMs);
  expect(calls.carrier.hangUps).toEqual([]);

  await calls.event(callId, { type: 'leg.ringing' }, { carrierCallId: 'late-leg' });

  expect(calls.carrier.hangUps).toMatchObject([{ carrierCallId: 'late-leg', callId }]);
  expect(await calls.reason(callId)).toBe('dial-outcome-unknown');
});

test('the end of a leg whose call is over needs nothing', async () => {
  const callId = await calls.talk();
  await calls.end(callId);

  await calls.end(callId);
  await calls.event(callId, { type: 'stream.stopped' });

  expect(calls.carrier.hangUps).toEqual([]);
});

test('a second leg of the same call is hung up, and the first goes on', async () => {
  const callId = await calls.talk();

  await calls.event(callId, { type: 'leg.ringing' }, { carrierCallId: 'second-leg' });

  expect(calls.carrier.hangUps).toMatchObject([{ carrierCallId: 'second-leg' }]);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('the end of a second leg does not end the call', async () => {
  const callId = await calls.talk();
  await calls.event(callId, { type: 'leg.ringing' }, { carrierCallId: 'second-leg' });

  const verdict = endCall('callee-hung-up');
  await calls.event(callId, { type: 'leg.ended', verdict }, { carrierCallId: 'second-leg' });

  expect(await calls.status(callId)).toBe('in-progress');
});

test('the leg that the dial names is hung up when webhooks have named another', async () => {
  const dial = calls.holdDial();
  const callId = await calls.place();
  await calls.event(callId, { type: 'leg.ringing' }, { carrierCallId: 'leg-of-the-first-try' });

  dial.resolve({ carrierCallId: 'leg-of-the-retry' });
  await settle();

  expect(calls.carrier.hangUps).toMatchObject([{ carrierCallId: 'leg-of-the-retry' }]);
});

test('a call that the server cannot even dial is an internal error', async () => {
  calls.endpoint.issueStream = () => {
    throw new TypeError('bug');
  };

  const callId = await calls.place();

  expect(await calls.reason(callId)).toBe('internal-error');
  await calls.service.whenIdle();
});
