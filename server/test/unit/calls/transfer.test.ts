// Connecting the callee with somebody else: what the carrier's answers and webhooks, late or lost, make of a transfer.

import type { TransferOutcome } from '../../../src/calls/agent-ports';
import { endCall, type EndReason } from '../../../src/calls/end-call';
import type { CarrierOccurrence } from '../../../src/calls/ports';
import { settle } from '../../support/manual-clock';
import { CallHarness, carrierError, DEADLINES } from './call-harness';

const TO = '+12025550177';
const RING_LIMIT_MS = DEADLINES.transferRingSeconds * 1000 + DEADLINES.ringGraceMs;
/** The AI is gone a moment after the bridge, when what it was doing is on record. */
const AI_LEAVES_MS = 10;
const TARGET_ANSWERS: CarrierOccurrence = { type: 'leg.answered' };
const TARGET_RINGS: CarrierOccurrence = { type: 'leg.ringing' };

let calls: CallHarness;
let callId: string;

beforeEach(async () => {
  calls = new CallHarness();
  callId = await calls.talk();
});

/** The AI asks for a transfer; what becomes of it is kept. */
async function startTransfer(): Promise<{ outcome?: TransferOutcome }> {
  const transfer: { outcome?: TransferOutcome } = {};
  void calls.conversations.last.controls.transfer(TO).then((outcome) => {
    transfer.outcome = outcome;
  });
  await settle();
  return transfer;
}

/** A transfer that has worked. */
async function bridge(): Promise<void> {
  await startTransfer();
  await calls.targetEvent(callId, TARGET_ANSWERS);
  await calls.clock.advanceAsync(AI_LEAVES_MS);
}

function targetEnds(reason: EndReason): CarrierOccurrence {
  return { type: 'leg.ended', verdict: endCall(reason) };
}

/** What is on the timeline about transfers. */
function noted(): string[] {
  return calls.watcher.types.filter((type) => type.startsWith('transfer.'));
}

test('the carrier rings the other party in the name of the call, for no longer than the call may last', async () => {
  await calls.clock.advanceAsync(100_500);

  await startTransfer();

  const request = { to: TO, from: '+12025550100', attempt: 1, ringTimeoutSeconds: DEADLINES.transferRingSeconds };
  expect(calls.carrier.transfers).toMatchObject([
    { command: { callId, carrierCallId: 'leg-1' }, request: { ...request, timeLimitSeconds: 560 } },
  ]);
});

test.each<[string, () => Promise<void>]>([
  ['the answer of the other party', () => calls.targetEvent(callId, TARGET_ANSWERS)],
  ['the bridge at the leg of the other party', () => calls.targetEvent(callId, { type: 'leg.bridged' })],
  ['the bridge at the leg of the callee', () => calls.event(callId, { type: 'leg.bridged' })],
])('%s tells that the transfer has worked: the AI leaves, and the call goes on', async (_, arrives) => {
  const transfer = await startTransfer();

  await arrives();

  expect(transfer.outcome).toEqual({ status: 'bridged' });
  expect(noted()).toEqual(['transfer.started', 'transfer.bridged']);
  await calls.clock.advanceAsync(AI_LEAVES_MS);
  expect(calls.conversations.last.closed).toBe(true);
  await calls.clock.advanceAsync(120_000);
  expect(await calls.status(callId)).toBe('in-progress');
  expect(calls.hungUp).toEqual([]);
});

test('the same news from the other leg changes nothing', async () => {
  await bridge();

  await calls.event(callId, { type: 'leg.bridged' });
  await calls.targetEvent(callId, { type: 'leg.bridged' });

  expect(noted()).toEqual(['transfer.started', 'transfer.bridged']);
  expect(calls.hungUp).toEqual([]);
});

test('a leg that is bridged without a transfer is none of our doing', async () => {
  await calls.event(callId, { type: 'leg.bridged' });

  expect(noted()).toEqual([]);
  expect(calls.conversations.last.closed).toBe(false);
});

test.each(['refused', 'unavailable'] as const)('a transfer that is %s fails, and the AI stays', async (failure) => {
  calls.carrier.onTransfer = () => Promise.reject(carrierError(failure));
  const { pendingTimers } = calls.clock;

  const transfer = await startTransfer();

  expect(transfer.outcome).toMatchObject({ status: 'failed', reason: 'the carrier refused it' });
  expect(noted()).toEqual(['transfer.started', 'transfer.failed']);
  expect(calls.conversations.last.closed).toBe(false);
  expect(calls.clock.pendingTimers).toBe(pendingTimers);
});

