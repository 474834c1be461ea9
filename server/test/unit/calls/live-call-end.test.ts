// Every way out of a call: whoever ends it, the status is final at once and the leg is taken down behind it.

import { aCharge } from '../../support/builders';
import { endCall } from '../../../src/calls/end-call';
import { settle } from '../../support/manual-clock';
import { CallHarness, carrierError, DEADLINES, RING_LIMIT_MS } from './call-harness';

let calls: CallHarness;

beforeEach(() => {
  calls = new CallHarness();
});

/** Nothing of any call is left: no leg, no timer, no place taken. */
async function expectNothingLeft(): Promise<void> {
  await settle();
  expect(calls.clock.pendingTimers).toBe(0);
  expect(calls.conversations.all.every(({ closed }) => closed)).toBe(true);
  await calls.service.whenIdle();
}

test.each(['initiated', 'ringing'])('the API cancels a call that is %s', async (status) => {
  const callId = await calls.place();
  if (status === 'ringing') await calls.ring(callId);

  const call = await calls.service.hangUp(callId);

  expect(call).toMatchObject({ status: 'canceled', verdict: { reason: 'api-canceled', endedBy: 'api' } });
  await settle();
  expect(calls.carrier.hangUps).toMatchObject([{ carrierCallId: 'leg-1' }]);
  await expectNothingLeft();
});

test('the API completes a call that is in progress', async () => {
  const callId = await calls.talk();

  const call = await calls.service.hangUp(callId);

  expect(call).toMatchObject({ status: 'completed', verdict: { reason: 'api-hung-up' } });
  await settle();
  expect(calls.carrier.hangUps).toHaveLength(1);
  expect(calls.carrier.spoken).toEqual([]);
  await expectNothingLeft();
});

test('a call canceled while it is being dialled is hung up when the dial names its leg', async () => {
  const dial = calls.holdDial();
  const callId = await calls.place();

  const call = await calls.service.hangUp(callId);
  expect(call.status).toBe('canceled');
  await settle();
  expect(calls.carrier.hangUps).toEqual([]);
  dial.resolve({ carrierCallId: 'leg-1' });
  await settle();

  expect(calls.carrier.hangUps).toMatchObject([{ carrierCallId: 'leg-1' }]);
  expect(await calls.status(callId)).toBe('canceled');
  await expectNothingLeft();
});

test('the record of a call canceled while it is being dialled names the leg all the same', async () => {
  const dial = calls.holdDial();
  const callId = await calls.place();
  await calls.service.hangUp(callId);

  dial.resolve({ carrierCallId: 'leg-1' });
  await settle();

  expect((await calls.recorded(callId))?.carrierCallId).toBe('leg-1');
});

test('a call canceled while it is being dialled needs no hang-up when the dial is refused', async () => {
  const dial = calls.holdDial();
  const callId = await calls.place();
  await calls.service.hangUp(callId);

  dial.reject(carrierError('refused'));
  await settle();

  expect(calls.carrier.hangUps).toEqual([]);
  expect(await calls.reason(callId)).toBe('api-canceled');
  await expectNothingLeft();
});

test.each(['ringing', 'in-progress'])(
  'a %s call is hung up at once although its dial is unanswered',
  async (status) => {
    calls.holdDial();
    const callId = await calls.place();
    await calls.ring(callId);
    if (status === 'in-progress') await calls.answer(callId);

    await calls.service.hangUp(callId);
    await settle();

    expect(calls.carrier.hangUps).toMatchObject([{ carrierCallId: 'leg-1' }]);
  },
);

test('a call canceled after an unanswered dial is hung up when its phone rings after all', async () => {
  calls.failDial('outcome-unknown');
  const callId = await calls.place();
  await calls.service.hangUp(callId);

  await calls.ring(callId);

  expect(calls.carrier.hangUps).toMatchObject([{ carrierCallId: 'leg-1' }]);
  expect(await calls.status(callId)).toBe('canceled');
});

test('a hang-up that the carrier refuses at first is repeated, and the call keeps its place until then', async () => {
  const callId = await calls.talk();
  calls.carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  await calls.service.hangUp(callId);
  await settle();
  expect(calls.service.activeCalls).toBe(0);

  calls.carrier.onHangUp = () => Promise.resolve();
  await calls.clock.advanceAsync(500);

  expect(calls.carrier.hangUps).toHaveLength(2);
  await expectNothingLeft();
});

test('a phone that rings for ever is given up after the ring timeout and some grace', async () => {
  const callId = await calls.place();
  await calls.ring(callId);

  await calls.clock.advanceAsync(RING_LIMIT_MS - 1);
  expect(await calls.status(callId)).toBe('ringing');
  await calls.clock.advanceAsync(1);

  expect(await calls.call(callId)).toMatchObject({ status: 'no-answer', verdict: { reason: 'ring-deadline-passed' } });
  expect(calls.carrier.hangUps).toHaveLength(1);
  await expectNothingLeft();
});

test('a dial that is accepted and never heard of again is given up as well', async () => {
  const callId = await calls.place();

  await calls.clock.advanceAsync(RING_LIMIT_MS);

  expect(await calls.status(callId)).toBe('no-answer');
  await expectNothingLeft();
});

