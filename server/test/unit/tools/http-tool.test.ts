// HTTP tools against a real server on this machine.

import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpToolDefinition } from '../../../src/calls/behaviour';
import { httpToolSchema } from '../../../src/calls/tool-schema';
import { httpTool, type HttpToolDeps, MAX_ANSWER_BYTES } from '../../../src/tools/http-tool';
import type { ToolFailure } from '../../../src/tools/tool';
import { aCallId } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';
import { aRig, aToolCall } from './tool-rig';

type Received = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: string };

let server: Server;
let url: string;
let port: number;
let received: Received[];
/** What the next requests get; the last one stays. */
let answers: ((response: ServerResponse) => void)[];
let clock: ManualClock;
let aborting: AbortController;

beforeEach(async () => {
  received = [];
  answers = [json(200, { price: 12 })];
  clock = new ManualClock();
  aborting = new AbortController();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, headers } = request;
      received.push({ method, url: request.url, headers, body: Buffer.concat(chunks).toString() });
      const next = answers.length > 1 ? answers.shift() : answers[0];
      next!(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  ({ port } = server.address() as AddressInfo);
  url = `http://127.0.0.1:${port}/orders`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

function json(status: number, body: unknown) {
  return answer(status, 'application/json; charset=utf-8', JSON.stringify(body));
}

function answer(status: number, type: string | undefined, body: string | Buffer) {
  return (response: ServerResponse) => {
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body);
  };
}

const hangUp = (response: ServerResponse) => response.destroy();

function definition(changes: object = {}): HttpToolDefinition {
  return httpToolSchema.parse({ name: 'find_order', description: 'Finds an order.', url, ...changes });
}

function run(changes: object = {}, { args = {}, ...deps }: Partial<HttpToolDeps> & { args?: object } = {}) {
  const tool = httpTool(definition(changes), {
    callId: aCallId(),
    clock,
    secrets: {},
    allowsPrivateUrls: true,
    ...deps,
  });
  return tool.run(args, { toolCallId: 'use-1', responseId: 'response-a', signal: aborting.signal });
}

/** What the model is told of a use that it asks for. */
async function outputOf(changes: object, args: object): Promise<unknown> {
  const deps = { callId: aCallId(), clock, secrets: {}, allowsPrivateUrls: true };
  const { runner, line } = aRig(httpTool(definition(changes), deps));
  const call = aToolCall({ name: 'find_order', argumentsJson: JSON.stringify(args) });
  runner.run(call);
  await until(() => line.answers.length > 0);
  return line.outputOf(call.toolCallId);
}

async function failureOf(result: Promise<unknown>): Promise<ToolFailure> {
  return (await result.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => error,
  )) as ToolFailure;
}

test('sends the arguments as JSON, and gives back the JSON of the answer', async () => {
  expect(await run({}, { args: { id: 'ä', lines: [1, 2] } })).toEqual({ price: 12 });

  expect(received).toMatchObject([
    {
      method: 'POST',
      url: '/orders',
      body: '{"id":"ä","lines":[1,2]}',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'ai-calls',
        'x-ai-calls-call-id': aCallId(),
        'idempotency-key': 'use-1',
      },
    },
  ]);
  expect(received[0]!.headers).not.toHaveProperty('webhook-signature');
});

test.each(['PUT', 'PATCH'])('%s has a body, too', async (method) => {
  await run({ method }, { args: { id: 1 } });

  expect(received).toMatchObject([{ method, url: '/orders', body: '{"id":1}' }]);
});

test.each(['GET', 'DELETE'])('%s has its arguments in the query', async (method) => {
  const args = { id: 'a&b=c', lines: [1, 2], deep: { x: true }, none: null };

  await run({ method, url: `${url}?shop=7` }, { args });

  expect(received).toMatchObject([{ method, body: '' }]);
  const query = new URL(received[0]!.url!, url).searchParams;
  expect([...query]).toEqual([
    ['shop', '7'],
    ['id', 'a&b=c'],
    ['lines', '1'],
    ['lines', '2'],
    ['deep', '{"x":true}'],
  ]);
});

test.each([
  ['GET', 'shop'],
  ['DELETE', 'shop'],
  ['GET', 'Shop'],
  ['GET', 'shop[]'],
  ['GET', 'page'],
])('a %s refuses an argument %s, which its URL has already', async (method, name) => {
  const parameters = { type: 'object', properties: { [name]: {} }, additionalProperties: true };

  const output = await outputOf({ method, parameters, url: `${url}?shop=7&page[size]=5` }, { id: 1, [name]: '8' });

  expect(output).toEqual({
    status: 'error',
    reason: 'bad-arguments',
    message: `The arguments are wrong: ${name}: is fixed for this tool: leave it out`,
  });
  expect(received).toEqual([]);
});

