import { budgets, budgetTable, type Measured } from '../../../bench/budgets';
import { OWN_ENGINE } from '../../../bench/engines';
import { loadTable } from '../../../bench/load/table';
import type { QualityFigures } from '../../../bench/quality';
import { loadReport } from './measurements';

const P50 = 'latency added per frame, p50, pcm16';
const LOSSES = 'frames lost or extra, legs broken, pcm16';

function verdict(measured: Measured, figure: string): string | undefined {
  return budgets(measured).find((each) => each.figure.startsWith(figure))?.verdict;
}

function quality(engine: string, worstProductDb: number): QualityFigures {
  const figures = { flatnessDb: 0.1, worstProductDb, snrDb: 60, mulawLossDb: null, delayMs: 1 };

  return { engine, fromHz: 8000, toHz: 24_000, ...figures };
}

test('a figure within its budget is ok, one above it is missed', () => {
  expect(verdict({ load: loadReport({ p50Ms: 0.5 }) }, P50)).toBe('ok');
  expect(verdict({ load: loadReport({ p50Ms: 0.6 }) }, P50)).toBe('MISSED');
});

test('figures of a run that lost frames are void, and the loss is missed', () => {
  const load = loadReport({ lostFrames: 3 });

  expect(verdict({ load }, P50)).toBe('void (frames or legs lost in 1 of 2 runs)');
  expect(verdict({ load }, 'CPU per call')).toMatch(/^void/);
  expect(verdict({ load }, LOSSES)).toBe('MISSED');
});

test.each([
  ['extra frames', { extraFrames: 1 }],
  ['a broken leg', { brokenLegs: ['phone leg: closed'] }],
  ['a busy generator', { generatorCpuPercent: 95 }],
  ['a late generator', { latenessMs: 10 }],
  ['nothing sent', { p50Ms: null, brokenLegs: ['AI leg: closed'] }],
])('with %s, no figure of the load is ok', (_what, told) => {
  expect(verdict({ load: loadReport(told) }, 'CPU per call')).toMatch(/^void/);
});

test('figures of a disturbed run are in doubt', () => {
  const load = loadReport({ foreignCpuPercent: 30 });

  expect(verdict({ load }, P50)).toBe('in doubt (1 of 2 runs disturbed)');
  expect(verdict({ load }, LOSSES)).toMatch(/^in doubt/);
});

test('a missed budget stays missed in doubt', () => {
  expect(verdict({ load: loadReport({ p50Ms: 9 }, { calls: 20, cores: null }) }, P50)).toBe(
    'MISSED, in doubt (fewer than 100 calls; not pinned)',
  );
});

test('what was not measured is neither ok nor missed', () => {
  const verdicts = budgets({}).map((each) => each.verdict);

  expect(new Set(verdicts)).toEqual(new Set(['not measured']));
  expect(verdict({ load: loadReport({ p50Ms: null }) }, P50)).toBe('not measured');
});

test('quality is that of our engine, and not measured without it', () => {
  const ours = quality(OWN_ENGINE, -70);
  const other = quality('speex 1', -20);

  expect(verdict({ quality: [ours, other] }, 'images and aliases')).toBe('ok');
  expect(verdict({ quality: [quality(OWN_ENGINE, -20)] }, 'images and aliases')).toBe('MISSED');
  expect(verdict({ quality: [other] }, 'images and aliases')).toBe('not measured');
  expect(verdict({ quality: [ours] }, 'SNR at 1 kHz')).toBe('not measured');
});

test('idle memory has no number of calls', () => {
  const figures = budgets({ load: loadReport({}) }).map((each) => each.figure);

  expect(figures).toContain('memory, idle, pcm16');
});

test('the tables say what was lost and why a figure is void', () => {
  const load = loadReport({ p50Ms: Infinity, lostFrames: 3 });

  expect(budgetTable(budgets({ load }))).toMatch(/p50, pcm16.* lost +void/);
  expect(loadTable(load)).toMatch(/3 \/ 3 FRAMES LOST/);
  expect(loadTable(load)).toContain('VOID: frames or legs lost in 1 of 2 runs');
});
