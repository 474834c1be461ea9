// Half a minute after half a minute: calls that are gone at the carrier, and legs that should be.

import type { Call } from '../../../../src/calls/call';
import { Reaper, REAPER_TIMES, type WatchedCall } from '../../../../src/calls/upkeep/reaper';
import { deferred } from '../../../../src/lib/deferred';
import { aCall, aCallId } from '../../../support/builders';
import { FakeCarrier, RecordingLogger } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';
import { carrierError } from '../call-harness';

const { sweepEveryMs: SWEEP_EVERY_MS, quietMs: QUIET_MS } = REAPER_TIMES;
const MAX_COMMANDS = 20;

let clock: ManualClock;
let carrier: FakeCarrier;
let log: RecordingLogger;
let live: WatchedCall[];
let records: Map<string, Call>;
let asked: string[];
let ended: [string, string][];
let reaper: Reaper;

beforeEach(() => {
  clock = new ManualClock();
  carrier = new FakeCarrier();
  log = new RecordingLogger();
  live = [];
  records = new Map();
  asked = [];
  ended = [];
  carrierHas('leg-1');
  reaper = new Reaper({
    carrier,
    live: () => live,
    find: (callId) => Promise.resolve(records.get(callId)),
    end: (...end) => ended.push(end),
    clock,
    log,
  });
});

function carrierHas(...carrierCallIds: readonly string[]): void {
  carrier.onIsAlive = (carrierCallId) => {
    asked.push(carrierCallId);
    return Promise.resolve(carrierCallIds.includes(carrierCallId));
  };
}

function aWatched(changes: Partial<WatchedCall> = {}): WatchedCall {
  return {
    callId: aCallId(),
    carrierCallId: 'leg-1',
    quietSinceMs: clock.monotonicMs(),
    isOver: false,
    isTransferring: false,
    ...changes,
  };
}

describe('a call of which nothing has been heard for a minute', () => {
  beforeEach(() => {
    live = [aWatched()];
    clock.advance(QUIET_MS);
  });

  test('ends when the carrier has it no more', async () => {
    carrierHas();

    await reaper.sweep();

    expect(ended).toEqual([[aCallId(), 'hangup-unreported']]);
  });

  test('goes on when the carrier still has it, and is asked about again a minute later', async () => {
    await reaper.sweep();
    clock.advance(QUIET_MS - 1);
    await reaper.sweep();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await reaper.sweep();

    expect(asked).toHaveLength(2);
    expect(ended).toEqual([]);
  });

  test('goes on when a sign of life comes while the carrier is asked', async () => {
    const alive = deferred<boolean>();
    carrier.onIsAlive = () => alive.promise;
    const sweep = reaper.sweep();
    live = [aWatched({ quietSinceMs: undefined })];

    alive.resolve(false);
    await sweep;

    expect(ended).toEqual([]);
  });

  test('goes on when the carrier cannot be asked, which is told once and not each time', async () => {
    carrier.onIsAlive = () => Promise.reject(carrierError('unavailable'));

    for (let sweeps = 1; sweeps <= 3; sweeps += 1) {
      await reaper.sweep();
      clock.advance(QUIET_MS);
    }

    expect(ended).toEqual([]);
    expect(log.at('warn')).toHaveLength(1);
  });

  test('does not keep the others from being asked about when its own answer fails', async () => {
    live = [...live, aWatched({ callId: aCallId(2), carrierCallId: 'leg-2', quietSinceMs: clock.monotonicMs() - 1 })];
    clock.advance(QUIET_MS);
    carrier.onIsAlive = (leg) => (leg === 'leg-1' ? Promise.reject(carrierError('refused')) : Promise.resolve(false));

    await reaper.sweep();
    await reaper.sweep();

    expect(ended).toEqual([[aCallId(2), 'hangup-unreported']]);
  });
});

test.each<[string, Partial<WatchedCall>]>([
  ['has a stream', { quietSinceMs: undefined }],
  ['is over', { isOver: true }],
  ['has no leg yet', { carrierCallId: undefined }],
])('nobody asks about a call that %s', async (_what, changes) => {
  carrierHas();
  live = [aWatched(changes)];
  clock.advance(QUIET_MS);

  await reaper.sweep();

  expect([asked, ended]).toEqual([[], []]);
});