test('a GET takes arguments beside those of its URL', async () => {
  const parameters = { type: 'object', properties: { 'page[number]': {}, shops: {} } };
  const tool = { method: 'GET', parameters, url: `${url}?shop=7&page[size]=5` };

  expect(await outputOf(tool, { 'page[number]': 2, shops: 'x' })).toMatchObject({ status: 'ok' });

  const query = new URL(received[0]!.url!, url).searchParams;
  expect([...query.keys()]).toEqual(['shop', 'page[size]', 'page[number]', 'shops']);
});

test('an argument of a body may be named like a part of the query', async () => {
  const parameters = { type: 'object', properties: { shop: { type: 'string' } } };

  expect(await outputOf({ parameters, url: `${url}?shop=7` }, { shop: '8' })).toMatchObject({ status: 'ok' });

  expect(received).toMatchObject([{ url: '/orders?shop=7', body: '{"shop":"8"}' }]);
});

test.each(['GET', 'POST'])('a %s does not send an argument that is no parameter', async (method) => {
  const parameters = { type: 'object', properties: { id: { type: 'string' } } };

  const output = await outputOf({ method, parameters }, { id: 'A-17', isAdmin: true });

  expect(output).toMatchObject({ reason: 'bad-arguments', message: expect.stringContaining('isAdmin') as string });
  expect(received).toEqual([]);
});

test("the user's headers are sent with their secrets filled in, and cannot replace ours", async () => {
  const headers = { Authorization: 'Bearer ${TOOL_KEY}', 'X-Shop': '7', 'Idempotency-Key': 'x', 'User-Agent': 'shop' };

  await run({ headers }, { secrets: { TOOL_KEY: 'se${TOOL_KEY}cret' } });

  expect(received[0]!.headers).toMatchObject({
    authorization: 'Bearer se${TOOL_KEY}cret',
    'x-shop': '7',
    'idempotency-key': 'use-1',
    'user-agent': 'shop',
  });
});

test('without its secret nothing is sent', async () => {
  const failure = await failureOf(run({ headers: { Authorization: '${TOOL_KEY}' } }));

  expect(failure).toMatchObject({ name: 'ToolFailure', message: expect.stringContaining('TOOL_KEY') as string });
  expect(received).toEqual([]);
});

