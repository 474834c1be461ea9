import { CallQuota, type CallQuotaLimits, type EnteredDial } from '../../../../src/calls/admission/call-quota';
import { DestinationLimitError, KeyLimitError, RecordsUnavailableError } from '../../../../src/calls/errors';
import { deferred } from '../../../../src/lib/deferred';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';
import { MemoryDialLedger } from '../../../support/memory-dial-ledger';

const HOUR_MS = 3_600_000;
const TO = '+12025550123';
const OTHER = '+12025550124';

/** A quota over a ledger in memory. */
class QuotaRig {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly dials = new MemoryDialLedger();
  readonly quota: CallQuota;

  constructor(limits: Partial<CallQuotaLimits> = {}) {
    const all = { callsPerDestinationPerHour: 3, transfersPerDestinationPerHour: 5, callsPerKeyPerDay: 100, ...limits };
    const { dials, clock, log } = this;
    this.quota = new CallQuota({ limits: all, dials, clock, log });
  }

  enter(to = TO, placedBy?: string): Promise<EnteredDial> {
    return this.quota.enter({ to, placedBy });
  }
}

test('a refusal says when it is worth another try, and then it is', async () => {
  const rig = new QuotaRig();
  for (const pauseMs of [0, 60_000, 1]) {
    await rig.clock.advanceAsync(pauseMs);
    await rig.enter();
  }

  await expect(rig.enter()).rejects.toEqual(new DestinationLimitError(3, 3_540));
  await expect(rig.enter(OTHER)).resolves.toBeDefined();
  await rig.clock.advanceAsync(3_540_000);
  await expect(rig.enter()).resolves.toBeDefined();
  await expect(rig.enter()).rejects.toEqual(new DestinationLimitError(3, 60));
});

test('a key has its own limit, and a request without one has none', async () => {
  const rig = new QuotaRig({ callsPerKeyPerDay: 1 });
  await rig.enter(TO, 'crm');

  await expect(rig.enter(OTHER, 'crm')).rejects.toEqual(new KeyLimitError(1, 24 * 3_600));
  await expect(rig.enter(OTHER, 'billing')).resolves.toBeDefined();
  await expect(rig.enter(OTHER)).resolves.toBeDefined();
});

test('a SIP address is no number, and has the limit of its key only', async () => {
  const rig = new QuotaRig({ callsPerDestinationPerHour: 1, callsPerKeyPerDay: 2 });
  for (let count = 0; count < 2; count += 1) await rig.enter('sip:desk@pbx.example', 'crm');

  await expect(rig.enter('sip:desk@pbx.example', 'crm')).rejects.toBeInstanceOf(KeyLimitError);
});

test('what is withdrawn leaves its place to the next one', async () => {
  const rig = new QuotaRig({ callsPerDestinationPerHour: 1 });
  const { withdraw } = await rig.enter();

  withdraw();
  await rig.quota.whenIdle();

  await expect(rig.enter()).resolves.toBeDefined();
});

test('whoever stops waits until everything is withdrawn', async () => {
  const rig = new QuotaRig();
  const { withdraw } = await rig.enter();
  const answer = deferred<void>();
  rig.dials.before = () => answer.promise;
  let isIdle = false;

  withdraw();
  void rig.quota.whenIdle().then(() => (isIdle = true));
  await settle();
  expect(isIdle).toBe(false);
  answer.resolve();
  await settle();

  expect(isIdle).toBe(true);
});

test('what cannot be withdrawn counts, and nobody falls over that', async () => {
  const rig = new QuotaRig({ callsPerDestinationPerHour: 1 });
  const { withdraw } = await rig.enter();
  rig.dials.before = (operation) =>
    operation === 'withdraw' ? Promise.reject(new Error('connection refused')) : Promise.resolve();

  withdraw();
  await rig.clock.advanceAsync(2_000);

  await expect(rig.enter()).rejects.toBeInstanceOf(DestinationLimitError);
  expect(rig.log.at('warn')).toHaveLength(1);
});

test('a database that does not answer lets nobody through, and what it did all the same is withdrawn', async () => {
  const rig = new QuotaRig({ callsPerDestinationPerHour: 1 });
  const enter = rig.dials.enter.bind(rig.dials);
  // Entered, and the answer is lost.
  rig.dials.enter = (dial) => enter(dial).then(() => Promise.reject(new Error('connection lost')));

  const refusal = expect(rig.enter()).rejects.toBeInstanceOf(RecordsUnavailableError);
  await rig.clock.advanceAsync(2_000);
  await refusal;
  rig.dials.enter = enter;

  await expect(rig.enter()).resolves.toBeDefined();
});

test('a database that is locked for a moment is no reason to refuse a call', async () => {
  const rig = new QuotaRig();
  let failures = 2;
  rig.dials.before = () => (failures-- > 0 ? Promise.reject(new Error('locked')) : Promise.resolve());

  const entered = rig.enter();
  await rig.clock.advanceAsync(1_000);

  await expect(entered).resolves.toBeDefined();
  expect(rig.dials.destinations).toEqual([TO]);
});

test('a clock of another node that goes ahead of ours makes no refusal of no time', async () => {
  const rig = new QuotaRig({ callsPerDestinationPerHour: 1 });
  await rig.enter();
  rig.clock.jumpWallClock(-HOUR_MS);

  await expect(rig.enter()).rejects.toEqual(new DestinationLimitError(1, 7_200));
});
