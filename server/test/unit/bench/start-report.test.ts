import { budgets } from '../../../bench/budgets';
import { startTable, type StartReport } from '../../../bench/start/start-report';
import { measurement } from './measurements';

function report(readyMs: number, run: Parameters<typeof measurement>[0] = {}): StartReport {
  return { starts: 7, readyMs, slowestMs: readyMs, calls: 20, seconds: 20, isPinned: true, run: measurement(run) };
}

function verdict(start: StartReport, figure: string): string | undefined {
  return budgets({ start }).find((each) => each.figure === figure)?.verdict;
}

test('a start within a second is ok, a slower one is missed', () => {
  expect(verdict(report(999), 'start to ready')).toBe('ok');
  expect(verdict(report(1_001), 'start to ready')).toBe('MISSED');
});

test('memory of calls that were broken says nothing; the start before them does', () => {
  const broken = report(500, { brokenLegs: ['AI leg: closed'] });

  expect(verdict(broken, 'memory, 20 calls')).toMatch(/^void/);
  expect(verdict(broken, 'start to ready')).toBe('ok');
});

test('the table has both', () => {
  expect(startTable(report(612))).toMatch(/GET \/ready 200, median of 7, ms +612/);
  expect(startTable(report(612))).toMatch(/RSS with 20 calls for 20 s, MB +90/);
});
