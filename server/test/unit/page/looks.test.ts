// What the page looks at now and then: each look by itself, so that one that fails or hangs hides nothing of the others.

import { ApiError } from '../../../page/api.ts';
import { type LookSources, Looks } from '../../../page/looks.ts';
import type { Change } from '../../../page/state.ts';
import { deferred } from '../../../src/lib/deferred';
import { until } from '../../support/until';

const PAGE = { calls: [], nextCursor: null };
const AWAY = new ApiError('The database does not answer.', 503, 'RECORDS_UNAVAILABLE');

const ANSWERING: LookSources = {
  readiness: () => Promise.resolve({ status: 'ready', checks: [] }),
  past: () => Promise.resolve(PAGE),
  todayUsd: () => Promise.resolve(2),
};

type Rig = { readonly looks: Looks; readonly told: Change[]; readonly refusals: ApiError[]; readonly end: () => void };

function rig(sources: Partial<LookSources> = {}): Rig {
  const [told, refusals, session]: [Change[], ApiError[], AbortController] = [[], [], new AbortController()];
  const looks = new Looks({
    sources: { ...ANSWERING, ...sources },
    signal: session.signal,
    serverNowMs: () => 0,
    onTold: (change) => told.push(change),
    onRefused: (error) => refusals.push(error),
  });
  return { looks, told, refusals, end: () => session.abort() };
}

test('history and cost that fail leave the readiness, and are told themselves', async () => {
  const { looks, told } = rig({ past: () => Promise.reject(AWAY), todayUsd: () => Promise.reject(AWAY) });

  await looks.now();

  expect(told).toContainEqual({ type: 'readiness.told', readiness: { status: 'ready', checks: [] } });
  expect(told).toContainEqual({ type: 'today.told', usd: null });
  expect(told).toContainEqual({ type: 'list.troubled', words: 'The database does not answer.' });
});

test('a history that hangs holds up neither readiness nor cost', async () => {
  const { looks, told } = rig({ past: () => new Promise(() => undefined) });

  void looks.now();

  await until(() => told.length === 2);
  expect(told.map(({ type }) => type)).toEqual(['readiness.told', 'today.told']);
});

test('readiness is asked for first', async () => {
  const asked: string[] = [];
  const noting =
    <T>(name: string, value: T) =>
    (): Promise<T> => {
      asked.push(name);
      return Promise.resolve(value);
    };
  const { looks } = rig({
    readiness: noting('readiness', undefined),
    past: noting('past', PAGE),
    todayUsd: noting('today', 0),
  });

  await looks.now();

  expect(asked).toEqual(['readiness', 'past', 'today']);
});

test('who looks again while a look is under way asks once more afterwards, never twice at a time', async () => {
  const answers = [deferred<typeof PAGE>(), deferred<typeof PAGE>()];
  let asked = 0;
  const { looks } = rig({ past: () => answers[asked++]!.promise });

  const first = looks.now();
  for (let times = 0; times < 5; times += 1) void looks.now();
  expect(asked).toBe(1);
  answers[0]!.resolve(PAGE);
  await until(() => asked === 2);
  answers[1]!.resolve(PAGE);
  await first;

  expect(asked).toBe(2);
});

test('a key that is refused is told, and not as a trouble of the list', async () => {
  const refused = new ApiError('No.', 401, 'UNAUTHORIZED');
  const { looks, told, refusals } = rig({ past: () => Promise.reject(refused) });

  await looks.now();

  expect(refusals).toEqual([refused]);
  expect(told.map(({ type }) => type)).not.toContain('list.troubled');
});

test('what comes after the session has ended is told to nobody', async () => {
  const { looks, told, refusals, end } = rig({ todayUsd: () => Promise.reject(new ApiError('', 401, '')) });

  const looking = looks.now();
  end();
  await looking;

  expect([told, refusals]).toEqual([[], []]);
});
