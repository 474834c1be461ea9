import {
  CallNotFoundError,
  CallStateError,
  CapacityError,
  CarrierError,
  DrainingError,
} from '../../../src/calls/errors';
import type { Idempotency } from '../../../src/calls/record-ports';
import { deferred } from '../../../src/lib/deferred';
import { aCallId, aCallRequest, aCarrierEvent } from '../../support/builders';
import { settle } from '../../support/manual-clock';
import { CallHarness } from './call-harness';

const KEY: Idempotency = { key: 'key-1', fingerprint: 'fingerprint-1' };

let calls: CallHarness;

beforeEach(() => {
  calls = new CallHarness({ maxConcurrentCalls: 2 });
});

test('a placed call is on record before it is dialled', async () => {
  calls.carrier.onDial = async ({ callId }) => {
    expect(await calls.store.find(callId)).toMatchObject({ status: 'queued' });
    return { carrierCallId: 'leg-1' };
  };

  await calls.place();

  expect(calls.carrier.dials).toHaveLength(1);
  expect(calls.statuses).toContain('initiated');
});

test('a call that cannot be recorded is not dialled and takes no place', async () => {
  calls.store.before = () => Promise.reject(new Error('disk full'));

  const refusal = expect(calls.place()).rejects.toMatchObject({ code: 'RECORDS_UNAVAILABLE' });
  await calls.clock.advanceAsync(2_000);
  await refusal;

  expect(calls.carrier.dials).toEqual([]);
  expect(calls.service.activeCalls).toBe(0);
  await calls.service.whenIdle();
});

test('a record that was made although the database did not say so is final', async () => {
  const insert = calls.store.insert.bind(calls.store);
  calls.store.insert = async (call) => {
    await insert(call).catch(() => undefined);
    throw new Error('timeout');
  };

  const refusal = expect(calls.place()).rejects.toMatchObject({ code: 'RECORDS_UNAVAILABLE' });
  await calls.clock.advanceAsync(2_000);
  await refusal;

  const { calls: recorded } = await calls.store.list({ limit: 10 });
  expect(recorded).toMatchObject([{ status: 'failed', mayHaveLeg: false, verdict: { reason: 'internal-error' } }]);
});

test('a database that is locked for a moment is no reason to refuse a call', async () => {
  let failures = 2;
  calls.store.before = () => (failures-- > 0 ? Promise.reject(new Error('locked')) : Promise.resolve());

  const placement = calls.place();
  await calls.clock.advanceAsync(1_000);
  await placement;

  expect(calls.carrier.dials).toHaveLength(1);
});

test('refuses a call when all places are taken', async () => {
  await calls.place();
  await calls.place();

  await expect(calls.place()).rejects.toEqual(new CapacityError(2));
  expect(calls.carrier.dials).toHaveLength(2);
});

