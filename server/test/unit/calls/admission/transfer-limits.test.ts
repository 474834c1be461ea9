// Transfers dial somebody too: what keeps them below the limits, whoever asks for them.

import type { TransferOutcome } from '../../../../src/calls/agent-ports';
import type { CallLimits } from '../../../../src/calls/admission/admission';
import { endCall } from '../../../../src/calls/end-call';
import { CallRateError, DestinationLimitError, KeyLimitError } from '../../../../src/calls/errors';
import { aCallRequest } from '../../../support/builders';
import { settle } from '../../../support/manual-clock';
import { CallHarness } from '../call-harness';

const CALLEE = '+12025550123';
const TO = '+12025550177';
const SIP = 'sip:desk@pbx.example';

/** A call in conversation, placed by a key. */
async function talk(limits: Partial<CallLimits> = {}): Promise<{ calls: CallHarness; callId: string }> {
  const calls = new CallHarness(limits);
  const { call } = await calls.service.place(aCallRequest({ placedBy: 'crm' }));
  await settle();
  await calls.answer(call.callId);
  calls.connectStream(call.callId);
  return { calls, callId: call.callId };
}

/** The model's tool, or the agent after the announcement. */
function dial(calls: CallHarness, to = TO): Promise<TransferOutcome> {
  return calls.conversations.last.controls.transfer(to);
}

/** A transfer that is dialled and comes to nothing. */
async function failedDial(calls: CallHarness, callId: string, to = TO): Promise<TransferOutcome> {
  const outcome = dial(calls, to);
  await settle();
  await calls.targetEvent(callId, { type: 'leg.ended', verdict: endCall('callee-busy') });
  return outcome;
}

test('a transfer counts against the number that it goes to, and against the key of its call', async () => {
  const { calls, callId } = await talk({
    callsPerDestinationPerHour: 1,
    transfersPerDestinationPerHour: 1,
    callsPerKeyPerDay: 2,
  });
  await failedDial(calls, callId);

  expect(await dial(calls)).toEqual({
    status: 'failed',
    reason: 'this number was called too often in the last hour',
    details: { refusal: 'DESTINATION_LIMIT_REACHED' },
  });
  await expect(calls.service.place(aCallRequest({ to: TO }))).rejects.toBeInstanceOf(DestinationLimitError);
  expect(await dial(calls, SIP)).toMatchObject({ details: { refusal: 'KEY_LIMIT_REACHED' } });
  expect(calls.carrier.transfers).toHaveLength(1);
});

