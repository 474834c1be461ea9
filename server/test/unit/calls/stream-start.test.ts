// A stream that is lost in mid-call: asked for anew, awaited, and given up in the end.

import { CallTimers, DEFAULT_DEADLINES } from '../../../src/calls/call-timers';
import { CarrierLeg } from '../../../src/calls/carrier-leg';
import type { EndCall } from '../../../src/calls/end-call';
import { StreamStart } from '../../../src/calls/stream-start';
import { deferred } from '../../../src/lib/deferred';
import { aCallId } from '../../support/builders';
import { FakeCarrier, FakeMediaEndpoint, RecordingLogger } from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';
import { carrierError } from './call-harness';

const DEADLINES = DEFAULT_DEADLINES;
const RESTART_DELAY_MS = 250;

let clock: ManualClock;
let carrier: FakeCarrier;
let endpoint: FakeMediaEndpoint;
let log: RecordingLogger;
let stream: StreamStart;
let attempts: number[];
let verdicts: EndCall[];

beforeEach(() => {
  clock = new ManualClock();
  carrier = new FakeCarrier();
  endpoint = new FakeMediaEndpoint();
  log = new RecordingLogger();
  attempts = [];
  verdicts = [];
  const leg = new CarrierLeg(aCallId(), { carrier, clock, log });
  leg.learn('leg-a');
  const timers = new CallTimers(clock);
  stream = new StreamStart({
    leg,
    mediaEndpoint: endpoint,
    timers,
    deadlines: DEADLINES,
    log,
    onRequested: (attempt) => attempts.push(attempt),
    // As a call does that is over.
    giveUp: (verdict) => {
      timers.clearAll();
      verdicts.push(verdict);
    },
  });
  stream.onStarted();
});

test('is asked for a moment later, with a token of its own, and the old one works once more', async () => {
  stream.onLost(1006);
  await clock.advanceAsync(RESTART_DELAY_MS - 1);
  expect(carrier.streams).toEqual([]);
  await clock.advanceAsync(1);

  expect(carrier.streams).toMatchObject([{ command: { carrierCallId: 'leg-a' }, stream: { token: 'token-1' } }]);
  expect(endpoint.reopened).toEqual([aCallId()]);
  expect(attempts).toEqual([1]);
});

test('that is back leaves nothing behind', async () => {
  stream.onLost(1006);
  await clock.advanceAsync(RESTART_DELAY_MS);

  stream.onStarted();

  expect(clock.pendingTimers).toBe(0);
  expect(verdicts).toEqual([]);
});

test('is asked for three times, apart, and then given up as lost', async () => {
  stream.onLost(1006);
  await clock.advanceAsync(RESTART_DELAY_MS + 2 * DEADLINES.streamRetryMs);
  expect(attempts).toEqual([1, 2, 3]);
  await clock.advanceAsync(DEADLINES.streamStartMs - RESTART_DELAY_MS - 2 * DEADLINES.streamRetryMs - 1);
  expect(verdicts).toEqual([]);
  await clock.advanceAsync(1);

  expect(carrier.streams).toHaveLength(3);
  expect(verdicts).toMatchObject([{ reason: 'stream-lost', details: { closeCode: 1006, requests: 3 } }]);
  expect(clock.pendingTimers).toBe(0);
});

test('whose restart fails three times at the carrier is given up without waiting longer', async () => {
  stream.onLost(1006);
  for (const delayMs of [RESTART_DELAY_MS, DEADLINES.streamRetryMs, DEADLINES.streamRetryMs]) {
    await clock.advanceAsync(delayMs);
    stream.onFailed('connection_failed');
  }

  expect(verdicts).toMatchObject([{ reason: 'stream-lost', details: { failure: 'connection_failed' } }]);
});

test('of a call that the carrier has no more ends with it: the callee hung up', async () => {
  carrier.onStartStream = () => Promise.reject(carrierError('refused'));
  carrier.onIsAlive = () => Promise.resolve(false);

  stream.onLost(1006);
  await clock.advanceAsync(RESTART_DELAY_MS + DEADLINES.hangupReportMs);

  expect(carrier.streams).toHaveLength(1);
  expect(verdicts).toMatchObject([{ reason: 'callee-hung-up', status: 'completed' }]);
  expect(clock.pendingTimers).toBe(0);
});

test.each<[string, () => Promise<boolean>]>([
  ['is alive all the same', () => Promise.resolve(true)],
  ['cannot be asked about', () => Promise.reject(carrierError('unavailable'))],
])('whose restart is refused is asked for again while the call %s', async (_what, onIsAlive) => {
  carrier.onStartStream = () => Promise.reject(carrierError('refused'));
  carrier.onIsAlive = onIsAlive;

  stream.onLost(1006);
  await clock.advanceAsync(DEADLINES.streamStartMs);

  expect(carrier.streams).toHaveLength(3);
  expect(verdicts).toMatchObject([{ reason: 'stream-lost' }]);
});

test.each(['unavailable', 'outcome-unknown'] as const)(
  'nobody asks whether the call is alive when the carrier is %s',
  async (failure) => {
    carrier.onStartStream = () => Promise.reject(carrierError(failure));
    carrier.onIsAlive = () => Promise.resolve(false);

    stream.onLost(1006);
    await clock.advanceAsync(DEADLINES.streamStartMs);

    expect(verdicts).toMatchObject([{ reason: 'stream-lost' }]);
  },
);

test('an answer to an earlier loss means nothing to a later one', async () => {
  const alive = deferred<boolean>();
  carrier.onStartStream = () => Promise.reject(carrierError('refused'));
  carrier.onIsAlive = () => alive.promise;
  stream.onLost(1006);
  await clock.advanceAsync(RESTART_DELAY_MS);
  stream.onStarted();
  carrier.onStartStream = () => Promise.resolve();
  stream.onLost(1006);

  alive.resolve(false);
  await clock.advanceAsync(DEADLINES.streamStartMs);

  expect(verdicts).toMatchObject([{ reason: 'stream-lost' }]);
});

test('an answer that comes when the call is over sets nothing going', async () => {
  const alive = deferred<boolean>();
  carrier.onStartStream = () => Promise.reject(carrierError('refused'));
  carrier.onIsAlive = () => alive.promise;
  stream.onLost(1006);
  await clock.advanceAsync(DEADLINES.streamStartMs);

  alive.resolve(false);
  await settle();

  expect(verdicts).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});

test('again and again is started anew five times, and not a sixth time', async () => {
  for (let losses = 1; losses <= 5; losses += 1) {
    stream.onLost(1006);
    await clock.advanceAsync(RESTART_DELAY_MS);
    stream.onStarted();
  }
  expect(carrier.streams).toHaveLength(5);

  stream.onLost(1006);
  await clock.advanceAsync(DEADLINES.hangupReportMs);

  expect(carrier.streams).toHaveLength(5);
  expect(verdicts).toMatchObject([{ reason: 'stream-lost', details: { losses: 6 } }]);
});

test('a stream that never started says so, whatever was lost before', async () => {
  stream.onLost(1006);
  stream.onStarted();

  stream.await();
  await clock.advanceAsync(DEADLINES.streamStartMs);

  expect(verdicts).toMatchObject([{ reason: 'stream-not-started' }]);
});

test('a first stream that is refused because the call is gone ends it as hung up', async () => {
  carrier.onStartStream = () => Promise.reject(carrierError('refused'));
  carrier.onIsAlive = () => Promise.resolve(false);

  stream.await();
  await clock.advanceAsync(2 * DEADLINES.streamRetryMs);

  expect(verdicts).toMatchObject([{ reason: 'callee-hung-up' }]);
});
