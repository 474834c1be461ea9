// Every way to ask wrongly for a call: it is refused, the field is named, and nothing is dialled.

import fc from 'fast-check';
import request from 'supertest';
import { HttpRig, problemFields } from './http-rig';

const TO = '+12025550123';

let rig: HttpRig;

beforeEach(() => {
  rig = new HttpRig();
});

afterEach(() => {
  expect(rig.calls.log.at('error')).toEqual([]);
});

function create(body: string | object): request.Test {
  return request(rig.app)
    .post('/api/ai-calls/create')
    .set('Content-Type', 'application/json')
    .send(typeof body === 'string' ? body : JSON.stringify(body));
}

describe('a field that is wrong is named', () => {
  test.each<[string, object, string]>([
    ['a missing destination', {}, 'to'],
    ['an empty destination', { to: '' }, 'to'],
    ['a destination of spaces', { to: '   ' }, 'to'],
    ['a destination that is a number', { to: 12025550123 }, 'to'],
    ['a destination that is null', { to: null }, 'to'],
    ['a destination that is a list', { to: [TO] }, 'to'],
    ['a destination that is an object', { to: { e164: TO } }, 'to'],
    ['a destination without plus', { to: '12025550123' }, 'to'],
    ['a national number', { to: '(202) 555-0123' }, 'to'],
    ['a destination with a zero in front', { to: '+02025550123' }, 'to'],
    ['a destination that is too short', { to: '+12345' }, 'to'],
    ['a destination that is too long', { to: '+1234567890123456' }, 'to'],
    ['a destination with an extension', { to: `${TO},200` }, 'to'],
    ['a destination with a line break', { to: `${TO}\n` }, 'to'],
    ['a destination in Arabic digits', { to: '+١٢٠٢٥٥٥٠١٢٣' }, 'to'],
    ['a destination that is a SIP address', { to: 'sip:someone@example.com' }, 'to'],
    ['a number that does not exist', { to: '+10005550123' }, 'to'],
    ['a number that calls itself', { to: '+12025550100' }, 'to'],
    ['a caller id that is not E.164', { to: TO, from: 'Anna' }, 'from'],
    ['a caller id that does not exist', { to: TO, from: '+10005550123' }, 'from'],
    ['a caller id that is null', { to: TO, from: null }, 'from'],
    ['empty instructions', { to: TO, instructions: '' }, 'instructions'],
    ['blank instructions', { to: TO, instructions: ' \n\t ' }, 'instructions'],
    ['instructions of another type', { to: TO, instructions: 5 }, 'instructions'],
    ['instructions that are too long', { to: TO, instructions: 'a'.repeat(16_001) }, 'instructions'],
    ['an empty greeting', { to: TO, greeting: '' }, 'greeting'],
    ['a greeting that is too long', { to: TO, greeting: 'a'.repeat(1_001) }, 'greeting'],
    ['an unknown voice', { to: TO, voice: 'robot' }, 'voice'],
    ['a voice of another type', { to: TO, voice: {} }, 'voice'],
    ['a duration that is too short', { to: TO, maxDurationSeconds: 9 }, 'maxDurationSeconds'],
    ['a duration that is too long', { to: TO, maxDurationSeconds: 14_341 }, 'maxDurationSeconds'],
    ['a duration that is not whole', { to: TO, maxDurationSeconds: 60.5 }, 'maxDurationSeconds'],
    ['a duration in words', { to: TO, maxDurationSeconds: '60' }, 'maxDurationSeconds'],
    ['a negative duration', { to: TO, maxDurationSeconds: -60 }, 'maxDurationSeconds'],
    ['metadata that is a list', { to: TO, metadata: ['a'] }, 'metadata'],
    ['metadata that is text', { to: TO, metadata: 'a' }, 'metadata'],
    ['metadata with a number', { to: TO, metadata: { order: 17 } }, 'metadata.order'],
    ['metadata with depth', { to: TO, metadata: { order: { id: '17' } } }, 'metadata.order'],
    ['metadata with a long value', { to: TO, metadata: { order: 'a'.repeat(501) } }, 'metadata.order'],
    ['metadata with many keys', { to: TO, metadata: manyKeys(21) }, 'metadata'],
    ['a cost of nothing', { to: TO, maxCostUsd: 0 }, 'maxCostUsd'],
    ['a negative cost', { to: TO, maxCostUsd: -1 }, 'maxCostUsd'],
    ['a cost that nobody means', { to: TO, maxCostUsd: 1_000.01 }, 'maxCostUsd'],
    ['a cost in words', { to: TO, maxCostUsd: '2.50' }, 'maxCostUsd'],
    ['a cost without a value', { to: TO, maxCostUsd: null }, 'maxCostUsd'],
    ['a wish for a recording in words', { to: TO, record: 'yes' }, 'record'],
    ['a wish for a recording as a number', { to: TO, record: 1 }, 'record'],
    ['an address that is not one', { to: TO, statusCallbackUrl: 'nowhere' }, 'statusCallbackUrl'],
    ['an address of another protocol', { to: TO, statusCallbackUrl: 'ftp://example.com' }, 'statusCallbackUrl'],
    ['a script as address', { to: TO, statusCallbackUrl: 'javascript:alert(1)' }, 'statusCallbackUrl'],
    [
      'an address that is too long',
      { to: TO, statusCallbackUrl: `https://a.example/${'a'.repeat(2_000)}` },
      'statusCallbackUrl',
    ],
    ['an unknown field', { to: TO, toNumber: TO }, 'toNumber'],
    ['a field in other letters', { To: TO, to: TO }, 'To'],
    ['an unknown field with a long name', { to: TO, ['x'.repeat(500)]: 1 }, `${'x'.repeat(79)}…`],
  ])('%s', async (_what, body, field) => {
    const answer = await create(body);

    expect(problemFields(answer, 'VALIDATION_FAILED')).toContain(field);
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test('and so is each of several', async () => {
    const answer = await create({ voice: 'robot', maxDurationSeconds: 1, extra: true });

    expect(problemFields(answer, 'VALIDATION_FAILED').sort()).toEqual(['extra', 'maxDurationSeconds', 'to', 'voice']);
  });

  test('a metadata key that is too long is named, shortened', async () => {
    const answer = await create({ to: TO, metadata: { ['k'.repeat(200)]: 'v' } });

    const [field] = problemFields(answer, 'VALIDATION_FAILED');
    expect(field).toMatch(/^metadata\.k+…$/);
    expect(JSON.stringify(answer.body)).toContain('40 characters');
  });
});

describe('a body that is none', () => {
  test.each<[string, string, string]>([
    ['JSON that is broken', '{"to": ', 'BODY_NOT_JSON'],
    ['no JSON at all', 'to=+12025550123', 'BODY_NOT_JSON'],
    ['text in JSON', '"+12025550123"', 'BODY_NOT_JSON'],
    ['a number in JSON', '17', 'BODY_NOT_JSON'],
    ['null', 'null', 'BODY_NOT_JSON'],
    ['two objects', '{"to":"+12025550123"}{}', 'BODY_NOT_JSON'],
    ['an array', '[{"to":"+12025550123"}]', 'VALIDATION_FAILED'],
    ['an empty array', '[]', 'VALIDATION_FAILED'],
    ['an empty object', '{}', 'VALIDATION_FAILED'],
    ['nothing', '', 'VALIDATION_FAILED'],
  ])('%s', async (_what, body, code) => {
    const answer = await create(body);

    problemFields(answer, code as 'BODY_NOT_JSON');
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test('a body that is too large', async () => {
    problemFields(await create({ to: TO, instructions: 'a'.repeat(200_000) }), 'BODY_TOO_LARGE');
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    '',
  ])('a body of the type %j', async (type) => {
    const answer = await request(rig.app)
      .post('/api/ai-calls/create')
      .set('Content-Type', type)
      .serialize(String)
      .send('{"to":"+12025550123"}');

    problemFields(answer, 'MEDIA_TYPE_NOT_SUPPORTED');
  });

  test('a body in an encoding that nobody knows', async () => {
    const answer = await create({ to: TO }).set('Content-Encoding', 'snappy');

    problemFields(answer, 'MEDIA_TYPE_NOT_SUPPORTED');
  });

  test('a body that says it is compressed and is not', async () => {
    const answer = await create({ to: TO }).set('Content-Encoding', 'gzip');

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  test('no body and no type', async () => {
    problemFields(await request(rig.app).post('/api/ai-calls/create'), 'MEDIA_TYPE_NOT_SUPPORTED');
  });
});

describe('what could do harm', () => {
  test.each([
    ['__proto__', '{"to":"+12025550123","__proto__":{"from":"+12025550199"}}'],
    ['constructor', '{"to":"+12025550123","constructor":{"prototype":{}}}'],
    ['toString', '{"to":"+12025550123","toString":"x"}'],
  ])('the key %s is no way in', async (key, body) => {
    const answer = await create(body);

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual([key]);
    expect(({} as Record<string, unknown>)['from']).toBeUndefined();
  });

  test('a prototype in the metadata stays there or is refused', async () => {
    const answer = await create('{"to":"+12025550123","metadata":{"__proto__":"x","a":"b"}}');

    expect([201, 400]).toContain(answer.status);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  test('a body nested ten thousand deep is refused', async () => {
    const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;

    const answer = await create(`{"to":"+12025550123","metadata":${deep}}`);

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['metadata.a']);
  });

  test('nothing that was sent comes back in the text of the problem', async () => {
    const answer = await create({ to: 'canary-number', voice: 'canary-voice', instructions: 17 });

    expect(JSON.stringify(answer.body)).not.toContain('canary');
  });

  test.each(['\u0000', '\ud800', '‮', '👩‍👩‍👧'.repeat(100)])(
    'odd text %# is taken or refused, never an error',
    async (text) => {
      const answer = await create({ to: TO, instructions: `a${text}`, greeting: text, metadata: { [text]: text } });

      expect([201, 400]).toContain(answer.status);
    },
  );

  test('no JSON whatever makes the server fail', async () => {
    const anything = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc
        .record({ to: fc.anything(), from: fc.anything(), metadata: fc.anything() })
        .map((body) => JSON.stringify(body)),
      fc.dictionary(fc.string(), fc.jsonValue()).map((body) => JSON.stringify(body)),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (body) => {
        const answer = await create(body);

        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
        expect(answer.type).toBe('application/problem+json');
      }),
      { numRuns: 60 },
    );
  });
});

describe('an Idempotency-Key', () => {
  test.each(['', ' ', 'with space', 'a'.repeat(201), 'grüße'])('that is %j is refused by name', async (key) => {
    const answer = await create({ to: TO }).set('Idempotency-Key', Buffer.from(key).toString('latin1'));

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['Idempotency-Key']);
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test('that was used for another request is refused', async () => {
    await create({ to: TO }).set('Idempotency-Key', 'key-1').expect(201);

    const answer = await create({ to: TO, greeting: 'Hello.' }).set('Idempotency-Key', 'key-1');

    problemFields(answer, 'IDEMPOTENCY_KEY_REUSED');
    expect(rig.calls.carrier.dials).toHaveLength(1);
  });
});

function manyKeys(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'value']));
}
