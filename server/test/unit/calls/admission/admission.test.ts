import type { Placement } from '../../../../src/calls/call-service';
import {
  CallRateError,
  CapacityError,
  DestinationLimitError,
  DrainingError,
  OverloadError,
  RequestAbandonedError,
  RecordsUnavailableError,
} from '../../../../src/calls/errors';
import type { Idempotency } from '../../../../src/calls/record-ports';
import { deferred } from '../../../../src/lib/deferred';
import { aCallRequest } from '../../../support/builders';
import { settle } from '../../../support/manual-clock';
import { CallHarness } from '../call-harness';

const KEY: Idempotency = { key: 'key-1', fingerprint: 'fingerprint-1' };

/** Asks for a call and goes on at once. */
function ask(calls: CallHarness, idempotency?: Idempotency): Promise<Placement> {
  const placement = calls.service.place(aCallRequest(), idempotency);
  placement.catch(() => undefined);
  return placement;
}

test('of a burst the first are dialled at once, those behind them in their turn, and the rest is refused at once', async () => {
  const calls = new CallHarness({ callsPerSecond: 2, maxConcurrentCalls: 100 });
  const refused: unknown[] = [];

  for (let asked = 0; asked < 10; asked += 1) ask(calls).catch((error: unknown) => refused.push(error));
  await settle();
  expect(calls.carrier.dials).toHaveLength(2);
  expect(refused).toEqual(Array.from({ length: 4 }, () => new CallRateError(2, 1)));

  await calls.clock.advanceAsync(1_000);
  expect(calls.carrier.dials).toHaveLength(4);
  await calls.clock.advanceAsync(1_000);
  expect(calls.carrier.dials).toHaveLength(6);
});

test('whoever waits for a turn has a place already', async () => {
  const calls = new CallHarness({ callsPerSecond: 1, maxConcurrentCalls: 2 });
  await calls.place();
  const waiting = ask(calls);
  await settle();

  await expect(calls.place()).rejects.toThrow(CapacityError);

  await calls.clock.advanceAsync(1_000);
  expect((await waiting).call.to).toBe('+12025550123');
});

test('who is refused gives the place back', async () => {
  const calls = new CallHarness({ callsPerDestinationPerHour: 1, maxConcurrentCalls: 2 });
  await calls.place();

  for (let tries = 0; tries < 5; tries += 1) await expect(calls.place()).rejects.toThrow(DestinationLimitError);

  await expect(calls.place({ to: '+12025550124' })).resolves.toEqual(expect.any(String));
});

test('draining turns away those who wait, and the server is idle at once', async () => {
  const calls = new CallHarness({ callsPerSecond: 1 });
  const callId = await calls.place();
  const waiting = [ask(calls), ask(calls)];
  await settle();
  await calls.end(callId);

  calls.service.startDraining();

  for (const placement of waiting) await expect(placement).rejects.toThrow(DrainingError);
  await calls.service.whenIdle();
  expect(calls.carrier.dials).toHaveLength(1);
});

test('what speaks against a call while it waits for its turn is heeded', async () => {
  const calls = new CallHarness({ callsPerSecond: 1 });
  await calls.place();
  const waiting = ask(calls);
  await settle();

  calls.gates.push({
    check: () => {
      throw new OverloadError(100);
    },
  });
  await calls.clock.advanceAsync(1_000);

  await expect(waiting).rejects.toThrow(OverloadError);
  expect(calls.carrier.dials).toHaveLength(1);
});

test('a request whose client goes away while it waits for its turn places no call, and does not count', async () => {
  const calls = new CallHarness({ callsPerSecond: 1, callsPerDestinationPerHour: 2 });
  await calls.place();
  const client = new AbortController();
  const waiting = calls.service.place(aCallRequest(), undefined, client.signal);
  const refused = expect(waiting).rejects.toThrow(RequestAbandonedError);
  await calls.clock.advanceAsync(500);

  client.abort();
  await calls.clock.advanceAsync(500);
  await refused;

  expect(calls.carrier.dials).toHaveLength(1);
  await calls.clock.advanceAsync(1_000);
  await calls.place();
  expect(calls.carrier.dials).toHaveLength(2);
});

