import { planCall } from '../../../soak/call-plan';
import { Random } from '../../../soak/random';
import { faultsOfRecord } from '../../../soak/record-checks';
import { heldMore, memoryTrend, type MemoryTrend, type Sample } from '../../../soak/samples';
import { checksOf, type SoakFindings, soakTable } from '../../../soak/soak-report';

const MEMORY: MemoryTrend = {
  minutes: 3,
  usedMb: { from: 30, to: 32, perMinute: 0.6 },
  residentMb: { from: 120, to: 160, perMinute: 8 },
};

const RECORD = {
  status: 'completed',
  endReason: 'callee-hung-up',
  verdict: { reason: 'callee-hung-up' },
  timeline: ['call.queued', 'call.completed', 'leg.down'].map((type) => ({ type })),
  transcript: [{ startedAt: '2026-01-31T09:00:01.000Z', text: 'Soak 4. Sentence 1.' }],
};

const plan = planCall(4, new Random(1));

const CLEAN: SoakFindings = {
  seed: 1,
  minutes: 10,
  calls: [{ plan, callId: 'one', record: RECORD }],
  kills: 3,
  recordFaults: [],
  oddAnswers: [],
  liveLegs: 0,
  liveSessions: 0,
  activeCalls: 0,
  stored: { unfinished: 0, withoutVerdict: 0, withLeg: 0, withGaps: 0 },
  heldMore: {},
  memory: MEMORY,
};

function faultsOf(changes: Readonly<Record<string, unknown>>): readonly string[] {
  return faultsOfRecord({ plan, callId: 'one', record: { ...RECORD, ...changes } });
}

/** One sample a second. */
function samples(megabytes: readonly number[], life = 1): Sample[] {
  return megabytes.map((usedMb, second) => ({
    atMs: second * 1_000,
    life,
    residentMb: 120 + second,
    usedMb,
    liveCalls: 1,
  }));
}

test('a soak in which nothing is left holds', () => {
  expect(checksOf(CLEAN).map(({ holds }) => holds)).not.toContain('NO');
});

test.each<[string, Partial<SoakFindings>]>([
  ['calls placed', { calls: [] }],
  ['live legs at the carrier', { liveLegs: 1 }],
  ['live realtime sessions', { liveSessions: 1 }],
  ['active calls by REST', { activeCalls: NaN }],
  ['unfinished records in the database', { stored: { ...CLEAN.stored, unfinished: 2 } }],
  ['timelines with gaps', { stored: { ...CLEAN.stored, withGaps: 1 } }],
  ['odd answers of the API', { oddAnswers: ['say: 500 null'] }],
  ['resources held more than before', { heldMore: { Timeout: 30 } }],
  ['heap and buffers over the last half', { memory: { ...MEMORY, usedMb: { from: 30, to: 60, perMinute: 8 } } }],
])('does not hold when something is off: %s', (what, found) => {
  const checks = checksOf({ ...CLEAN, ...found });

  expect(checks.filter(({ holds }) => holds === 'NO').map((check) => check.what)).toEqual([what]);
  expect(soakTable({ ...CLEAN, ...found }, checks)).toContain('NO');
});

test('a few connections that are kept are no leak, and a short soak says nothing of memory', () => {
  const checks = checksOf({ ...CLEAN, heldMore: { TCPSocketWrap: 2 }, memory: null });

  expect(checks.find(({ what }) => what.startsWith('resources'))).toMatchObject({
    found: '2 TCPSocketWrap',
    holds: 'yes',
  });
  expect(checks.find(({ what }) => what.startsWith('heap'))?.holds).toBe('not judged');
});

test('a record that is as it must be has no faults', () => {
  expect(faultsOf({})).toEqual([]);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['no verdict', { verdict: null }],
  ['has 2 ends', { timeline: [...RECORD.timeline, { type: 'call.completed' }] }],
  ['ends otherwise than its status says', { status: 'failed' }],
  ['does not say once that its leg is down', { timeline: RECORD.timeline.slice(0, 2) }],
  ['has words of another call', { transcript: [{ ...RECORD.transcript[0], text: 'Soak 5. Sentence 1.' }] }],
])('a record that %s is found', (fault, changes) => {
  expect(faultsOf(changes)).toEqual([`one (${plan.faultName}): ${fault}`]);
});

test('memory is judged by the last half of the last life', () => {
  const trend = memoryTrend([
    ...samples([500, 500], 1),
    ...samples([...Array(60).fill(80), ...Array(60).fill(120)], 2),
  ]);

  expect(trend?.usedMb).toEqual({ from: 120, to: 120, perMinute: 0 });
  expect(trend?.residentMb.perMinute).toBeCloseTo(60);
});

test('what is held more is told by its kind', () => {
  const before = { held: { Timeout: 3, TCPSocketWrap: 1 }, memoryBytes: 0 };

  expect(heldMore(before, { held: { Timeout: 3, TCPSocketWrap: 4 }, memoryBytes: 0 })).toEqual({ TCPSocketWrap: 3 });
});
