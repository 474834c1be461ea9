import request from 'supertest';
import { HttpRig, problemFields } from './http-rig';
import { aUsageRow } from './reading-fakes';

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig();
});

function usage(query = '', accept?: string): request.Test {
  const pending = request(rig.app).get(`/api/ai-calls/usage${query}`);
  return accept === undefined ? pending : pending.set('Accept', accept);
}

/** The span that was asked of the record. */
function asked(): { since: string; until: string; to: string | undefined } {
  const { sinceMs, untilMs, to } = rig.usage.queries.at(-1)!;
  return { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString(), to };
}

test('is told by day and destination, and in sum', async () => {
  rig.usage.rows = [
    aUsageRow({ aiCostUsd: 0.1, carrierCostUsd: 0.2 }),
    aUsageRow({ day: '2026-11-21', to: '+12025550124', calls: 1, answered: 1, failed: 0, talkSeconds: 0.1 + 0.2 }),
  ];

  const { body } = await usage()
    .expect(200)
    .expect('Vary', /Accept/);

  expect(body).toEqual({
    since: '2026-10-22T00:00:00.000Z',
    until: '2026-11-20T12:00:00.000Z',
    days: [
      { ...aUsageRow(), aiCostUsd: 0.1, carrierCostUsd: 0.2, costUsd: 0.3 },
      { ...rig.usage.rows[1], talkSeconds: 0.3, costUsd: 0.0163 },
    ],
    totals: {
      calls: 3,
      answered: 2,
      failed: 1,
      talkSeconds: 61.8,
      inputTokens: 2_000,
      outputTokens: 800,
      aiCostUsd: 0.1123,
      carrierCostUsd: 0.204,
      costUsd: 0.3163,
      unpricedCalls: 0,
    },
  });
});

test('of nothing is nothing', async () => {
  const { body } = await usage().expect(200);

  expect(body.days).toEqual([]);
  expect(body.totals).toMatchObject({ calls: 0, costUsd: 0 });
});

const CSV =
  'day,to,calls,answered,failed,talkSeconds,inputTokens,outputTokens,aiCostUsd,carrierCostUsd,costUsd,unpricedCalls\r\n' +
  '2026-11-20,+12025550123,2,1,1,61.5,1000,400,0.0123,0.004,0.0163,0\r\n';

test.each([
  ['', 'text/csv'],
  ['?format=csv', undefined],
])('is a table when it is asked for by %j and %j', async (query, accept) => {
  rig.usage.rows = [aUsageRow()];

  const answer = await usage(query, accept).expect(200);

  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
  expect(answer.headers['content-disposition']).toBe('attachment; filename="usage-2026-10-22-2026-11-20.csv"');
  expect(answer.text).toBe(CSV);
});

test.each([
  ['?since=2026-11-01', '2026-11-01T00:00:00.000Z', '2026-11-20T12:00:00.000Z'],
  ['?since=2026-01-01&until=2026-02-01', '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
  ['?until=2026-02-01', '2026-01-02T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
  ['?until=2026-02-01T00:00:01Z', '2026-01-03T00:00:00.000Z', '2026-02-01T00:00:01.000Z'],
  ['?since=2026-01-01T09:30:00%2B02:00&until=2026-01-02', '2026-01-01T07:30:00.000Z', '2026-01-02T00:00:00.000Z'],
  ['?since=2026-01-01T09:30:00+02:00&until=2026-01-02', '2026-01-01T07:30:00.000Z', '2026-01-02T00:00:00.000Z'],
  ['?since=2024-01-01&until=2025-01-01', '2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'],
])('%s asks for %s to %s', async (query, since, until) => {
  const { body } = await usage(query).expect(200);

  expect(asked()).toEqual({ since, until, to: undefined });
  expect(body).toMatchObject({ since, until });
});

test.each(['to=%2B12025550123', 'to=+12025550123'])('one destination can be asked for: %s', async (query) => {
  await usage(`?${query}`).expect(200);

  expect(asked().to).toBe('+12025550123');
});

test.each([
  ['since=yesterday', 'since'],
  ['since=2026-02-30', 'since'],
  ['since=2026-01-31T09:00:00', 'since'],
  ['since=', 'since'],
  ['since=2026-11-21', 'since'],
  ['since=2026-02-01&until=2026-02-01', 'since'],
  ['since=2025-01-01&until=2026-01-03', 'since'],
  ['until=tomorrow', 'until'],
  ['until=2026-01-31&until=2026-02-01', 'until'],
  ['to=12025550123', 'to'],
  ['format=xml', 'format'],
  ['day=2026-01-31', 'day'],
])('the query %s is refused by its name', async (query, field) => {
  expect(problemFields(await usage(`?${query}`), 'VALIDATION_FAILED')).toEqual([field]);
});

test('there is in no other type', async () => {
  problemFields(await usage('', 'text/html'), 'NOT_ACCEPTABLE');
});
