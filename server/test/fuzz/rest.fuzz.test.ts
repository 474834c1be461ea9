// Any request to the REST API, however it is meant: the answer is one of the catalogue, never a 500, and tells nothing
// of what was sent.

import fc from 'fast-check';
import { PROBLEMS } from '../../src/http/problem';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { FuzzBridge } from './fuzz-bridge';
import { CANARY, encoded, type Json, jsonText, mutated, oddText } from './hostile-values';
import { type RawAnswer, sendRaw } from './raw-http';

let fuzz: FuzzBridge;
/** A call that goes on, and one that is over. */
let callIds: readonly string[];

beforeAll(async () => {
  fuzz = await FuzzBridge.start({ env: { CALLS_PER_SECOND: '1000' } });
  // Whoever is called by a request that is sound after all is not there.
  fuzz.bridge.telnyx.setDefaultScript({ outcome: 'no-answer', ringMs: 100 });
  fuzz.bridge.telnyx.script('+12025550123', { ringMs: 0 });
  const over = await fuzz.bridge.place();
  await fuzz.bridge.entry(over, 'greeting.started');
  await fuzz.bridge.request('POST', `/api/ai-calls/${over}/hangup`);
  await fuzz.bridge.ended(over);
  const live = await fuzz.bridge.place({ opening: 'silent' });
  await fuzz.bridge.entry(live, 'stream.started');
  callIds = [live, over];
}, 30_000);

afterAll(async () => {
  await fuzz.close();
  tellCounts();
}, 30_000);

const TOOL: Json = {
  name: 'find_order',
  description: 'Finds an order.',
  url: 'https://tools.example.com/orders',
  method: 'POST',
  headers: { 'x-key': 'value' },
  parameters: {
    type: 'object',
    properties: { id: { type: 'string', enum: ['a', 'b'] }, list: { type: 'array', items: { type: 'number' } } },
    required: ['id'],
  },
};

const CREATE: Json = {
  to: '+12025550150',
  from: '+12025550100',
  instructions: 'Be kind.',
  voice: 'marin',
  greeting: 'Hello.',
  maxDurationSeconds: 60,
  metadata: { order: 'A-17' },
  statusCallbackUrl: 'https://callbacks.example.com/calls',
  maxCostUsd: 1,
  record: false,
  opening: 'greet',
  answeringMachine: 'leave-message',
  voicemailMessage: 'Call us back.',
  turnDetection: { type: 'server-vad', threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 },
  builtInTools: ['end_call'],
  tools: [TOOL],
  transferTargets: [{ name: 'sales', to: '+12025550151', description: 'For orders.' }],
};

const SAY: Json = { text: 'Hello.', when: 'now', protect: false };

const BODIES: fc.Arbitrary<Json> = fc.constantFrom<Json>(
  CREATE,
  CREATE,
  CREATE,
  { to: '+12025550150', tools: [TOOL] },
  SAY,
  { instructions: 'Be kind.', mode: 'append' },
  { digits: '12#w' },
  { to: '+12025550151', announcement: 'One moment.' },
  [],
  null,
);

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'];

const COMMANDS = [
  'hangup',
  'interrupt',
  'say',
  'instructions',
  'dtmf',
  'transfer',
  'events',
  'transcript',
  'recording',
];

const FIXED_PATHS = [
  '/api/ai-calls/create',
  '/api/ai-calls/status',
  '/api/ai-calls/usage',
  '/api/webhooks/telnyx',
  '/health',
  '/ready',
  '/metrics',
  '/media-bridge',
  '/openapi.json',
  '/docs/',
  '/',
];

/** Text as it may stand in a request line or a header. */
function onOneLine(text: string): string {
  return text.replace(/[\r\n\0]/g, '').slice(0, 2_000);
}

const odd = oddText();

const someCall = fc.oneof(
  fc.nat(1).map((index) => callIds[index]!),
  fc.constantFrom('00000000-0000-4000-8000-000000000000', '..', '%2e%2e', '%', '%00', '%zz', '__proto__', 'create'),
  odd.map(encoded),
);

const path = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...FIXED_PATHS) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(someCall, fc.constantFrom('', ...COMMANDS))
      .map(([id, command]) => `/api/ai-calls/${id}/${command}`),
  },
  { weight: 1, arbitrary: odd.map((text) => `/${encoded(text)}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/docs/../../package.json',
      '/docs/%2e%2e%2f%2e%2e%2fpackage.json',
      '//api//ai-calls//create',
      '/api/ai-calls/status/..%5c..',
      'http://elsewhere.example.com/health',
      '*',
    ),
  },
);

const QUERY_NAMES = [
  'status',
  'to',
  'since',
  'until',
  'limit',
  'cursor',
  'after',
  'format',
  '__proto__',
  'a[b]',
  'to[]',
];

const QUERY_VALUES = [
  'json',
  'csv',
  'text',
  '1',
  '0',
  '1e999',
  '-1',
  '2026-01-31',
  '2026-01-31T09:00:00Z',
  '+12025550123',
  'completed',
];

const query = fc
  .array(fc.tuple(fc.constantFrom(...QUERY_NAMES), fc.oneof(fc.constantFrom(...QUERY_VALUES), odd.map(encoded))), {
    maxLength: 3,
  })
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`));

const HEADER_VALUES = [
  '0',
  '1',
  '-5',
  '99999999999999999999',
  'bytes=0-',
  'bytes=5-1,2',
  'bytes=-0',
  '*/*;q=2',
  'text/csv',
  'text/event-stream',
  'q=1;;,',
  '"x"',
];