test('what the carrier said to a transfer that it refused is on record', async () => {
  calls.carrier.onTransfer = () => Promise.reject(carrierError('refused'));

  await startTransfer();

  const failed = calls.watcher.seen.map(({ entry }) => entry).find(({ type }) => type === 'transfer.failed');
  const details = { httpStatus: 403, carrierCode: '10010', refusalCode: 'D13' };
  expect(failed?.data).toEqual({ to: TO, reason: 'the carrier refused it', details });
});

test.each<[EndReason, string]>([
  ['callee-busy', 'the line was busy'],
  ['callee-declined', 'the call was declined'],
  ['callee-no-answer', 'nobody answered'],
  ['callee-hung-up', 'nobody answered'],
  ['carrier-canceled', 'nobody answered'],
  ['number-unreachable', 'the number could not be reached'],
  ['carrier-failed', 'the call could not be connected'],
])('a leg of the other party that ends with %s means that %s', async (verdict, reason) => {
  const transfer = await startTransfer();
  await calls.targetEvent(callId, TARGET_RINGS);

  await calls.targetEvent(callId, targetEnds(verdict));

  expect(transfer.outcome).toEqual({ status: 'failed', reason });
  expect(await calls.status(callId)).toBe('in-progress');
  expect(calls.conversations.last.closed).toBe(false);
  expect(calls.hungUp).toEqual([]);
});

test('a phone that rings for ever is given up and hung up', async () => {
  const transfer = await startTransfer();
  await calls.targetEvent(callId, TARGET_RINGS);

  await calls.clock.advanceAsync(RING_LIMIT_MS - 1);
  expect(transfer.outcome).toBeUndefined();
  await calls.clock.advanceAsync(1);

  expect(transfer.outcome).toEqual({ status: 'failed', reason: 'nobody answered' });
  expect(calls.hungUp).toEqual(['target-leg']);
  expect(await calls.status(callId)).toBe('in-progress');
});

describe('an order that the carrier does not answer', () => {
  beforeEach(() => {
    calls.carrier.onTransfer = () => Promise.reject(carrierError('outcome-unknown'));
  });

  test('may have been carried out, and works when the bridge is reported', async () => {
    const transfer = await startTransfer();
    expect(transfer.outcome).toBeUndefined();

    await calls.event(callId, { type: 'leg.bridged' });

    expect(transfer.outcome).toEqual({ status: 'bridged' });
  });

  test('fails when nothing is heard of it', async () => {
    const transfer = await startTransfer();

    await calls.clock.advanceAsync(RING_LIMIT_MS);

    expect(transfer.outcome).toMatchObject({ status: 'failed' });
  });
});

test('there is one transfer at a time', async () => {
  const first = await startTransfer();

  const second = await startTransfer();

  expect(second.outcome).toEqual({ status: 'failed', reason: 'another transfer is under way' });
  expect(calls.carrier.transfers).toHaveLength(1);
  await calls.targetEvent(callId, TARGET_ANSWERS);
  expect(first.outcome).toEqual({ status: 'bridged' });
});

test('after a transfer that failed, another one may work', async () => {
  await startTransfer();
  await calls.targetEvent(callId, targetEnds('callee-busy'));

  const transfer = await startTransfer();
  await calls.targetEvent(callId, TARGET_ANSWERS, { carrierCallId: 'second-target-leg' });

  expect(transfer.outcome).toEqual({ status: 'bridged' });
  expect(calls.hungUp).toEqual([]);
});

describe('a second attempt', () => {
  let second: { outcome?: TransferOutcome };

  /** The first was given up while its phone rang; of the second nothing is known yet. */
  beforeEach(async () => {
    await startTransfer();
    await calls.targetEvent(callId, TARGET_RINGS, { carrierCallId: 'first-leg' });
    await calls.clock.advanceAsync(RING_LIMIT_MS);
    second = await startTransfer();
  });

  test('is told apart from the first at the carrier', () => {
    expect(calls.carrier.transfers.map(({ request }) => request.attempt)).toEqual([1, 2]);
  });

  test.each<[string, CarrierOccurrence]>([
    ['hang-up', targetEnds('callee-busy')],
    ['answer', TARGET_ANSWERS],
    ['ringing', TARGET_RINGS],
  ])('is not touched by the late %s of the first', async (_, occurrence) => {
    await calls.targetEvent(callId, occurrence, { carrierCallId: 'first-leg', transferAttempt: 1 });
    expect(second.outcome).toBeUndefined();

    await calls.targetEvent(callId, TARGET_ANSWERS, { carrierCallId: 'second-leg' });

    expect(second.outcome).toEqual({ status: 'bridged' });
    expect(calls.hungUp).not.toContain('second-leg');
    expect(calls.hungUp).toContain('first-leg');
  });

  test('that works does not end with the first', async () => {
    await calls.targetEvent(callId, TARGET_ANSWERS, { carrierCallId: 'second-leg' });

    await calls.targetEvent(callId, targetEnds('callee-hung-up'), { carrierCallId: 'first-leg', transferAttempt: 1 });
    await calls.clock.advanceAsync(2 * DEADLINES.hangupReportMs);

    expect(await calls.status(callId)).toBe('in-progress');
  });
});

