// The lease of a node: renewed in time, and a licence to close other nodes' calls only while it never lapsed.

import { LEASE_MS, NodeLease } from '../../../../src/calls/upkeep/node-lease';
import { deferred } from '../../../../src/lib/deferred';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';

const BEAT_EVERY_MS = LEASE_MS / 3;

let clock: ManualClock;
let log: RecordingLogger;
/** What happened, in order. */
let done: string[];
let aliveUntilMs: number[];
let onBeat: () => Promise<void>;
let onReconcile: () => Promise<void>;

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  done = [];
  aliveUntilMs = [];
  onBeat = () => Promise.resolve();
  onReconcile = () => Promise.resolve();
});

function aLease(isShared: boolean): NodeLease {
  return new NodeLease({
    leases: {
      beat: (untilMs) => {
        done.push('beat');
        aliveUntilMs.push(untilMs);
        return onBeat();
      },
      leave: () => {
        done.push('leave');
        return Promise.resolve();
      },
    },
    reconcile: () => {
      done.push('reconcile');
      return onReconcile();
    },
    isShared,
    clock,
    log,
  });
}

function count(what: string): number {
  return done.filter((each) => each === what).length;
}

describe('in a shared database', () => {
  let lease: NodeLease;

  beforeEach(() => {
    lease = aLease(true);
  });

  test('the node shows three times a lease that it lives', async () => {
    lease.start();
    await clock.advanceAsync(2 * BEAT_EVERY_MS);

    const startMs = ManualClock.START_MS;
    const beatsMs = [startMs, startMs + BEAT_EVERY_MS, startMs + 2 * BEAT_EVERY_MS];
    expect(aliveUntilMs).toEqual(beatsMs.map((beatMs) => beatMs + LEASE_MS));
  });

  test('calls of nodes that are gone are looked for after a whole lease, and once a lease from then on', async () => {
    lease.start();
    await clock.advanceAsync(LEASE_MS - 1);
    expect(count('reconcile')).toBe(0);

    await clock.advanceAsync(1);
    expect(count('reconcile')).toBe(1);
    await clock.advanceAsync(3 * LEASE_MS);

    expect(count('reconcile')).toBe(4);
  });

  test('after an outage of the database the others have a whole lease to come back', async () => {
    lease.start();
    await clock.advanceAsync(LEASE_MS);
    onBeat = () => Promise.reject(new Error('down'));
    await clock.advanceAsync(10 * LEASE_MS);
    expect(count('reconcile')).toBe(1);

    onBeat = () => Promise.resolve();
    await clock.advanceAsync(LEASE_MS);
    expect(count('reconcile')).toBe(1);
    await clock.advanceAsync(BEAT_EVERY_MS);

    expect(count('reconcile')).toBe(2);
    expect(log.at('warn')).toHaveLength(1);
  });

  test('a beat that hangs for longer than a lease counts as an outage', async () => {
    lease.start();
    await clock.advanceAsync(LEASE_MS - BEAT_EVERY_MS);
    const beat = deferred<void>();
    onBeat = () => beat.promise;
    await clock.advanceAsync(3 * LEASE_MS);

    onBeat = () => Promise.resolve();
    beat.resolve();
    await clock.advanceAsync(BEAT_EVERY_MS);

    expect(count('reconcile')).toBe(0);
  });

  test('one look is not begun while another is under way', async () => {
    const look = deferred<void>();
    onReconcile = () => look.promise;
    lease.start();
    await clock.advanceAsync(3 * LEASE_MS);
    expect(count('reconcile')).toBe(1);

    look.resolve();
    await clock.advanceAsync(LEASE_MS);

    expect(count('reconcile')).toBe(2);
  });

  test('a look that fails is told of, and taken again', async () => {
    onReconcile = () => Promise.reject(new Error('down'));
    lease.start();

    await clock.advanceAsync(2 * LEASE_MS);

    expect(count('reconcile')).toBe(2);
    expect(log.at('warn')).toHaveLength(2);
  });

  test('the node leaves once, and nothing comes behind it', async () => {
    lease.start();
    await clock.advanceAsync(BEAT_EVERY_MS);

    await Promise.all([lease.stop(), lease.stop()]);
    await clock.advanceAsync(2 * LEASE_MS);

    expect(done).toEqual(['beat', 'beat', 'leave']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a beat on its way arrives before the farewell, or is not waited for', async () => {
    const beat = deferred<void>();
    onBeat = () => beat.promise;
    lease.start();
    const stopped = lease.stop();
    await settle();
    expect(count('leave')).toBe(0);

    await clock.advanceAsync(2_000);
    await stopped;
    beat.resolve();
    await clock.advanceAsync(2 * LEASE_MS);

    expect(done).toEqual(['beat', 'leave']);
  });
});

describe('in a database of its own', () => {
  test('what an earlier process left is closed at once, and nothing more is to be done', async () => {
    const lease = aLease(false);

    lease.start();
    await clock.advanceAsync(10 * LEASE_MS);
    await lease.stop();

    expect(done).toEqual(['reconcile']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('it is tried until the database takes it', async () => {
    onReconcile = () => (count('reconcile') < 3 ? Promise.reject(new Error('locked')) : Promise.resolve());

    aLease(false).start();
    await clock.advanceAsync(10 * LEASE_MS);

    expect(count('reconcile')).toBe(3);
    expect(clock.pendingTimers).toBe(0);
  });
});