test('a call ends when it reaches its maximum duration, counted from the answer', async () => {
  const callId = await calls.place({ maxDurationSeconds: 60 });
  await calls.clock.advanceAsync(30_000);
  await calls.answer(callId);
  calls.connectStream(callId);

  await calls.clock.advanceAsync(59_999);
  expect(await calls.status(callId)).toBe('in-progress');
  await calls.clock.advanceAsync(1);

  expect(await calls.call(callId)).toMatchObject({ status: 'completed', verdict: { reason: 'max-duration-reached' } });
  expect(calls.carrier.spoken).toEqual([]);
  await expectNothingLeft();
});

test('a late answer does not start the maximum duration anew', async () => {
  const callId = await calls.place({ maxDurationSeconds: 60 });
  calls.connectStream(callId);
  await calls.clock.advanceAsync(40_000);

  await calls.answer(callId);
  await calls.clock.advanceAsync(20_000);

  expect(await calls.reason(callId)).toBe('max-duration-reached');
});

test('the first verdict wins', async () => {
  const callId = await calls.talk();

  await calls.service.hangUp(callId);
  await calls.end(callId, 'callee-hung-up');
  calls.conversations.last.report({ type: 'conversation.failed', verdict: endCall('ai-failed') });

  expect(await calls.reason(callId)).toBe('api-hung-up');
  expect(calls.statuses.filter((status) => status === 'completed')).toHaveLength(1);
});

test('an AI that fails while the phone rings ends the call without a word', async () => {
  const callId = await calls.place();
  await calls.ring(callId);

  calls.conversations.last.report({ type: 'conversation.failed', verdict: endCall('ai-unauthorized') });
  await settle();

  expect(await calls.reason(callId)).toBe('ai-unauthorized');
  expect(calls.carrier.spoken).toEqual([]);
  expect(calls.carrier.hangUps).toHaveLength(1);
  await expectNothingLeft();
});

describe('an answered call that fails', () => {
  let callId: string;

  beforeEach(async () => {
    callId = await calls.talk();
    calls.conversations.last.report({ type: 'conversation.failed', verdict: endCall('ai-connection-lost') });
    await settle();
  });

  test('has its status at once, and says goodbye in the voice of the carrier before it is hung up', async () => {
    expect(await calls.status(callId)).toBe('failed');
    expect(calls.carrier.spoken).toMatchObject([{ command: { carrierCallId: 'leg-1' } }]);
    expect(calls.carrier.hangUps).toEqual([]);

    await calls.event(callId, { type: 'speech.ended' });

    expect(calls.carrier.hangUps).toHaveLength(1);
    await expectNothingLeft();
  });

  test('is hung up when the end of the last words is never reported', async () => {
    await calls.clock.advanceAsync(DEADLINES.lastWordsMs);

    expect(calls.carrier.hangUps).toHaveLength(1);
    await expectNothingLeft();
  });

  test('is done when the callee hangs up during the last words', async () => {
    await calls.end(callId);

    expect(calls.carrier.hangUps).toEqual([]);
    expect(await calls.reason(callId)).toBe('ai-connection-lost');
    await expectNothingLeft();
  });
});

test('last words that the carrier does not even take are skipped', async () => {
  const callId = await calls.talk();
  calls.carrier.onSpeak = () => Promise.reject(carrierError('refused'));

  calls.conversations.last.report({ type: 'conversation.failed', verdict: endCall('ai-failed') });
  await settle();

  expect(calls.carrier.hangUps).toHaveLength(1);
  expect(await calls.reason(callId)).toBe('ai-failed');
  await expectNothingLeft();
});

test('a carrier that hangs on the last words does not keep the call', async () => {
  await calls.talk();
  calls.carrier.onSpeak = () => new Promise(() => undefined);

  calls.conversations.last.report({ type: 'conversation.failed', verdict: endCall('ai-failed') });
  await calls.clock.advanceAsync(DEADLINES.lastWordsMs);

  expect(calls.carrier.hangUps).toHaveLength(1);
  await expectNothingLeft();
});

test('a call that the callee ends is not spoken to', async () => {
  const callId = await calls.talk();

  await calls.end(callId, 'carrier-failed');

  expect(await calls.status(callId)).toBe('failed');
  expect(calls.carrier.spoken).toEqual([]);
  await expectNothingLeft();
});

test('usage reported by the conversation is added to the call and its record', async () => {
  const callId = await calls.talk();
  const usage = { ...(await calls.call(callId)).usage, responses: 1, outputAudioTokens: 40, costUsd: 0.01 };

  calls.conversations.last.report({ type: 'usage.added', usage, charge: aCharge() });
  calls.conversations.last.report({ type: 'usage.added', usage, charge: aCharge() });

  expect((await calls.call(callId)).usage).toMatchObject({ responses: 2, outputAudioTokens: 80, costUsd: 0.02 });
  expect((await calls.recorded(callId))?.usage).toMatchObject({ responses: 2 });
});