test('a leg of an attempt that was given up is hung up when it rings after all', async () => {
  await startTransfer();
  await calls.clock.advanceAsync(RING_LIMIT_MS);

  await calls.targetEvent(callId, TARGET_RINGS, { carrierCallId: 'late-leg' });

  expect(calls.hungUp).toEqual(['late-leg']);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('a second leg for one transfer is hung up, and the first is waited for', async () => {
  const transfer = await startTransfer();
  await calls.targetEvent(callId, TARGET_RINGS);

  await calls.targetEvent(callId, TARGET_ANSWERS, { carrierCallId: 'second-leg' });

  expect(calls.hungUp).toEqual(['second-leg']);
  expect(transfer.outcome).toBeUndefined();
});

describe('while the other phone rings', () => {
  let transfer: { outcome?: TransferOutcome };

  beforeEach(async () => {
    transfer = await startTransfer();
    await calls.targetEvent(callId, TARGET_RINGS);
  });

  test('the end of the call takes both legs down', async () => {
    await calls.service.hangUp(callId);
    await settle();

    expect(calls.hungUp.sort()).toEqual(['leg-1', 'target-leg']);
    expect(transfer.outcome).toEqual({ status: 'failed', reason: 'the call is over' });
    expect(calls.clock.pendingTimers).toBe(0);
    await calls.service.whenIdle();
  });

  test('a callee who hangs up has hung up, and the other phone stops ringing', async () => {
    await calls.end(callId);

    expect(await calls.reason(callId)).toBe('callee-hung-up');
    expect(calls.hungUp).toEqual(['target-leg']);
  });

  test('the maximum duration holds', async () => {
    calls.clock.advance(600_000);
    await settle();

    expect(await calls.status(callId)).toBe('completed');
    expect(calls.hungUp).toContain('leg-1');
  });

  test.each(['stopped', 'lost'] as const)('a stream that is %s does not end the call', async (how) => {
    calls.conversations.last.loseStream(how);

    await calls.clock.advanceAsync(2 * DEADLINES.hangupReportMs);
    expect(await calls.status(callId)).toBe('in-progress');
    await calls.targetEvent(callId, TARGET_ANSWERS);
    await calls.clock.advanceAsync(2 * DEADLINES.hangupReportMs);

    expect(transfer.outcome).toEqual({ status: 'bridged' });
    expect(await calls.status(callId)).toBe('in-progress');
  });

  test('a stream that is gone when the transfer fails is asked for again, and the AI comes back', async () => {
    calls.conversations.last.loseStream('stopped');

    await calls.targetEvent(callId, targetEnds('callee-busy'));
    await calls.clock.advanceAsync(DEADLINES.streamRetryMs);
    expect(calls.carrier.streams).toHaveLength(1);
    expect(calls.connectStream(callId)).toBe(true);
    await calls.clock.advanceAsync(2 * DEADLINES.streamStartMs);

    expect(await calls.status(callId)).toBe('in-progress');
    expect(calls.conversations.last.attached).toHaveLength(2);
  });

  test('a stream that needed every request at first is asked for again all the same', async () => {
    const slow = new CallHarness();
    const slowId = await slow.place();
    await slow.answer(slowId);
    await slow.clock.advanceAsync(3 * DEADLINES.streamRetryMs);
    slow.connectStream(slowId);
    void slow.conversations.last.controls.transfer(TO);
    await settle();
    slow.conversations.last.loseStream('stopped');

    await slow.targetEvent(slowId, targetEnds('callee-busy'));
    await slow.clock.advanceAsync(DEADLINES.streamRetryMs);

    expect(slow.carrier.streams).toHaveLength(4);
  });

  test('a stream that does not come back after a failed transfer ends the call', async () => {
    calls.conversations.last.loseStream('stopped');

    await calls.targetEvent(callId, targetEnds('callee-busy'));
    await calls.clock.advanceAsync(DEADLINES.streamStartMs);

    expect(await calls.reason(callId)).toBe('stream-not-started');
  });

  test('a stream that is still there when the transfer fails is not asked for again', async () => {
    await calls.targetEvent(callId, targetEnds('callee-busy'));
    await calls.clock.advanceAsync(DEADLINES.streamStartMs);

    expect(calls.carrier.streams).toEqual([]);
    expect(await calls.status(callId)).toBe('in-progress');
  });
});

describe('once they talk to each other', () => {
  beforeEach(bridge);

  test('no stream is taken any more', () => {
    expect(calls.connectStream(callId)).toBe(false);
    expect(calls.conversations.all).toHaveLength(1);
  });

  test('a report of a failed stream means nothing', async () => {
    await calls.event(callId, { type: 'stream.failed', failure: 'connection_failed' });
    await calls.clock.advanceAsync(DEADLINES.streamStartMs);

    expect(calls.carrier.streams).toEqual([]);
    expect(await calls.status(callId)).toBe('in-progress');
  });

  test('a stream that ends in the same moment does not end the call', async () => {
    const other = new CallHarness();
    const otherId = await other.talk();
    void other.conversations.last.controls.transfer(TO);
    await settle();
    await other.targetEvent(otherId, TARGET_ANSWERS);

    other.conversations.last.loseStream('stopped');
    await other.clock.advanceAsync(2 * DEADLINES.hangupReportMs);

    expect(await other.status(otherId)).toBe('in-progress');
  });

  test('there is no other transfer', async () => {
    const second = await startTransfer();

    expect(second.outcome).toMatchObject({ status: 'failed' });
    expect(calls.carrier.transfers).toHaveLength(1);
  });

  test('the hang-up of the callee ends a transferred call, and the other leg is taken down', async () => {
    await calls.end(callId);

    expect(await calls.call(callId)).toMatchObject({ status: 'completed', verdict: { reason: 'transferred' } });
    expect(calls.hungUp).toEqual(['target-leg']);
    await calls.service.whenIdle();
  });

  test('the other party leaves, and the end of our leg, which follows, ends the call', async () => {
    await calls.targetEvent(callId, targetEnds('callee-hung-up'));
    expect(await calls.status(callId)).toBe('in-progress');
    await calls.end(callId);

    expect(await calls.reason(callId)).toBe('transferred');
    expect(calls.hungUp).toEqual([]);
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('the call ends when the other party leaves, although the end of our leg is never reported', async () => {
    await calls.targetEvent(callId, targetEnds('callee-hung-up'));

    await calls.clock.advanceAsync(DEADLINES.hangupReportMs);

    expect(await calls.reason(callId)).toBe('transferred');
    expect(calls.hungUp).toEqual(['leg-1']);
    await calls.service.whenIdle();
  });

  test('the maximum duration ends the call and takes both legs down', async () => {
    await calls.clock.advanceAsync(600_000);

    expect(await calls.reason(callId)).toBe('max-duration-reached');
    expect(calls.hungUp.sort()).toEqual(['leg-1', 'target-leg']);
  });

  test('the end of the server is no reason to speak into their talk', async () => {
    calls.service.endAll();
    await settle();

    expect(calls.carrier.spoken).toEqual([]);
    expect(calls.hungUp.sort()).toEqual(['leg-1', 'target-leg']);
  });
});

describe('after the end of the call', () => {
  test('a transfer that was about to begin is not carried out while the last words are spoken', async () => {
    const { last } = calls.conversations;
    last.report({ type: 'conversation.failed', verdict: endCall('ai-connection-lost') });

    const transfer = await startTransfer();

    expect(calls.carrier.spoken).toHaveLength(1);
    expect(calls.carrier.transfers).toEqual([]);
    expect(transfer.outcome).toMatchObject({ status: 'failed' });
  });

  test('another phone that rings stops before the last words are over', async () => {
    await startTransfer();
    await calls.targetEvent(callId, TARGET_RINGS);

    const [conversation] = calls.conversations.all;
    conversation?.controls.end('internal-error');
    await settle();

    expect(calls.carrier.spoken).toHaveLength(1);
    expect(calls.hungUp).toEqual(['target-leg']);
  });

  test('a transfer that was about to begin is not carried out', async () => {
    await calls.service.hangUp(callId);

    const transfer = await startTransfer();

    expect(transfer.outcome).toMatchObject({ status: 'failed' });
    expect(calls.carrier.transfers).toEqual([]);
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('another phone that only begins to ring while the legs are taken down is hung up', async () => {
    await startTransfer();
    calls.carrier.onHangUp = ({ carrierCallId }) =>
      carrierCallId === 'leg-1' ? new Promise(() => undefined) : Promise.resolve();
    await calls.service.hangUp(callId);
    await settle();

    await calls.targetEvent(callId, TARGET_RINGS);

    expect(calls.hungUp).toEqual(['leg-1', 'target-leg']);
  });

  test('another phone that begins to ring when the call is long gone is hung up', async () => {
    await startTransfer();
    await calls.service.hangUp(callId);
    await calls.service.whenIdle();

    await calls.targetEvent(callId, TARGET_RINGS);

    expect(calls.hungUp).toEqual(['leg-1', 'target-leg']);
  });
});
