// A transfer that nobody attends to any more: called off by the conversation, or under way when the AI fails.

import type { TransferOutcome } from '../../../src/calls/agent-ports';
import { endCall } from '../../../src/calls/end-call';
import { settle } from '../../support/manual-clock';
import { CallHarness, DEADLINES } from './call-harness';

const TO = '+12025550177';
const RING_LIMIT_MS = DEADLINES.transferRingSeconds * 1000 + DEADLINES.ringGraceMs;
const AI_LEAVES_MS = 10;

let calls: CallHarness;
let callId: string;
/** What became of the transfer, once it is known. */
let outcome: TransferOutcome | undefined;

/** Another phone rings. */
beforeEach(async () => {
  calls = new CallHarness();
  callId = await calls.talk();
  outcome = undefined;
  void calls.conversations.last.controls.transfer(TO).then((settled) => {
    outcome = settled;
  });
  await settle();
  await calls.targetEvent(callId, { type: 'leg.ringing' });
});

async function failAi(): Promise<void> {
  calls.conversations.last.report({ type: 'conversation.failed', verdict: endCall('ai-connection-lost') });
  await settle();
}

async function targetIsBusy(): Promise<void> {
  await calls.targetEvent(callId, { type: 'leg.ended', verdict: endCall('callee-busy') });
}

function noted(): string[] {
  return calls.watcher.types.filter((type) => type.startsWith('transfer.'));
}

describe('called off', () => {
  test('while the other phone rings lets the other party go, and the call goes on', async () => {
    calls.conversations.last.controls.cancelTransfer();
    await settle();

    expect(outcome).toMatchObject({ status: 'failed', reason: 'it was canceled' });
    expect(noted()).toEqual(['transfer.started', 'transfer.failed']);
    expect(calls.hungUp).toEqual(['target-leg']);
    await calls.clock.advanceAsync(2 * RING_LIMIT_MS);
    expect(await calls.status(callId)).toBe('in-progress');
  });

  test('leaves those alone who talk to each other already', async () => {
    await calls.targetEvent(callId, { type: 'leg.answered' });

    calls.conversations.last.controls.cancelTransfer();
    await settle();

    expect(outcome).toEqual({ status: 'bridged' });
    expect(noted()).toEqual(['transfer.started', 'transfer.bridged']);
    expect(calls.hungUp).toEqual([]);
  });

  test('twice changes nothing the second time', async () => {
    const { controls } = calls.conversations.last;

    controls.cancelTransfer();
    controls.cancelTransfer();
    await settle();

    expect(noted()).toEqual(['transfer.started', 'transfer.failed']);
    expect(calls.hungUp).toEqual(['target-leg']);
  });
});

describe('an AI that fails', () => {
  test('while the other phone rings leaves the line and lets it ring', async () => {
    await failAi();

    expect(calls.conversations.last.closed).toBe(true);
    expect(await calls.status(callId)).toBe('in-progress');
    expect(calls.hungUp).toEqual([]);
    expect(calls.carrier.spoken).toEqual([]);
  });

  test('is not missed when the other party answers', async () => {
    await failAi();

    await calls.targetEvent(callId, { type: 'leg.answered' });
    await calls.clock.advanceAsync(120_000);

    expect(outcome).toEqual({ status: 'bridged' });
    expect(await calls.status(callId)).toBe('in-progress');
    await calls.end(callId);
    expect(await calls.reason(callId)).toBe('transferred');
  });

  test.each<[string, () => Promise<void>]>([
    ['is busy', targetIsBusy],
    ['never answers', () => calls.clock.advanceAsync(RING_LIMIT_MS)],
  ])('is why the call ends when the other party %s, and the callee is told', async (_, act) => {
    await failAi();

    await act();

    const verdict = { reason: 'ai-connection-lost' };
    expect(await calls.call(callId)).toMatchObject({ status: 'failed', verdict });
    expect(noted()).toEqual(['transfer.started', 'transfer.failed']);
    expect(calls.carrier.spoken).toHaveLength(1);
    expect(calls.carrier.streams).toEqual([]);
  });

  test('is not asked anything any more while the other phone rings', async () => {
    await failAi();

    const said = calls.service.say(callId, { text: 'One moment.', timing: 'now', isProtected: false });

    await expect(said).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT', status: 'in-progress' });
  });

  test('does not keep the call up when the callee hangs up', async () => {
    await failAi();

    await calls.end(callId);

    expect(await calls.reason(callId)).toBe('callee-hung-up');
    expect(calls.hungUp).toEqual(['target-leg']);
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('in the moment in which the two are connected does not part them', async () => {
    await calls.targetEvent(callId, { type: 'leg.answered' });

    await failAi();
    await calls.clock.advanceAsync(AI_LEAVES_MS);

    expect(await calls.status(callId)).toBe('in-progress');
    expect(calls.hungUp).toEqual([]);
  });

  test('after a transfer that failed ends the call', async () => {
    await targetIsBusy();

    await failAi();

    expect(await calls.reason(callId)).toBe('ai-connection-lost');
  });
});