test('what was refused is in the record, and the call goes on', async () => {
  const { calls, callId } = await talk({ transfersPerDestinationPerHour: 1 });

  await dial(calls, CALLEE);

  const failed = calls.watcher.seen.map(({ entry }) => entry).filter(({ type }) => type.startsWith('transfer.'));
  expect(failed).toMatchObject([{ type: 'transfer.failed', data: { to: CALLEE, details: {} } }]);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('a transfer waits for its turn among new calls, and one that would wait for long is refused', async () => {
  const { calls } = await talk({ callsPerSecond: 1 });
  const outcome = dial(calls);
  await settle();
  expect(calls.carrier.transfers).toEqual([]);
  await calls.clock.advanceAsync(1_000);
  expect(calls.carrier.transfers).toHaveLength(1);
  calls.conversations.last.controls.cancelTransfer();
  await outcome;

  for (let count = 0; count < 3; count += 1) calls.service.place(aCallRequest()).catch(() => undefined);
  await settle();

  expect(await dial(calls)).toMatchObject({ details: { refusal: 'CALL_RATE_EXCEEDED' } });
});

test('one call dials five other parties at most', async () => {
  const { calls, callId } = await talk();
  for (let count = 0; count < 5; count += 1) await failedDial(calls, callId, `+1202555018${count}`);

  expect(await dial(calls, SIP)).toMatchObject({ status: 'failed', details: { refusal: 'CALL_STATE_CONFLICT' } });
  await expect(calls.service.transfer(callId, { to: TO })).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT' });
  expect(calls.carrier.transfers).toHaveLength(5);
});

test('a transfer that is canceled, or whose call ends, while it waits for its turn is not dialled and does not count', async () => {
  for (const giveUp of ['cancelTransfer', 'end'] as const) {
    const { calls } = await talk({ callsPerSecond: 1 });
    const outcome = dial(calls);
    await settle();

    if (giveUp === 'end') calls.conversations.last.controls.end('ai-hung-up');
    else calls.conversations.last.controls.cancelTransfer();
    await calls.clock.advanceAsync(2_000);

    expect(await outcome).toMatchObject({ status: 'failed' });
    expect(calls.carrier.transfers).toEqual([]);
    expect(calls.dials.destinations).toEqual([CALLEE]);
  }
});

test('somebody who was put on a list since the call was placed is not dialled', async () => {
  const { calls } = await talk();
  calls.notTo.set(TO, 'DO_NOT_CALL');

  expect(await dial(calls)).toEqual({
    status: 'failed',
    reason: 'nobody may be called there',
    details: { refusal: 'DO_NOT_CALL' },
  });
  expect(calls.carrier.transfers).toEqual([]);
  expect(calls.dials.destinations).toEqual([CALLEE]);
});

test('a database that is away keeps a transfer from being dialled', async () => {
  const { calls } = await talk();
  calls.dials.before = () => Promise.reject(new Error('connection refused'));

  const outcome = dial(calls);
  await calls.clock.advanceAsync(3_000);

  expect(await outcome).toMatchObject({ details: { refusal: 'RECORDS_UNAVAILABLE' } });
  expect(calls.carrier.transfers).toEqual([]);
});

test('a server that drains still transfers in the calls that go on', async () => {
  const { calls } = await talk({ callsPerSecond: 1 });
  calls.service.startDraining();

  void dial(calls);
  await calls.clock.advanceAsync(1_000);

  expect(calls.carrier.transfers).toHaveLength(1);
});

describe('an order', () => {
  test('is refused before it is announced', async () => {
    const { calls, callId } = await talk({ transfersPerDestinationPerHour: 1, callsPerKeyPerDay: 2 });

    await expect(calls.service.transfer(callId, { to: CALLEE })).rejects.toBeInstanceOf(DestinationLimitError);
    await failedDial(calls, callId);
    await expect(calls.service.transfer(callId, { to: SIP })).rejects.toBeInstanceOf(KeyLimitError);
    expect(calls.conversations.last.transfers).toEqual([]);
  });

  test('counts once, when it is given and dialled', async () => {
    const { calls, callId } = await talk({ transfersPerDestinationPerHour: 1 });

    await calls.service.transfer(callId, { to: TO });
    void dial(calls);
    await settle();

    expect(calls.carrier.transfers).toHaveLength(1);
    expect(calls.dials.destinations).toEqual([CALLEE, TO]);
  });

  test('counts against the key that gave it', async () => {
    const { calls, callId } = await talk({ callsPerKeyPerDay: 1 });

    await calls.service.transfer(callId, { to: TO, placedBy: 'sales' });
    await expect(calls.service.place(aCallRequest({ placedBy: 'sales' }))).rejects.toBeInstanceOf(KeyLimitError);
  });

  test('that has no turn soon is refused at once', async () => {
    const { calls, callId } = await talk({ callsPerSecond: 1 });
    for (let count = 0; count < 2; count += 1) calls.service.place(aCallRequest()).catch(() => undefined);
    await settle();

    await expect(calls.service.transfer(callId, { to: TO })).rejects.toEqual(new CallRateError(1, 1));
    expect(calls.dials.destinations).not.toContain(TO);
  });

  test('that the agent refuses does not count', async () => {
    const { calls, callId } = await talk();
    calls.conversations.last.refusal = 'busy';

    await expect(calls.service.transfer(callId, { to: TO })).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT' });
    await settle();

    expect(calls.dials.destinations).toEqual([CALLEE]);
  });

  test.each(['is reported as failed', 'has its call end'])(
    'that %s before it is dialled does not count',
    async (how) => {
      const { calls, callId } = await talk();
      await calls.service.transfer(callId, { to: TO });
      expect(calls.dials.destinations).toContain(TO);

      const { controls } = calls.conversations.last;
      if (how === 'has its call end') await calls.end(callId);
      else controls.report({ type: 'transfer.failed', to: TO, reason: 'the conversation is over' });
      await settle();

      expect(calls.dials.destinations).toEqual([CALLEE]);
    },
  );
});
