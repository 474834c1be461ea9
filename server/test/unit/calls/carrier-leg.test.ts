// One leg at the carrier: dialled once, commanded, and taken down until it is gone.

import { CarrierLeg, type DialOutcome } from '../../../src/calls/carrier-leg';
import type { TransferRequest } from '../../../src/calls/ports';
import { deferred } from '../../../src/lib/deferred';
import { aCallId, aDialRequest } from '../../support/builders';
import { FakeCarrier, RecordingLogger } from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';
import { carrierError } from './call-harness';

const TRANSFER: TransferRequest = {
  to: '+12025550177',
  from: '+12025550100',
  attempt: 1,
  ringTimeoutSeconds: 30,
  timeLimitSeconds: 600,
};

let clock: ManualClock;
let carrier: FakeCarrier;
let log: RecordingLogger;
let leg: CarrierLeg;

beforeEach(() => {
  clock = new ManualClock();
  carrier = new FakeCarrier();
  log = new RecordingLogger();
  leg = new CarrierLeg(aCallId(), { carrier, clock, log });
});

/** Follows a promise without waiting for it. */
function watched(promise: Promise<void>): { isDone: boolean } {
  const state = { isDone: false };
  void promise.then(() => {
    state.isDone = true;
  });
  return state;
}

test('the answer to the dial names the leg', async () => {
  expect(await leg.dial(aDialRequest())).toEqual({ kind: 'accepted', carrierCallId: 'leg-1' });
});

test('dials once, however often it is asked', async () => {
  const outcomes = await Promise.all([leg.dial(aDialRequest()), leg.dial(aDialRequest())]);

  expect(carrier.dials).toHaveLength(1);
  expect(outcomes[0]).toEqual(outcomes[1]);
});

test.each<[Parameters<typeof carrierError>[0], string]>([
  ['refused', 'carrier-refused'],
  ['unavailable', 'carrier-unavailable'],
])('a dial that is %s fails with %s and the facts of the carrier', async (failure, reason) => {
  carrier.onDial = () => Promise.reject(carrierError(failure));

  const outcome = await leg.dial(aDialRequest());

  const details = { httpStatus: 403, carrierCode: '10010', refusalCode: 'D13' };
  expect(outcome).toMatchObject({ kind: 'failed', verdict: { reason, details } });
});

test('a dial without an answer has an unknown outcome', async () => {
  carrier.onDial = () => Promise.reject(carrierError('outcome-unknown'));

  expect(await leg.dial(aDialRequest())).toMatchObject({ kind: 'unknown' });
});

test('a dial that fails inside the server is an internal error', async () => {
  carrier.onDial = () => Promise.reject(new TypeError('bug'));

  const outcome = await leg.dial(aDialRequest());

  expect(outcome).toMatchObject<Partial<DialOutcome>>({ kind: 'failed' });
  expect(outcome).toHaveProperty('verdict.reason', 'internal-error');
  expect(log.at('error')).toHaveLength(1);
});

test('the first id is the id of the leg, and another one is refused', () => {
  expect([leg.learn('leg-a'), leg.learn('leg-a'), leg.learn('leg-b')]).toEqual([true, true, false]);
  expect(leg.carrierCallId).toBe('leg-a');
});

test('a leg that was never up needs no command to be taken down', async () => {
  await leg.takeDown();

  expect(carrier.hangUps).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('hangs up until the carrier takes the command, each time under an id of its own', async () => {
  leg.learn('leg-a');
  let failures = 3;
  carrier.onHangUp = () => (failures-- > 0 ? Promise.reject(carrierError('unavailable')) : Promise.resolve());

  const down = watched(leg.takeDown());
  await clock.advanceAsync(500 + 1_000 + 2_000);

  expect(down.isDone).toBe(true);
  expect(carrier.hangUps.map(({ carrierCallId }) => carrierCallId)).toEqual(['leg-a', 'leg-a', 'leg-a', 'leg-a']);
  expect(new Set(carrier.hangUps.map(({ commandId }) => commandId)).size).toBe(4);
  expect(clock.pendingTimers).toBe(0);
});

test('whoever waits is let go after five minutes, and told; the leg is not down', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));

  const down = watched(leg.takeDown());
  await clock.advanceAsync(4 * 60_000);
  expect(down.isDone).toBe(false);
  await clock.advanceAsync(60_000 + 30_000);

  expect(down.isDone).toBe(true);
  expect(leg.isUp).toBe(true);
  expect(log.at('error')).toHaveLength(1);
});

test('goes on every minute until the carrier hangs up after all', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  void leg.takeDown();
  const down = watched(leg.whenDown());
  await clock.advanceAsync(60 * 60_000);
  const tries = carrier.hangUps.length;

  await clock.advanceAsync(10 * 60_000);
  expect(carrier.hangUps.length - tries).toBe(10);
  carrier.onHangUp = () => Promise.resolve();
  await clock.advanceAsync(60_000);

  expect(down.isDone).toBe(true);
  expect(leg.isUp).toBe(false);
  expect(clock.pendingTimers).toBe(0);
});