const header = fc
  .tuple(
    fc.constantFrom(
      'Accept',
      'Range',
      'Last-Event-ID',
      'Idempotency-Key',
      'Authorization',
      'If-None-Match',
      'If-Range',
      'Expect',
      'Cookie',
      'X-Forwarded-For',
      'Origin',
      'telnyx-timestamp',
      'telnyx-signature-ed25519',
      'Accept-Encoding',
      'Upgrade',
      'TE',
    ),
    fc.oneof(fc.constantFrom(...HEADER_VALUES), odd.map(onOneLine)),
  )
  .map(([name, value]) => `${name}: ${value}`);

const contentType = fc.constantFrom(
  'application/json',
  'application/json',
  'application/json',
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-7',
  'application/json; charset=iso-8859-1',
  'application/json; charset="',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  `application/${CANARY}`,
);

const encoding = fc.constantFrom(
  '',
  '',
  '',
  '',
  'Content-Encoding: gzip\r\n',
  'Content-Encoding: br\r\n',
  'Content-Encoding: x\r\n',
);

/** How long a body is said to be, and how it is sent. */
const framing = fc.constantFrom('honest', 'honest', 'honest', 'honest', 'chunked', 'too-long', 'too-short', 'none');

function framed(body: string, how: string): { readonly head: string; readonly bytes: Buffer } {
  const bytes = Buffer.from(body);
  const length = (count: number): string => `Content-Length: ${Math.max(0, count)}\r\n`;
  if (how === 'none') return { head: '', bytes: Buffer.alloc(0) };
  if (how === 'too-short') return { head: length(bytes.length - 7), bytes };
  if (how === 'too-long') return { head: length(bytes.length + 9), bytes };
  if (how === 'honest') return { head: length(bytes.length), bytes };
  const chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')]);
  return { head: 'Transfer-Encoding: chunked\r\n', bytes: bytes.length === 0 ? Buffer.from('0\r\n\r\n') : chunk };
}

const wild = fc.record({
  method: fc.oneof(
    { weight: 3, arbitrary: fc.constant('POST') },
    { weight: 3, arbitrary: fc.constantFrom(...METHODS) },
  ),
  path,
  query,
  headers: fc.array(header, { maxLength: 3 }),
  contentType,
  encoding,
  body: jsonText(mutated(BODIES)),
  how: framing,
});

/** Sound in everything but what the body says. */
const aimed = fc
  .constantFrom<[string, Json]>(
    ['/api/ai-calls/create', CREATE],
    ['/api/ai-calls/create', CREATE],
    ['/api/ai-calls/create', CREATE],
    ['say', SAY],
    ['instructions', { instructions: 'Be kind.', mode: 'append' }],
    ['dtmf', { digits: '12#w' }],
    ['transfer', { to: '+12025550151', announcement: 'One moment.' }],
  )
  .chain(([to, sound]) =>
    fc.record({
      method: fc.constant('POST'),
      path: to.startsWith('/') ? fc.constant(to) : fc.nat(1).map((index) => `/api/ai-calls/${callIds[index]}/${to}`),
      query: fc.constant(''),
      headers: fc.array(header, { maxLength: 1 }),
      contentType: fc.constant('application/json'),
      encoding: fc.constant(''),
      body: jsonText(mutated(fc.constant(sound))),
      how: fc.constantFrom('honest', 'chunked'),
    }),
  );

/** Statuses with which the HTTP parser itself answers, with nothing more to say. */
const BARE = [400, 408, 413, 414, 417, 431];

function expectSoundAnswer({ status, head, body }: RawAnswer, method: string): void {
  expect(status === 0 || (status >= 200 && status < 599)).toBe(true);
  expect(status).not.toBe(500);
  expect(head).not.toContain(CANARY);
  expect(head).not.toContain('x-powered-by');
  if (status < 400 && status !== 0) return;
  expect(body).not.toContain(CANARY);
  expect(body).not.toMatch(/\bat .+:\d+:\d+|node_modules/);
  if (status === 0 || method === 'HEAD' || (BARE.includes(status) && !head.includes('content-type:'))) return;
  if (status === 401 && head.includes('content-length: 0')) return;
  if (status === 426) return;
  // The page says so when it was not built.
  if (status === 503 && head.includes('content-type: text/plain')) return;
  expect(head).toContain('application/problem+json');
  const problem = JSON.parse(body) as { readonly code: keyof typeof PROBLEMS; readonly status: number };
  expect(Object.keys(PROBLEMS)).toContain(problem.code);
  expect(problem.status).toBe(status);
  expect(status).toBe(PROBLEMS[problem.code].status);
}

test(
  'any request has an answer of the catalogue, and leaves nothing behind',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(wild, aimed), async ({ method, path: target, query: search, headers, ...rest }) => {
        countRun('REST requests');
        const { head, bytes } = framed(rest.body, rest.how);
        const lines = [
          `${method} ${target}${search} HTTP/1.1`,
          `Host: 127.0.0.1:${fuzz.port}`,
          'Connection: close',
          ...headers,
        ];
        const text = `${lines.join('\r\n')}\r\nContent-Type: ${rest.contentType}\r\n${rest.encoding}${head}\r\n`;
        const after = rest.how === 'too-long' ? 'half-close' : 'wait';

        const answer = await sendRaw(fuzz.port, { chunks: [text, bytes], after });

        expectSoundAnswer(answer, method);
        await fuzz.expectSound();
      }),
      budget(600),
    );
    await fuzz.bridge.request('POST', `/api/ai-calls/${callIds[0]}/hangup`);
    await fuzz.bridge.app.calls.whenIdle();
    await fuzz.bridge.telnyx.allLegsDown();
  },
  LIMIT_MS,
);
