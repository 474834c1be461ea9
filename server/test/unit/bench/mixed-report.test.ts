import { budgets } from '../../../bench/budgets';
import { summarise } from '../../../bench/load/summary';
import { mixedTable, type MixedReport } from '../../../bench/mixed/mixed-report';
import { REQUEST_KINDS } from '../../../bench/mixed/request-kinds';
import { TrafficCounts } from '../../../bench/mixed/traffic-counts';
import type { TrafficFigures } from '../../../bench/mixed/traffic-protocol';
import { conversationReport } from './conversation-records';
import { measurement } from './measurements';

const LATENCY = 'latency added per frame, p99, 300 calls and 200 requests/s';
const CLEAR = 'speech_started -> clear at the carrier, worst, 200 requests/s';
const FAILED = 'requests that failed';

type Told = {
  readonly mixed?: Parameters<typeof measurement>[0];
  readonly traffic?: Partial<TrafficFigures>;
  /** The requests beside the conversation. */
  readonly conversation?: Partial<TrafficFigures>;
};

const TRAFFIC: TrafficFigures = {
  requestsPerSecond: 200,
  statuses: { 200: 3000 },
  kinds: [],
  openStreams: 20,
  streamedEvents: 0,
};

function report({ mixed = {}, traffic = {}, conversation = {} }: Told = {}): MixedReport {
  const runs = {
    relay: measurement({ subject: 'relay', cpuMsPerCallSecond: 1.5 }),
    alone: measurement(),
    mixed: measurement(mixed),
  };
  return {
    calls: 300,
    seconds: 15,
    requestsPerSecond: 200,
    isPinned: true,
    relay: summarise([runs.relay]),
    alone: summarise([runs.alone]),
    mixed: summarise([runs.mixed]),
    traffic: { ...TRAFFIC, ...traffic },
    runs: Object.values(runs),
    conversation: conversationReport({ requestsPerSecond: 200, traffic: { ...TRAFFIC, ...conversation } }),
  };
}

function verdict(told: Told, figure: string): string | undefined {
  return budgets({ mixed: report(told) }).find((each) => each.figure.startsWith(figure))?.verdict;
}

test('audio that holds under requests is ok, audio that does not is missed', () => {
  expect(verdict({}, LATENCY)).toBe('ok');
  expect(verdict({ mixed: { p50Ms: 9 } }, LATENCY)).toBe('MISSED');
});

test('the CPU that requests take counts: nobody else pays for it', () => {
  expect(verdict({ mixed: { cpuMsPerCallSecond: 2.3 } }, 'CPU per call / bare relay, 300 calls and')).toBe('ok');
  expect(verdict({ mixed: { cpuMsPerCallSecond: 2.5 } }, 'CPU per call / bare relay, 300 calls and')).toBe('MISSED');
});

test('figures under fewer requests than were wanted are void', () => {
  expect(verdict({ traffic: { requestsPerSecond: 150 } }, LATENCY)).toBe('void (too few requests)');
});

test('a conversation beside fewer requests than were wanted says nothing, and its unanswered ones count', () => {
  const told = { conversation: { requestsPerSecond: 150, statuses: { 0: 1, 200: 2999 } } };

  expect(verdict({}, CLEAR)).toBe('ok');
  expect(verdict(told, CLEAR)).toBe('void (too few requests)');
  expect(verdict(told, FAILED)).toBe('MISSED');
});

test('lost frames void the latencies, and are missed themselves', () => {
  const told = { mixed: { lostFrames: 1 } };

  expect(verdict(told, LATENCY)).toMatch(/^void/);
  expect(verdict(told, 'frames lost or extra, legs broken, 300')).toBe('MISSED');
});

test.each([
  ['an answer 500', { 200: 2999, 500: 1 }],
  ['no answer', { 0: 1, 200: 2999 }],
])('%s is a request that failed', (_what, statuses) => {
  expect(verdict({ traffic: { statuses } }, FAILED)).toBe('MISSED');
});

test('refusals are no failures', () => {
  expect(verdict({ traffic: { statuses: { 400: 10, 401: 10, 429: 10 } } }, FAILED)).toBe('ok');
});

test('the table sets requests beside none, and both beside the relay', () => {
  expect(mixedTable(report({ mixed: { cpuMsPerCallSecond: 3 } }))).toMatch(
    /CPU per call, ms\/s +1\.50 +2\.00 +3\.00 +1\.50 +2\.00/,
  );
});

test('the shares of the kinds of requests are of a hundred', () => {
  expect(REQUEST_KINDS.reduce((sum, { share }) => sum + share, 0)).toBe(100);
});

test('an answer that is not the right one is counted as wrong', () => {
  const [kind] = REQUEST_KINDS;
  const counts = new TrafficCounts();

  counts.add(kind!, kind!.statuses[0]!, 1);
  counts.add(kind!, 500, 3);

  expect(counts.figures(0).kinds[0]).toMatchObject({ count: 2, wrong: 1, p50Ms: 1, p99Ms: 3 });
  expect(counts.figures(0).statuses).toEqual({ 200: 1, 500: 1 });
});
