import request from 'supertest';
import { AiUnavailableError, DailyBudgetError } from '../../../src/calls/errors';
import { aCallId } from '../../support/builders';
import { ManualClock, settle } from '../../support/manual-clock';
import { HttpRig, problemFields } from './http-rig';

const TO = '+12025550123';
const START = '2026-11-20T12:00:00.000Z';

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig({ maxConcurrentCalls: 3 });
});

async function create(body: object = { to: TO }, headers: Record<string, string> = {}): Promise<request.Response> {
  const answer = await request(rig.app).post('/api/ai-calls/create').set(headers).send(body);
  await settle();
  return answer;
}

async function createdId(body: object = { to: TO }): Promise<string> {
  return String((await create(body)).body.callId);
}

function post(path: string): request.Test {
  return request(rig.app).post(`/api/ai-calls/${path}`);
}

function get(path: string): request.Test {
  return request(rig.app).get(`/api/ai-calls/${path}`);
}

describe('create', () => {
  test('answers with the call as it was recorded and where to find it', async () => {
    const { status, body, headers } = await create({ to: TO, metadata: { order: '17' } });

    expect(status).toBe(201);
    expect(headers['location']).toBe(`/api/ai-calls/${body.callId}`);
    expect(body).toEqual({
      callId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'queued',
      to: TO,
      from: '+12025550100',
      createdAt: START,
      answeredAt: null,
      endedAt: null,
      durationSeconds: null,
      endReason: null,
      metadata: { order: '17' },
    });
  });

  test('fills in what the request leaves open, and nothing else', async () => {
    const callId = await createdId();

    const call = await rig.calls.call(callId);
    expect(call).toMatchObject({ from: '+12025550100', voice: 'marin', maxDurationSeconds: 900, metadata: {} });
    expect([call.greeting, call.statusCallbackUrl]).toEqual([undefined, undefined]);
  });

  test('takes everything that can be asked for, at its limits', async () => {
    const asked = {
      to: TO,
      from: '+12025550111',
      instructions: 'a'.repeat(16_000),
      greeting: 'b'.repeat(1_000),
      voice: 'cedar',
      maxDurationSeconds: 14_340,
      metadata: { ['k'.repeat(40)]: 'v'.repeat(500) },
      statusCallbackUrl: 'http://127.0.0.1:9/hook',
    };

    const callId = await createdId(asked);

    expect(await rig.calls.call(callId)).toMatchObject(asked);
  });

  test('takes a limit of cost and the wish for a recording, or those of the settings', async () => {
    const fromSettings = new HttpRig({ maxCostUsd: 2.5, isRecorded: true });
    const ask = async (body: object): Promise<object> => {
      const answer = await request(fromSettings.app)
        .post('/api/ai-calls/create')
        .send({ to: TO, ...body });
      return (await request(fromSettings.app).get(`/api/ai-calls/${answer.body.callId}`)).body as object;
    };

    expect(await rig.calls.call(await createdId())).toMatchObject({ maxCostUsd: undefined, isRecorded: false });
    expect(await ask({})).toMatchObject({ maxCostUsd: 2.5, record: true });
    expect(await ask({ maxCostUsd: 1_000, record: false })).toMatchObject({ maxCostUsd: 1_000, record: false });
    expect(await ask({ maxCostUsd: 0.000_1 })).toMatchObject({ maxCostUsd: 0.000_1 });
  });

  test('the same key and request give the same call, and say so', async () => {
    const first = await create({ to: TO, metadata: { a: '1', b: '2' } }, { 'Idempotency-Key': 'key-1' });
    const again = await create({ metadata: { b: '2', a: '1' }, to: TO }, { 'Idempotency-Key': 'key-1' });

    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body.callId).toBe(first.body.callId);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body.status).toBe('initiated');
    expect(rig.calls.carrier.dials).toHaveLength(1);
  });

  test('two callers who choose the same key do not see each other’s calls', async () => {
    const [crm, billing] = ['a-key-of-twenty-chars', 'another-key-of-twenty'];
    rig = new HttpRig({ apiKeys: [crm, billing], limits: { callsPerSecond: 1 } });
    const ask = (key: string): Promise<request.Response> =>
      create({ to: TO }, { Authorization: `Bearer ${key}`, 'Idempotency-Key': 'order-17' });

    const answers = [await ask(crm), await rig.patiently(ask(billing)), await ask(crm), await ask(billing)];

    const [first, other, ...again] = answers.map(({ body }) => String(body.callId));
    expect(other).not.toBe(first);
    expect(again).toEqual([first, other]);
    expect(answers.map(({ headers }) => headers['idempotent-replayed'])).toEqual([
      undefined,
      undefined,
      'true',
      'true',
    ]);
  });

  test('says when to come back when all places are taken', async () => {
    for (let number = 0; number < 3; number += 1) await create();

    const answer = await create();

    problemFields(answer, 'TOO_MANY_CALLS');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('says that the server is stopping', async () => {
    rig.calls.service.startDraining();

    const answer = await create();

    problemFields(answer, 'SERVER_DRAINING');
    expect(answer.headers['retry-after']).toBeDefined();
  });

  test.each([
    ['AI_UNAVAILABLE', new AiUnavailableError('insufficient_quota', 30), '30'],
    ['DAILY_BUDGET_SPENT', new DailyBudgetError(3_599.2), '3600'],
    ['DAILY_BUDGET_SPENT', new DailyBudgetError(0), '1'],
    ['AI_UNAVAILABLE', new AiUnavailableError('invalid_api_key', Number.NaN), '5'],
  ] as const)('says %s with its reason and when to come back', async (code, error, retryAfter) => {
    jest.spyOn(rig.calls.service, 'place').mockRejectedValue(error);

    const answer = await create();

    problemFields(answer, code);
    expect(answer.body.detail).toBe(error.message);
    expect(answer.headers['retry-after']).toBe(retryAfter);
  });

  test('says that the record cannot be written, and nothing of how', async () => {
    rig.calls.store.before = () => Promise.reject(new Error('canary: SQLITE_FULL at /secret/path'));

    const answer = await rig.patiently(create());

    problemFields(answer, 'RECORDS_UNAVAILABLE');
    expect(answer.text).not.toMatch(/canary|secret|at .*\.ts/);
    expect(rig.calls.log.at('error')).toHaveLength(1);
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test('tells nothing of a fault of the server but that there was one', async () => {
    jest.spyOn(rig.calls.service, 'place').mockRejectedValue(new Error('canary at /secret/path'));

    const answer = await create();

    problemFields(answer, 'INTERNAL_ERROR');
    expect(answer.text).not.toMatch(/canary|secret|at .*\.ts/);
    expect(rig.calls.log.at('error')).toHaveLength(1);
  });
});

describe('status', () => {
  test('counts and lists live calls', async () => {
    const live = await createdId();
    const over = await createdId();
    await rig.calls.end(over);

    const { body } = await get('status').expect(200);

    expect(body).toEqual({ activeCalls: 1, calls: [expect.objectContaining({ callId: live, status: 'initiated' })] });
  });

  test('counts all live calls although it lists fewer', async () => {
    await create();
    await create();

    const { body } = await get('status?limit=1').expect(200);

    expect(body.activeCalls).toBe(2);
    expect(body.calls).toHaveLength(1);
  });

  test('looks into history page by page', async () => {
    for (const reason of ['callee-busy', 'callee-busy', 'callee-no-answer'] as const) {
      await rig.calls.end(await createdId(), reason);
    }

    const first = await get('status?status=busy,no-answer&limit=2').expect(200);
    const second = await get(
      `status?status=busy,no-answer&limit=2&cursor=${encodeURIComponent(first.body.nextCursor)}`,
    ).expect(200);

    expect(first.body.calls).toHaveLength(2);
    expect(second.body.calls).toHaveLength(1);
    expect(second.body.nextCursor).toBeNull();
  });

  test.each([
    ['status=sleeping', 'status'],
    ['status=', 'status'],
    ['status=busy&status=failed', 'status'],
    ['to=123', 'to'],
    ['since=yesterday', 'since'],
    ['since=2026-01-31', 'since'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=', 'cursor'],
    [`cursor=${'a'.repeat(201)}`, 'cursor'],
    ['page=2', 'page'],
    ['__proto__=x', '__proto__'],
    ['constructor=x', 'constructor'],
  ])('the query %s is refused by its name', async (query, field) => {
    const fields = problemFields(await get(`status?${query}`), 'VALIDATION_FAILED');

    expect(fields.map((name) => name.split('.')[0])).toContain(field);
  });

  test('a cursor that is not one of ours is refused', async () => {
    problemFields(await get('status?cursor=bm9uc2Vuc2U'), 'CURSOR_INVALID');
  });
});

describe('one call', () => {
  test('is told with its times, its verdict, what was said and what happened', async () => {
    const callId = await rig.calls.talk();
    const startedAtMs = ManualClock.START_MS;
    const turn = { speaker: 'callee', text: 'Yes.', startedAtMs, isInterrupted: false } as const;
    rig.calls.conversations.last.report({ type: 'turn.finished', turn });
    rig.calls.clock.advance(2_340);
    await rig.calls.end(callId);

    const { body } = await get(callId).expect(200);

    expect(body).toMatchObject({
      callId,
      status: 'completed',
      carrierCallId: 'leg-1',
      durationSeconds: 2.3,
      endReason: 'callee-hung-up',
      timings: { createdAt: START, answeredAt: START, endedAt: new Date(ManualClock.START_MS + 2_340).toISOString() },
      verdict: { reason: 'callee-hung-up', result: 'success', endedBy: 'callee' },
      usage: { responses: 0, costUsd: 0 },
      cost: { totalUsd: 0, aiUsd: 0, carrierUsd: null, items: [] },
      transcript: [{ startedAt: START, speaker: 'callee', text: 'Yes.', isInterrupted: false }],
      greeting: null,
      statusCallbackUrl: null,
    });
    const types = body.timeline.map((entry: { type: string }) => entry.type);
    expect(types).toEqual(expect.arrayContaining(['call.queued', 'call.completed', 'leg.down']));
    expect(types).not.toContain('turn.finished');
  });

  test('is found by its id in capitals too', async () => {
    const callId = await createdId();

    expect((await get(callId.toUpperCase()).expect(200)).body.callId).toBe(callId);
  });

  test.each([aCallId(99), 'x', '1', '%20', 'a'.repeat(1_000), '..%2f..%2fetc', 'status%00', '%F0%9F%91%8D'])(
    '%j is none',
    async (callId) => {
      problemFields(await get(callId), 'CALL_NOT_FOUND');
    },
  );

  test('an address that cannot be decoded is not blamed on a body', async () => {
    const answer = await get('%E0%A4%A');

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body.code).not.toBe('BODY_NOT_JSON');
  });
});

/** Every command, with a body that is right where it takes one. */
const COMMANDS: [command: string, body: object | undefined][] = [
  ['hangup', undefined],
  ['interrupt', undefined],
  ['say', { text: 'One moment.' }],
  ['instructions', { instructions: 'Be brief.' }],
  ['dtmf', { digits: '1' }],
  ['transfer', { to: '+12025550177' }],
];

describe('commands', () => {
  test('hangup answers with the call that is over', async () => {
    const callId = await createdId();

    const { body } = await post(`${callId}/hangup`).expect(200);

    expect(body).toMatchObject({ callId, status: 'canceled', endReason: 'api-canceled', endedAt: START });
  });

  test('interrupt says whether there was something to interrupt', async () => {
    const callId = await rig.calls.talk();
    const first = await post(`${callId}/interrupt`).expect(200);
    rig.calls.conversations.last.wasSpeaking = false;

    const second = await post(`${callId}/interrupt`).expect(200);

    expect(first.body).toMatchObject({ callId, status: 'in-progress', interrupted: true });
    expect(second.body.interrupted).toBe(false);
  });

  test.each(COMMANDS.filter(([command]) => command !== 'hangup'))(
    '%s of a call in conversation is taken',
    async (command, body) => {
      const answer = await post(`${await rig.calls.talk()}/${command}`).send(body);

      expect([200, 202]).toContain(answer.status);
      expect(answer.body).toMatchObject({ status: 'in-progress' });
    },
  );

  test.each(COMMANDS.filter(([command]) => command !== 'hangup' && command !== 'instructions'))(
    '%s of a call that is not answered is a conflict, and the answer says what the call must be',
    async (command, body) => {
      const answer = await post(`${await createdId()}/${command}`).send(body);

      problemFields(answer, 'CALL_STATE_CONFLICT');
      expect(answer.body.detail).toMatch(/initiated.*`in-progress`/);
    },
  );

  test('new instructions are taken while the phone rings, instead of the old ones or beside them', async () => {
    const callId = await createdId({ to: TO, instructions: 'Be polite.' });

    await post(`${callId}/instructions`).send({ instructions: 'Be brief.', mode: 'append' }).expect(200);
    const appended = (await get(callId)).body.instructions;
    await post(`${callId}/instructions`).send({ instructions: 'Be silent.' }).expect(200);

    expect(appended).toMatch(/^Be polite\.\s+Be brief\.$/);
    expect((await get(callId)).body.instructions).toBe('Be silent.');
  });

  test.each(COMMANDS)('%s of a call that is over is a conflict', async (command, body) => {
    const callId = await rig.calls.talk();
    await rig.calls.end(callId);

    problemFields(await post(`${callId}/${command}`).send(body), 'CALL_STATE_CONFLICT');
  });

  test.each(COMMANDS)('%s of no call says so', async (command, body) => {
    problemFields(await post(`${aCallId(99)}/${command}`).send(body), 'CALL_NOT_FOUND');
    problemFields(await post(`nonsense/${command}`).send(body), 'CALL_NOT_FOUND');
  });
});

test.each([
  ['GET', '/api'],
  ['POST', `/api/ai-calls/${aCallId(1)}/nothing`],
  ['GET', '/media-bridge'],
])('%s %s is no route', async (method, path) => {
  const answer = await request(rig.app)[method.toLowerCase() as 'get'](path);

  problemFields(answer, 'ROUTE_NOT_FOUND');
});

test.each([
  ['GET', '/api/ai-calls/create', 'POST'],
  ['PUT', '/api/ai-calls/create', 'POST'],
  ['DELETE', `/api/ai-calls/${aCallId(1)}`, 'GET, HEAD'],
  ['POST', `/api/ai-calls/${aCallId(1)}`, 'GET, HEAD'],
  ['GET', `/api/ai-calls/${aCallId(1)}/hangup`, 'POST'],
  ['HEAD', `/api/ai-calls/${aCallId(1)}/say`, 'POST'],
  ['POST', '/api/ai-calls/status', 'GET, HEAD'],
  ['POST', '/api/ai-calls/usage', 'GET, HEAD'],
  ['PATCH', '/api/ai-calls/live/', 'GET, HEAD'],
  ['GET', '/api/webhooks/telnyx', 'POST'],
  ['DELETE', '/.well-known/ai-calls', 'GET, HEAD, POST'],
  ['POST', '/health', 'GET, HEAD'],
  ['POST', '/ready', 'GET, HEAD'],
  ['POST', '/docs', 'GET, HEAD'],
  ['POST', '/', 'GET, HEAD'],
])('%s %s is not possible: %s is', async (method, path, allowed) => {
  const answer = await request(rig.app)[method.toLowerCase() as 'get'](path);

  expect(answer.status).toBe(405);
  expect(answer.headers['allow']).toBe(allowed);
  if (method !== 'HEAD') problemFields(answer, 'METHOD_NOT_ALLOWED');
});

test('OPTIONS tells the methods of a path', async () => {
  const answer = await request(rig.app).options('/api/ai-calls/create');

  expect(answer).toMatchObject({ status: 204, headers: { allow: 'POST' } });
});

test('strangers are not told which methods a path has', async () => {
  const answer = await request(new HttpRig({ apiKeys: ['a-key-of-16-characters'] }).app).get('/api/ai-calls/create');

  problemFields(answer, 'UNAUTHORIZED');
  expect(answer.headers['allow']).toBeUndefined();
});

test('answers reveal no framework and forbid sniffing', async () => {
  const { headers } = await get('status');

  expect(headers['x-powered-by']).toBeUndefined();
  expect(headers['x-content-type-options']).toBe('nosniff');
});
