// What the carrier tells of calls that are not live here any more.

import { endCall } from '../../../../src/calls/end-call';
import { CallHarness, carrierError } from '../call-harness';

const LATE_LEG = { carrierCallId: 'late-leg' };

let calls: CallHarness;

beforeEach(() => {
  calls = new CallHarness();
});

test('a leg that comes to life while the end of its call is not written yet is hung up when it is', async () => {
  const callId = await calls.talk();
  calls.store.before = (operation) => (operation === 'call' ? Promise.reject(new Error('down')) : Promise.resolve());
  await calls.end(callId);
  await calls.clock.advanceAsync(5_000);
  expect(calls.service.watched()).toEqual([]);

  void calls.event(callId, { type: 'leg.ringing' }, LATE_LEG);
  await calls.clock.advanceAsync(30_000);
  expect(calls.hungUp).toEqual([]);
  calls.store.before = () => Promise.resolve();
  await calls.clock.advanceAsync(10_000);

  expect(calls.hungUp).toEqual(['late-leg']);
});

test('a server that stops asks no more for a record that cannot be read', async () => {
  const callId = await calls.talk();
  await calls.end(callId);
  await calls.clock.advanceAsync(100);
  calls.store.before = (operation) => (operation === 'find' ? Promise.reject(new Error('down')) : Promise.resolve());
  const late = calls.event(callId, { type: 'leg.ringing' }, LATE_LEG);
  const refused = expect(late).rejects.toThrow('down');
  await calls.clock.advanceAsync(50);

  calls.service.close();
  await refused;

  expect(calls.clock.pendingTimers).toBe(0);
});

describe('a leg of a call that is over', () => {
  let callId: string;

  beforeEach(async () => {
    callId = await calls.talk();
    await calls.end(callId);
    await calls.clock.advanceAsync(100);
  });

  test('is hung up once, however much is heard of it', async () => {
    calls.carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));

    void calls.event(callId, { type: 'leg.ringing' }, LATE_LEG);
    void calls.event(callId, { type: 'leg.answered' }, LATE_LEG);
    void calls.event(callId, { type: 'stream.started' }, LATE_LEG);
    await calls.clock.advanceAsync(499);

    expect(calls.hungUp).toEqual(['late-leg']);
  });

  test('that hangs up by itself is not tried any more', async () => {
    calls.carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
    void calls.event(callId, { type: 'leg.ringing' }, LATE_LEG);
    await calls.clock.advanceAsync(100);

    void calls.event(callId, { type: 'leg.ended', verdict: endCall('callee-hung-up') }, LATE_LEG);
    await calls.clock.advanceAsync(60_000);

    expect(calls.hungUp).toEqual(['late-leg']);
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('keeps a server that stops until it is down', async () => {
    calls.carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
    void calls.event(callId, { type: 'leg.ringing' }, LATE_LEG);
    await calls.clock.advanceAsync(100);
    let isIdle = false;
    void calls.service.whenIdle().then(() => (isIdle = true));
    await calls.clock.advanceAsync(1_000);
    expect(isIdle).toBe(false);

    calls.carrier.onHangUp = () => Promise.resolve();
    await calls.clock.advanceAsync(30_000);

    expect(isIdle).toBe(true);
  });
});