test('a second order while the slow tries go on is no second row of tries', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  void leg.takeDown();
  await clock.advanceAsync(10 * 60_000);

  const again = watched(leg.takeDown());
  await settle();

  expect(again.isDone).toBe(true);
  expect(clock.pendingTimers).toBe(1);
});

test('counts a leg as down when no carrier would have kept it for so long', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  void leg.takeDown();
  const down = watched(leg.whenDown());

  await clock.advanceAsync(4 * 3_600_000 + 60_000);

  expect(down.isDone).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a leg that cannot be hung up is down when the carrier has it no more', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  carrier.onIsAlive = (carrierCallId) => Promise.resolve(carrierCallId !== 'leg-a');

  const down = watched(leg.takeDown());
  await clock.advanceAsync(500);

  expect(down.isDone).toBe(true);
  expect(carrier.hangUps).toHaveLength(2);
  expect(clock.pendingTimers).toBe(0);
});

test('a leg just dialled, which may not count as alive yet, is not taken for gone at the first failure', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  carrier.onIsAlive = () => Promise.resolve(false);

  const down = watched(leg.takeDown());
  await clock.advanceAsync(499);

  expect(down.isDone).toBe(false);
});

test('a carrier that does not answer the question either is tried on', async () => {
  leg.learn('leg-a');
  let failures = 3;
  carrier.onHangUp = () => (failures-- > 0 ? Promise.reject(carrierError('outcome-unknown')) : Promise.resolve());
  carrier.onIsAlive = () => Promise.reject(carrierError('unavailable'));

  const down = watched(leg.takeDown());
  await clock.advanceAsync(500 + 1_000 + 2_000);

  expect(down.isDone).toBe(true);
  expect(carrier.hangUps).toHaveLength(4);
});

test('makes no further try once the carrier reports that the leg is down', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  void leg.takeDown();
  await settle();

  leg.markDown();
  await clock.advanceAsync(60_000);

  expect(carrier.hangUps).toHaveLength(1);
});

test('is done the moment the carrier reports the leg down, not when the next try would be due', async () => {
  leg.learn('leg-a');
  carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  const down = watched(leg.takeDown());
  await clock.advanceAsync(500 + 1_000 + 2_000 + 4_000 + 8_000 + 1);

  leg.markDown();
  await settle();

  expect(down.isDone).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('sends nothing to a leg that is down already', async () => {
  leg.learn('leg-a');
  leg.markDown();

  await leg.takeDown();

  expect(carrier.hangUps).toEqual([]);
});

test('waits for a dial in flight, since only its answer names the leg', async () => {
  const dial = deferred<{ carrierCallId: string }>();
  carrier.onDial = () => dial.promise;
  void leg.dial(aDialRequest());
  const down = watched(leg.takeDown());
  await settle();
  expect(carrier.hangUps).toEqual([]);

  dial.resolve({ carrierCallId: 'leg-a' });
  await settle();

  expect(carrier.hangUps).toMatchObject([{ carrierCallId: 'leg-a' }]);
  expect(down.isDone).toBe(true);
});

test('does not wait for a dial in flight when a webhook has named the leg', async () => {
  carrier.onDial = () => new Promise(() => undefined);
  void leg.dial(aDialRequest());
  leg.learn('leg-a');

  void leg.takeDown();
  await settle();

  expect(carrier.hangUps).toMatchObject([{ carrierCallId: 'leg-a' }]);
});

test('commands name the leg, the call and an id of their own', async () => {
  leg.learn('leg-a');

  await leg.speak('Goodbye.');
  await leg.startStream({ url: 'ws://x', token: 't' });
  await leg.sendDigits('12#');
  await leg.transfer(TRANSFER);

  const [speak] = carrier.spoken;
  const [stream] = carrier.streams;
  const [digits] = carrier.digits;
  const [transfer] = carrier.transfers;
  expect(speak).toMatchObject({ text: 'Goodbye.', command: { callId: aCallId(), carrierCallId: 'leg-a' } });
  expect(stream).toMatchObject({ stream: { token: 't' }, command: { callId: aCallId(), carrierCallId: 'leg-a' } });
  expect(digits).toMatchObject({ digits: '12#', command: { callId: aCallId(), carrierCallId: 'leg-a' } });
  expect(transfer).toMatchObject({ request: TRANSFER, command: { callId: aCallId(), carrierCallId: 'leg-a' } });
  const ids = [speak, stream, digits, transfer].map((sent) => sent?.command.commandId);
  expect(new Set(ids).size).toBe(4);
});

test('a leg that has no id yet is not commanded', async () => {
  await Promise.all([leg.speak('Goodbye.'), leg.sendDigits('1'), leg.transfer(TRANSFER)]);

  expect([carrier.spoken, carrier.digits, carrier.transfers]).toEqual([[], [], []]);
});