test.each([
  ['a plain secret', 'sixteen-characters', Buffer.from('sixteen-characters')],
  ['a secret in base64', `whsec_${Buffer.from('some bytes').toString('base64')}`, Buffer.from('some bytes')],
])('signs with %s what it sends', async (_, signingSecret, key) => {
  await run({}, { args: { id: 1 }, signingSecret });

  const timestamp = String(ManualClock.START_MS / 1_000);
  const mac = createHmac('sha256', key).update(`use-1.${timestamp}.${received[0]!.body}`).digest('base64');
  expect(received[0]!.headers).toMatchObject({
    'webhook-id': 'use-1',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac}`,
  });
});

test.each([
  ['GET', '/orders', {}, '/orders'],
  ['DELETE', '/orders?shop=7#top', { id: 'ä b&c' }, '/orders?shop=7&id=%C3%A4+b%26c'],
  ['GET', '/a%20b|"c"/../ü?#top', {}, '/%C3%BC'],
  ['GET', "/x?q='[]|&e=%41", { n: [1, '*'] }, undefined],
])('signs what a %s of %s asks for', async (method, target, args, asked) => {
  await run({ method, url: `http://127.0.0.1:${port}${target}` }, { args, signingSecret: 'sixteen-characters' });

  const { url: path, headers, body } = received[0]!;
  const timestamp = String(ManualClock.START_MS / 1_000);
  const content = `use-1.${timestamp}.${method} http://${headers.host}${path}`;
  const mac = createHmac('sha256', 'sixteen-characters').update(content).digest('base64');
  expect({ path, body }).toEqual({ path: asked ?? path, body: '' });
  expect(headers['webhook-signature']).toBe(`v1,${mac}`);
});

test.each([
  ['text', 'text/plain', '12 dollars', '12 dollars'],
  ['text that looks like JSON', 'text/plain', '012', '012'],
  ['JSON of a special type', 'application/problem+json', '{"a":1}', { a: 1 }],
  ['JSON without a type', undefined, '[1]', [1]],
  ['something that is only called JSON', 'application/json', '{price', '{price'],
  ['nothing', 'application/json', '', null],
])('understands %s', async (_, type, body, result) => {
  answers = [answer(200, type, body)];

  expect(await run()).toEqual(result);
});

test('an answer that is neither JSON nor text is a failure', async () => {
  answers = [answer(200, 'image/png', Buffer.from([137, 80]))];

  expect(await failureOf(run())).toMatchObject({ message: expect.stringMatching(/neither JSON nor text/) as string });
});

test('a failure has the status and the beginning of what the server says', async () => {
  answers = [answer(422, 'text/plain', `canary ${'x'.repeat(1_000)}`)];

  const failure = await failureOf(run());

  expect(failure.message).toBe('The server answered with HTTP status 422.');
  expect(failure.details).toEqual({ httpStatus: 422, body: `canary ${'x'.repeat(493)}` });
});

test('a redirect is a failure, and is not followed', async () => {
  answers = [(response) => response.writeHead(307, { location: `${url}/elsewhere` }).end()];

  expect(await failureOf(run())).toMatchObject({ details: { httpStatus: 307 } });
  expect(received.map((request) => request.url)).toEqual(['/orders']);
});

test('an answer may be long, but not without end', async () => {
  answers = [answer(200, 'text/plain', 'x'.repeat(MAX_ANSWER_BYTES)), answer(200, 'text/plain', 'x'.repeat(300_000))];

  expect(await run({ method: 'GET' })).toHaveLength(MAX_ANSWER_BYTES);
  expect(await failureOf(run({ method: 'GET' }))).toMatchObject({
    message: expect.stringMatching(/too long/) as string,
  });
  expect(received).toHaveLength(2);
});

test.each([
  ['500', json(500, {})],
  ['408', json(408, {})],
  ['429', json(429, {})],
  ['a lost connection', hangUp],
])('a GET is tried again after %s', async (_, failing) => {
  answers = [failing, failing, json(200, 'found')];

  const result = run({ method: 'GET' });
  await until(() => clock.pendingTimers === 1);
  await clock.advanceAsync(250);
  await until(() => clock.pendingTimers === 1);
  await clock.advanceAsync(499);
  expect(received).toHaveLength(2);
  await clock.advanceAsync(1);

  expect(await result).toBe('found');
  expect(received.map(({ headers }) => headers['idempotency-key'])).toEqual(['use-1', 'use-1', 'use-1']);
});

test('a GET is given up after three tries', async () => {
  answers = [json(503, {})];

  const result = failureOf(run({ method: 'GET' }));
  for (const delayMs of [250, 500]) {
    await until(() => clock.pendingTimers === 1);
    await clock.advanceAsync(delayMs);
  }

  expect(await result).toMatchObject({ details: { httpStatus: 503 } });
  expect(received).toHaveLength(3);
});

test.each([400, 401, 404, 302])('a GET that gets %i would get the same again', async (status) => {
  answers = [json(status, {})];

  expect(await failureOf(run({ method: 'GET' }))).toMatchObject({ details: { httpStatus: status } });
  expect(received).toHaveLength(1);
  expect(clock.pendingTimers).toBe(0);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is never repeated, whatever happens', async (method) => {
  answers = [json(503, {}), hangUp];

  await failureOf(run({ method }));
  const failure = await failureOf(run({ method }));

  expect(failure.message).toBe('The server of this tool could not be reached.');
  expect(received).toHaveLength(2);
  expect(clock.pendingTimers).toBe(0);
});

test('the request ends with the time of the tool', async () => {
  let isGone = false;
  answers = [(response) => response.on('close', () => (isGone = true))];

  const result = failureOf(run({ method: 'GET' }));
  await until(() => received.length === 1);
  aborting.abort();

  await result;
  await until(() => isGone);
  expect(clock.pendingTimers).toBe(0);
});

test('the time may run out in the middle of an answer', async () => {
  answers = [(response) => response.writeHead(200, { 'content-type': 'text/plain' }).write('x')];

  const result = failureOf(run());
  await until(() => received.length === 1);
  aborting.abort();

  expect(await result).toBeInstanceOf(Error);
});

test('no further try is made when the time runs out between two', async () => {
  answers = [json(503, {})];

  const result = failureOf(run({ method: 'GET' }));
  await until(() => clock.pendingTimers === 1);
  aborting.abort();
  await clock.advanceAsync(1_000);

  await result;
  expect(received).toHaveLength(1);
});

test.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])(
  '%s is refused, unless private ones are allowed',
  async (host) => {
    const target = { method: 'GET', url: `http://${host}:${port}/orders` };

    const failure = await failureOf(run(target, { allowsPrivateUrls: false }));

    expect(failure).toMatchObject({ name: 'ToolFailure', message: 'The address of this tool is not allowed.' });
    expect(received).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    if (host !== '[::ffff:127.0.0.1]') expect(await run(target)).toEqual({ price: 12 });
  },
);

test('proxies of the environment are not used: they would look up the name past the guard', async () => {
  process.env['http_proxy'] = 'http://127.0.0.1:9';
  try {
    expect(await run()).toEqual({ price: 12 });
  } finally {
    delete process.env['http_proxy'];
  }
});

test('is the tool of its definition', () => {
  const parameters = { type: 'object', properties: { id: { type: 'string', pattern: '^[A-Z]+$' } }, required: ['id'] };
  const deps = { callId: aCallId(), clock, secrets: {}, allowsPrivateUrls: true };

  expect(
    httpTool(definition({ parameters, timeoutMs: 700, whileRunning: 'wait', filler: 'Wait.' }), deps),
  ).toMatchObject({
    name: 'find_order',
    description: 'Finds an order.',
    jsonSchema: { ...parameters, additionalProperties: false },
    timeoutMs: 700,
    whileRunning: 'wait',
    filler: { words: 'Wait.' },
    resultIsSpoken: true,
  });
  expect(httpTool(definition(), deps).filler).toBe('own-words');
});