test('a burst of requests cannot slip past the limit', async () => {
  const placements = await Promise.allSettled([1, 2, 3, 4, 5].map(() => calls.place()));

  expect(placements.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(calls.carrier.dials).toHaveLength(2);
});

test('a place is free again when its call is closed', async () => {
  const callId = await calls.talk();
  await calls.place();
  await calls.end(callId);

  await expect(calls.place()).resolves.toEqual(expect.any(String));
});

test('a call whose leg is still being taken down keeps its place', async () => {
  const callId = await calls.talk();
  await calls.place();
  calls.carrier.onHangUp = () => new Promise(() => undefined);

  await calls.service.hangUp(callId);

  await expect(calls.place()).rejects.toThrow(CapacityError);
});

test('takes no calls while draining, and lets live ones go on', async () => {
  const callId = await calls.talk();

  calls.service.startDraining();

  await expect(calls.place()).rejects.toThrow(DrainingError);
  expect(await calls.status(callId)).toBe('in-progress');
});

test('a known idempotency key gives back the call as it is now, without a second dial', async () => {
  const callId = await calls.place({}, KEY);
  await calls.ring(callId);

  const { call, isReplay } = await calls.service.place(aCallRequest(), KEY);

  expect(call).toMatchObject({ callId, status: 'ringing' });
  expect(isReplay).toBe(true);
  expect(calls.carrier.dials).toHaveLength(1);
});

test.each(['full', 'draining'])('a known idempotency key is honoured although the server is %s', async (how) => {
  const callId = await calls.place({}, KEY);
  await calls.place();
  if (how === 'draining') calls.service.startDraining();

  const { call } = await calls.service.place(aCallRequest(), KEY);

  expect(call.callId).toBe(callId);
});

test('an idempotency key with another request is refused', async () => {
  await calls.place({}, KEY);

  const other = calls.service.place(aCallRequest({ to: '+12025550199' }), { ...KEY, fingerprint: 'other' });

  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('a replay shows a call that has just ended as ended, although its record is still being written', async () => {
  const callId = await calls.place({}, KEY);
  const isWrite = (operation: string): boolean => operation === 'save' || operation === 'append';
  calls.store.before = (operation) => (isWrite(operation) ? new Promise(() => undefined) : Promise.resolve());
  await calls.end(callId, 'callee-busy');

  const replay = calls.service.place(aCallRequest(), KEY);
  await calls.clock.advanceAsync(2_000);

  expect((await replay).call).toMatchObject({ callId, status: 'busy' });
});

test('of two simultaneous requests with one key, one dials and both get the same call', async () => {
  const [first, second] = await Promise.all([
    calls.service.place(aCallRequest(), KEY),
    calls.service.place(aCallRequest(), KEY),
  ]);
  await settle();

  expect(first.call.callId).toBe(second.call.callId);
  expect([first.isReplay, second.isReplay].sort()).toEqual([false, true]);
  expect(calls.carrier.dials).toHaveLength(1);
  expect(calls.service.activeCalls).toBe(1);
});

test('a simultaneous second request with the same key is not turned away for want of a place', async () => {
  const single = new CallHarness({ maxConcurrentCalls: 1 });

  const placements = await Promise.allSettled([
    single.service.place(aCallRequest(), KEY),
    single.service.place(aCallRequest(), KEY),
  ]);

  expect(placements.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
});

test('a call whose record is being written when the server stops is never dialled, and its record is complete', async () => {
  const written = deferred<void>();
  calls.store.before = (operation) => (operation === 'insert' ? written.promise : Promise.resolve());
  const placement = calls.service.place(aCallRequest());
  await settle();

  calls.service.endAll();
  await calls.clock.advanceAsync(1_000);
  written.resolve();
  const { call } = await placement;
  await calls.clock.advanceAsync(1_000);

  expect(calls.carrier.dials.map(({ callId }) => callId)).toEqual([]);
  const verdict = { reason: 'server-stopping' };
  expect(await calls.store.find(call.callId)).toMatchObject({ status: 'failed', verdict, mayHaveLeg: false });
  const timeline = await calls.store.timeline(call.callId);
  expect(timeline.map(({ type }) => type)).toEqual(['call.queued', 'call.failed', 'leg.down']);
  expect(calls.log.at('error')).toEqual([]);
});

test('a call whose record is being written when the server drains is placed', async () => {
  const written = deferred<void>();
  calls.store.before = (operation) => (operation === 'insert' ? written.promise : Promise.resolve());
  const placement = calls.service.place(aCallRequest());
  await settle();

  calls.service.startDraining();
  written.resolve();
  const { call } = await placement;
  await settle();

  expect(await calls.status(call.callId)).toBe('initiated');
});

test('the last call is not reported gone while the record of one more is being written', async () => {
  const written = deferred<void>();
  calls.store.before = (operation) => (operation === 'insert' ? written.promise : Promise.resolve());
  let isIdle = false;
  const placement = calls.service.place(aCallRequest());
  await settle();
  void calls.service.whenIdle().then(() => {
    isIdle = true;
  });

  calls.service.endAll();
  await settle();
  expect(isIdle).toBe(false);

  written.resolve();
  await placement;
  await settle();
  expect(isIdle).toBe(true);
});

test('the server stops at once: every call fails without another word, its legs are taken down and the last one reports idle', async () => {
  const talking = await calls.talk();
  const dialled = await calls.place();
  let isIdle = false;
  void calls.service.whenIdle().then(() => {
    isIdle = true;
  });

  calls.service.endAll();
  await settle();

  expect(isIdle).toBe(true);
  expect(calls.carrier.spoken).toEqual([]);
  expect([await calls.reason(talking), await calls.reason(dialled)]).toEqual(['server-stopping', 'server-stopping']);
  expect(calls.carrier.hangUps).toHaveLength(2);
  expect(calls.clock.pendingTimers).toBe(0);
});

test('is idle when there never was a call', async () => {
  await expect(calls.service.whenIdle()).resolves.toBeUndefined();
});

test('lists live calls oldest first, and none that is over', async () => {
  const first = await calls.place();
  const second = await calls.talk();
  expect(calls.service.active().map(({ callId }) => callId)).toEqual([first, second]);

  await calls.end(second);

  expect(calls.service.active().map(({ callId }) => callId)).toEqual([first]);
  expect(calls.service.activeCalls).toBe(1);
});

test('finds a call that is over in the record', async () => {
  const callId = await calls.talk();
  await calls.end(callId);

  expect(await calls.service.get(callId)).toMatchObject({ callId, status: 'completed' });
  expect((await calls.service.list({ limit: 10 })).calls).toHaveLength(1);
});

test.each(['get', 'hangUp', 'interrupt'] as const)('%s of an unknown call says so', async (command) => {
  await expect(calls.service[command](aCallId(99))).rejects.toThrow(CallNotFoundError);
});

test.each(['hangUp', 'interrupt'] as const)('%s of a call that is over is a conflict', async (command) => {
  const callId = await calls.talk();
  await calls.end(callId);

  await expect(calls.service[command](callId)).rejects.toEqual(expect.any(CallStateError));
});

test('hanging up twice is a conflict the second time, also while the first is under way', async () => {
  const callId = await calls.talk();
  calls.carrier.onHangUp = () => new Promise(() => undefined);
  await calls.service.hangUp(callId);

  await expect(calls.service.hangUp(callId)).rejects.toMatchObject({ status: 'completed' });
});

test('events of calls that are not ours are ignored', async () => {
  await calls.service.onCarrierEvent({ ...aCarrierEvent({ type: 'leg.answered' }), callId: undefined });
  await calls.service.onCarrierEvent(aCarrierEvent({ type: 'leg.answered' }, { callId: aCallId(99) }));

  expect(calls.carrier.hangUps).toEqual([]);
});

test('a full server refuses at once, however long the leg of an older call takes to come down', async () => {
  const single = new CallHarness({ maxConcurrentCalls: 1 });
  const oldId = await single.place();
  await single.end(oldId, 'dial-outcome-unknown');
  await single.place();
  single.carrier.onHangUp = () => Promise.reject(new CarrierError('still up', { failure: 'unavailable' }));
  void single.service.onCarrierEvent(
    aCarrierEvent({ type: 'leg.ringing' }, { callId: oldId, carrierCallId: 'late-leg' }),
  );
  await settle();

  await expect(single.service.place(aCallRequest(), KEY)).rejects.toBeInstanceOf(CapacityError);
});

test('a leg that the carrier will not hang up is told from one that is down', async () => {
  const callId = await calls.place();
  calls.carrier.onHangUp = () => Promise.reject(new CarrierError('still up', { failure: 'unavailable' }));

  await calls.service.hangUp(callId);
  await calls.clock.advanceAsync(600_000);

  expect(calls.watcher.types).toContain('leg.abandoned');
  expect(calls.watcher.types).not.toContain('leg.down');
});
