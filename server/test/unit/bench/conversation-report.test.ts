// The figures of a conversation taken together, their verdicts and their table.

import { budgets } from '../../../bench/budgets';
import { conversationReport as report, distribution } from '../../../bench/conversation/conversation-report';
import type { CallRecord } from '../../../bench/conversation/call-record';
import type { ConversationReport } from '../../../bench/conversation/conversation-report';
import { conversationTable } from '../../../bench/conversation/table';
import { conversationReport, item, record } from './conversation-records';

const RUN = {
  plans: { calls: 1, delayedCalls: 1, networkDelayMs: 40, interruptions: 1 },
  concurrency: 10,
  requestsPerSecond: 0,
  traffic: undefined,
  loopDelayP99Ms: 1,
  foreignCpuPercent: 2,
};

const SLOW = { index: 1, networkDelayMs: 40 } as const;

function reportOf(...records: CallRecord[]): ConversationReport {
  return report({ ...RUN, records });
}

function verdict(conversation: ConversationReport | undefined, figure: string): string | undefined {
  return budgets({ conversation }).find((each) => each.figure === figure)?.verdict;
}

test('a distribution has the value that so many do not exceed', () => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);

  expect(distribution(values)).toEqual({ count: 100, p50Ms: 50, p95Ms: 95, maxMs: 100 });
  expect(distribution([])).toEqual({ count: 0, p50Ms: null, p95Ms: null, maxMs: null });
});

test('the delay of a slow network is in no figure but that of the error', () => {
  const late = record({
    ...SLOW,
    clears: [{ atMs: 2_050, playedMs: 1_000, arrivedMs: 1_400 }],
    items: [item('a', 3_010, { truncatedToMs: 940 })],
  });

  const { clear, greetingAfterAnswer, audioEnd, audioEndDelayed } = reportOf(record({ index: 0 }), late);

  expect(clear).toMatchObject({ count: 1, maxMs: 4 });
  expect(greetingAfterAnswer).toMatchObject({ count: 1, maxMs: 10 });
  expect(audioEnd).toMatchObject({ count: 1, maxMs: 0 });
  expect(audioEndDelayed).toMatchObject({ count: 1, maxMs: 60, leastMs: -60, mostMs: -60 });
});

test('errors of either sign are equally bad', () => {
  const much = record({ index: 0, items: [item('a', 3_010, { truncatedToMs: 1_005 })] });
  const little = record({ index: 0, items: [item('a', 3_010, { truncatedToMs: 970 })] });

  expect(reportOf(much, little).audioEnd).toMatchObject({ p50Ms: 5, maxMs: 30, leastMs: -30, mostMs: 5 });
});

test('a greeting that was not ready is counted, not measured', () => {
  const never = record({ index: 0, firstAudioAtMs: undefined });

  expect(reportOf(record({ index: 0 }), never)).toMatchObject({ lateGreetings: 1, greetingAfterAnswer: { count: 1 } });
});

test('told of more than was sent counts on every network', () => {
  const clears = [{ atMs: 2_004, playedMs: 900, arrivedMs: 990 }];

  expect(reportOf(record({ index: 0 }), record({ ...SLOW, clears })).aboveSent).toBe(1);
});

test('kept budgets are ok, and what was not measured is neither ok nor missed', () => {
  const figures = budgets({ conversation: conversationReport() }).filter(({ measured }) => measured !== null);

  expect(figures.map((each) => each.verdict)).toEqual(Array.from({ length: 9 }, () => 'ok'));
  expect(verdict(undefined, 'error of audio_end_ms, worst')).toBe('not measured');
});

test.each([
  ['answered -> greeting at the carrier', 'greetingAfterAnswer', 50],
  ['speech_started -> clear at the carrier', 'clear', 5],
  ['error of audio_end_ms', 'audioEnd', 20],
  ['error of audio_end_ms over a slow network', 'audioEndDelayed', 20],
] as const)('%s is judged by the worst, too', (figure, name, budgetMs) => {
  const one = conversationReport({ [name]: { ...conversationReport()[name], maxMs: budgetMs + 0.1 } });

  expect(verdict(one, `${figure}, p95`)).toBe('ok');
  expect(verdict(one, `${figure}, worst`)).toBe('MISSED');
});

test('one item that the AI was told too much of misses the budget', () => {
  expect(verdict(conversationReport({ aboveSent: 1 }), 'audio_end_ms above what was sent')).toBe('MISSED');
});

test('figures of a disturbed run, of late simulators or of few interruptions are in doubt', () => {
  const few = { ...conversationReport().audioEnd, count: 99 };

  const one = conversationReport({ foreignCpuPercent: 30, loopDelayP99Ms: 9, audioEnd: few });

  expect(verdict(one, 'speech_started -> clear at the carrier, worst')).toBe(
    'in doubt (disturbed; the simulators were late; fewer than 100 interruptions)',
  );
});

test.each([
  ['a fault', { faults: ['call 1: refused'] }, 'void (1 faults)'],
  ['a greeting that came late', { lateGreetings: 2 }, 'void (2 greetings not ready)'],
])('with %s, no figure is worth anything', (_what, about, expected) => {
  expect(verdict(conversationReport(about), 'error of audio_end_ms, p95')).toBe(expected);
});

test('the table has each figure with its count, the errors with their signs, and what went wrong', () => {
  const text = conversationTable(conversationReport({ faults: ['call 1: refused'] }));

  expect(text).toMatch(/speech_started -> clear at the carrier +160 +1\.0 +2\.0 +3\.0/);
  expect(text).toMatch(/ several items +160 .* -3\.0 to 1\.0/);
  expect(text).toContain('fault: call 1: refused');
  expect(text).toContain('VOID: 1 faults');
});
