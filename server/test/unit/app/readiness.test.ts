import { readinessOf, type ReadinessParts } from '../../../src/app/readiness';
import { endCall } from '../../../src/calls/end-call';
import { ManualClock, settle } from '../../support/manual-clock';

type Options = {
  readonly ping?: () => Promise<void>;
  readonly waiting?: number;
  readonly failingForMs?: number;
  readonly isAiRefused?: boolean;
  readonly isDraining?: boolean;
  readonly calls?: number;
  readonly lagMs?: number;
};

const MAX_CALLS = 3;

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

function partsOf(options: Options): ReadinessParts {
  const { ping = () => Promise.resolve(), waiting = 0, failingForMs, calls = 0, lagMs } = options;
  const failingSinceMs = failingForMs === undefined ? undefined : clock.nowMs() - failingForMs;
  return {
    records: {
      store: { ping },
      journal: { health: { waiting, failingSinceMs } },
    } as unknown as ReadinessParts['records'],
    breaker: { reason: options.isAiRefused === true ? endCall('ai-unauthorized') : undefined },
    calls: {
      isDraining: options.isDraining ?? false,
      isFull: calls >= MAX_CALLS,
    },
    overload: { lagMs },
    maxConcurrentCalls: MAX_CALLS,
    clock,
  };
}

/** What is the matter, by the name of the check. */
async function troubles(options: Options): Promise<Record<string, string | undefined>> {
  const looking = readinessOf(partsOf(options))();
  await settle();
  clock.advance(2_000);
  const failing = (await looking).filter(({ status }) => status === 'failing');
  return Object.fromEntries(failing.map(({ name, reason }) => [name, reason]));
}

test('a server that can place calls has no trouble, and looks at everything', async () => {
  const checks = await readinessOf(partsOf({ calls: MAX_CALLS - 1 }))();

  expect(checks.map(({ name }) => name)).toEqual(['database', 'records', 'ai', 'capacity', 'overload', 'draining']);
  expect(checks.every(({ status }) => status === 'ok')).toBe(true);
});

test.each([
  ['database', { ping: () => new Promise<void>(() => undefined) }, /does not answer/],
  ['database', { ping: () => Promise.reject(new Error('canary')) }, /does not answer/],
  ['records', { waiting: 12, failingForMs: 6_000 }, /12 records wait/],
  ['records', { waiting: 10_001 }, /too slow/],
  ['ai', { isAiRefused: true }, /ai-unauthorized/],
  ['capacity', { calls: MAX_CALLS }, /all 3 concurrent calls/],
  ['overload', { lagMs: 80.4 }, /lags 80 ms/],
  ['draining', { isDraining: true }, /stopping/],
] as const)('%s fails alone, and says why', async (name, options, reason) => {
  const found = await troubles(options);

  expect(Object.keys(found)).toEqual([name]);
  expect(found[name]).toMatch(reason);
  expect(found[name]).not.toContain('canary');
});

test('a server without a limit on lag is never overloaded', async () => {
  const checks = await readinessOf({ ...partsOf({}), overload: undefined })();

  expect(checks.every(({ status }) => status === 'ok')).toBe(true);
});