test('of many quiet calls all are asked about in time, some at each sweep', async () => {
  live = Array.from({ length: 50 }, (_, index) =>
    aWatched({ callId: aCallId(index + 1), carrierCallId: `leg-${index + 1}` }),
  );
  clock.advance(QUIET_MS);

  for (let sweeps = 1; sweeps <= 3; sweeps += 1) {
    await reaper.sweep();
    expect(asked.length).toBeLessThanOrEqual(sweeps * MAX_COMMANDS);
    clock.advance(SWEEP_EVERY_MS);
  }

  expect(new Set(asked).size).toBe(50);
});

describe('a leg at the carrier', () => {
  beforeEach(() => {
    carrier.onLiveLegs = () => Promise.resolve([{ carrierCallId: 'leg-9', callId: aCallId() }]);
  });

  async function sweepTwice(): Promise<string[]> {
    await reaper.sweep();
    await reaper.sweep();
    return carrier.hangUps.map(({ carrierCallId }) => carrierCallId);
  }

  test('of a call that is over is hung up when the next sweep still finds it, and again until it is gone', async () => {
    records.set(aCallId(), aCall({ status: 'completed' }));
    await reaper.sweep();
    expect(carrier.hangUps).toEqual([]);

    expect(await sweepTwice()).toEqual(['leg-9', 'leg-9']);

    expect(carrier.hangUps[0]).toMatchObject({ callId: aCallId(), carrierCallId: 'leg-9' });
    expect(carrier.hangUps[0]?.commandId).not.toBe(carrier.hangUps[1]?.commandId);
    expect(log.at('warn')).toHaveLength(1);
  });

  test('beside that of a live call is hung up', async () => {
    live = [aWatched()];

    expect(await sweepTwice()).toEqual(['leg-9']);
  });

  test.each<[string, Partial<WatchedCall>]>([
    ['that is its own', { carrierCallId: 'leg-9' }],
    ['that is being transferred', { isTransferring: true }],
    ['that is being closed', { isOver: true }],
    ['that is still being dialled', { carrierCallId: undefined }],
  ])('of a call %s is left alone', async (_what, changes) => {
    live = [aWatched(changes)];

    expect(await sweepTwice()).toEqual([]);
  });

  test.each(['nobody', 'another node'])('of a call of %s is left alone', async (whose) => {
    if (whose === 'another node') records.set(aCallId(), aCall({ status: 'in-progress', carrierCallId: 'leg-8' }));

    expect(await sweepTwice()).toEqual([]);
  });

  test('that carries nothing of ours is left alone', async () => {
    carrier.onLiveLegs = () => Promise.resolve([{ carrierCallId: 'leg-9', callId: undefined }]);

    expect(await sweepTwice()).toEqual([]);
  });

  test('that cannot be hung up is tried again at each sweep, and told of once', async () => {
    records.set(aCallId(), aCall({ status: 'completed' }));
    carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));

    await sweepTwice();
    expect(await sweepTwice()).toHaveLength(3);

    expect(log.at('warn').map(({ message }) => message)).toEqual([
      'The carrier has a leg that no call needs, hanging it up',
      'A leg that no call needs could not be hung up',
    ]);
  });

  test('is one of so many that are hung up at one sweep', async () => {
    records.set(aCallId(), aCall({ status: 'completed' }));
    const legs = Array.from({ length: 30 }, (_, index) => ({ carrierCallId: `leg-${index}`, callId: aCallId() }));
    carrier.onLiveLegs = () => Promise.resolve(legs);

    expect(await sweepTwice()).toHaveLength(MAX_COMMANDS);
  });
});

test('a list that cannot be read is told of once, and the next one is read', async () => {
  carrier.onLiveLegs = () => Promise.reject(carrierError('unavailable'));

  await reaper.sweep();
  await reaper.sweep();

  expect(log.at('warn')).toHaveLength(1);
});

test('sweeps every half minute, one at a time, until it is closed', async () => {
  const list = deferred<readonly []>();
  let lists = 0;
  carrier.onLiveLegs = () => {
    lists += 1;
    return list.promise;
  };
  reaper.start();

  await clock.advanceAsync(3 * SWEEP_EVERY_MS);
  void reaper.sweep();
  await settle();
  expect(lists).toBe(1);
  list.resolve([]);
  await clock.advanceAsync(SWEEP_EVERY_MS);
  expect(lists).toBe(2);
  reaper.close();

  expect(clock.pendingTimers).toBe(0);
  await clock.advanceAsync(SWEEP_EVERY_MS);
  expect(lists).toBe(2);
});
