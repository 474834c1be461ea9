// Whatever is wrong with a request, the answer is one that the OpenAPI document tells of for this route.

import supertest from 'supertest';
import { aCall } from '../../support/builders';
import { expectDescribed } from '../../support/described';
import { OPERATIONS } from '../../../src/http/openapi/operations';
import { HttpRig } from './http-rig';

const UNKNOWN = '5f0c8a52-6f0e-4d0a-9a52-1c7f7c1f2a10';
const KEY = 'a-key-of-16-characters';

type Sent = { readonly path?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };
type Answered = { readonly status: number; readonly code: string | undefined };

const METRICS = { contentType: 'text/plain; charset=utf-8', text: () => Promise.resolve('up 1\n') };

const locked = OPERATIONS.filter(({ access }) => access === 'key');
const withBody = OPERATIONS.filter(({ body }) => body !== undefined);
const withQuery = OPERATIONS.filter(({ query }) => query !== undefined);
const ofOneCall = OPERATIONS.filter(({ path }) => path.includes('{callId}'));

function named(operations: typeof OPERATIONS): [string][] {
  return operations.map(({ operationId }): [string] => [operationId]);
}

/** Sends a request to a route, checks that its answer is told of, and gives its status and code. */
async function send(rig: HttpRig, operationId: string, sent: Sent = {}): Promise<Answered> {
  const operation = OPERATIONS.find((each) => each.operationId === operationId)!;
  const { path = operation.path.replace('{callId}', UNKNOWN), headers = {}, body } = sent;
  const asked = supertest(rig.app)[operation.method](path).set(headers);
  const answer = await (body === undefined ? asked : asked.send(body));
  expectDescribed(operationId, { status: answer.status, type: answer.type, body: answer.body as unknown });
  return { status: answer.status, code: (answer.body as { readonly code?: string }).code };
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

test.each(named(locked))('%s without a key', async (operationId) => {
  const rig = new HttpRig({ apiKeys: [KEY], metrics: METRICS });

  expect(await send(rig, operationId)).toEqual({ status: 401, code: 'UNAUTHORIZED' });
});

test.each(named(locked))('%s through a tunnel', async (operationId) => {
  const rig = new HttpRig({ metrics: METRICS });

  const answer = await send(rig, operationId, { headers: { 'X-Forwarded-For': '203.0.113.7' } });

  expect(answer).toEqual({ status: 403, code: 'LOOPBACK_ONLY' });
});

describe.each(named(withBody))('%s', (operationId) => {
  const rig = new HttpRig();

  test.each<[string, Sent, string]>([
    [
      'with a body of no type',
      { headers: { 'Content-Type': 'text/plain' }, body: 'hello' },
      'MEDIA_TYPE_NOT_SUPPORTED',
    ],
    ['with half of a body', { headers: JSON_TYPE, body: '{"to":' }, 'BODY_NOT_JSON'],
    ['with a list', { headers: JSON_TYPE, body: '[]' }, 'VALIDATION_FAILED'],
    ['with a field of its own', { headers: JSON_TYPE, body: '{"x":1}' }, 'VALIDATION_FAILED'],
    ['with too much', { headers: JSON_TYPE, body: JSON.stringify({ x: 'y'.repeat(200_000) }) }, 'BODY_TOO_LARGE'],
  ])('%s', async (_, sent, code) => {
    expect((await send(rig, operationId, sent)).code).toBe(code);
  });
});

test.each(named(withQuery))('%s with an unknown word in its query', async (operationId) => {
  const rig = new HttpRig();
  const { path } = OPERATIONS.find((each) => each.operationId === operationId)!;

  const answer = await send(rig, operationId, { path: `${path.replace('{callId}', UNKNOWN)}?nonce=1&x=1` });

  expect(answer.code).toBe('VALIDATION_FAILED');
});

test.each(named(ofOneCall))('%s of a call that nobody knows', async (operationId) => {
  const rig = new HttpRig();
  const { body, examples = {} } = OPERATIONS.find((each) => each.operationId === operationId)!;
  const sent = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(Object.values(examples)[0]) };

  expect((await send(rig, operationId, sent)).code).toBe('CALL_NOT_FOUND');
});

test.each(named(ofOneCall))('%s with an id that cannot be decoded', async (operationId) => {
  const { path } = OPERATIONS.find((each) => each.operationId === operationId)!;

  const answer = await send(new HttpRig(), operationId, { path: path.replace('{callId}', '%ff') });

  expect(answer.code).toBe('ROUTE_NOT_FOUND');
});

test.each([['watchCalls'], ['getUsage'], ['getTranscript'], ['getEvents']])('%s as a picture', async (operationId) => {
  const rig = new HttpRig();
  const callId = await rig.record(aCall());
  const { path } = OPERATIONS.find((each) => each.operationId === operationId)!;

  const answer = await send(rig, operationId, {
    path: path.replace('{callId}', callId),
    headers: { Accept: 'image/png' },
  });

  expect(answer.code).toBe('NOT_ACCEPTABLE');
});