test('a request that is refused for another reason uses up no turn and no place below the limits', async () => {
  const calls = new CallHarness({ callsPerSecond: 1, callsPerDestinationPerHour: 1 });
  const gate = {
    check: (): void => {
      throw new OverloadError(100);
    },
  };
  calls.gates.push(gate);
  await expect(calls.place()).rejects.toThrow(OverloadError);
  calls.gates.pop();

  await calls.place();

  expect(calls.carrier.dials).toHaveLength(1);
  expect(calls.clock.monotonicMs()).toBe(1_000);
});

test('a burst to one number cannot slip past its limit, however slow the database is', async () => {
  const calls = new CallHarness({ callsPerDestinationPerHour: 3, maxConcurrentCalls: 100 });
  const written = deferred<void>();
  calls.store.before = (operation) => (operation === 'insert' ? written.promise : Promise.resolve());

  const placements = Array.from({ length: 50 }, () => ask(calls));
  await settle();
  written.resolve();
  const results = await Promise.allSettled(placements);

  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(calls.carrier.dials).toHaveLength(3);
});

test('a call that cannot be recorded leaves its place below the limits to another one', async () => {
  const calls = new CallHarness({ callsPerDestinationPerHour: 1 });
  calls.store.before = (operation) =>
    operation === 'insert' ? Promise.reject(new Error('disk full')) : Promise.resolve();
  const failed = ask(calls);
  await calls.clock.advanceAsync(2_000);
  await expect(failed).rejects.toThrow(RecordsUnavailableError);
  calls.store.before = () => Promise.resolve();

  await expect(calls.place()).resolves.toEqual(expect.any(String));
});

test('no call is dialled while nobody can say how many there were', async () => {
  const calls = new CallHarness();
  calls.dials.before = () => Promise.reject(new Error('connection refused'));

  const placement = ask(calls);
  await calls.clock.advanceAsync(2_000);

  await expect(placement).rejects.toThrow(RecordsUnavailableError);
  expect(calls.carrier.dials).toEqual([]);
});

describe('a repeat of a request', () => {
  test('whose first one waits for its turn finds its call, and counts once', async () => {
    const calls = new CallHarness({ callsPerSecond: 1, maxConcurrentCalls: 2, callsPerDestinationPerHour: 2 });
    await calls.place();
    const first = ask(calls, KEY);
    await settle();
    const repeats = [ask(calls, KEY), ask(calls, KEY)];
    await calls.clock.advanceAsync(1_000);

    const { call } = await first;

    for (const repeat of repeats) expect(await repeat).toMatchObject({ call: { callId: call.callId }, isReplay: true });
    expect(calls.carrier.dials).toHaveLength(2);
  });

  test('is honoured when every limit is reached', async () => {
    const calls = new CallHarness({ callsPerSecond: 1, maxConcurrentCalls: 1, callsPerDestinationPerHour: 1 });
    const callId = await calls.place({}, KEY);

    const { call, isReplay } = await calls.service.place(aCallRequest(), KEY);

    expect({ callId: call.callId, isReplay }).toEqual({ callId, isReplay: true });
  });

  test('with another body is told so although the first one is still waiting', async () => {
    const calls = new CallHarness({ callsPerSecond: 1 });
    await calls.place();
    void ask(calls, KEY);
    const other = ask(calls, { ...KEY, fingerprint: 'other' });

    await calls.clock.advanceAsync(1_000);

    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  test('whose first one was refused is tried by itself', async () => {
    const calls = new CallHarness({ callsPerDestinationPerHour: 1 });
    const callId = await calls.place();
    await expect(calls.service.place(aCallRequest(), KEY)).rejects.toThrow(DestinationLimitError);
    await calls.end(callId);
    await calls.clock.advanceAsync(3_600_000);

    const { isReplay } = await calls.service.place(aCallRequest(), KEY);

    expect(isReplay).toBe(false);
  });
});
