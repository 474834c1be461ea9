// Canaries: words that stand nowhere else are put into everything that is personal or secret, in calls that succeed, are
// refused and fail in each way that there is. Each is seen where it belongs, and in nothing that the server says about
// itself: logs at their most talkative, figures, spans, problem documents, warnings.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { sql } from 'kysely';
import { WebSocket } from 'ws';
import { openAsOnlooker } from '../../soak/record-checks';
import { compose } from '../../src/app/compose';
import { ConfigError, loadConfig } from '../../src/config/config';
import { createLogger } from '../../src/observability/logger';
import { freePort } from '../../src/simulator/free-port';
import type { AiScript } from '../../src/simulator/simulated-openai/ai-script';
import { CapturedOutput } from '../support/captured-output';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { KeepingEndpoint, recordSpans } from './canary-endpoints';

const TO = '+12025550187';
const FROM = '+12025550164';
const OFFICE = '+12025550176';
const API_KEY = 'zq7-api-key-right-one';
const WRONG_KEY = 'zq7-api-key-wrong-one';
const TELNYX_KEY = 'zq7-telnyx-api-key';
const CALLBACK_KEY = Buffer.from('zq7-callback-signing-secret-bytes');
const DIGITS = '7393173931';

/** What may stand in no output. All words begin alike, so that none is forgotten. */
const SECRETS = [
  /zq7-/i,
  /2025550(?:187|164|176)/,
  /7393173931/,
  new RegExp(CALLBACK_KEY.toString('base64').slice(0, 20)),
  /sk-simulated/,
];

const AUTHORIZED = { authorization: `Bearer ${API_KEY}` };

let output: CapturedOutput;
let spans: string[];
/** Problem documents that were answered. */
let problems: string[];
let tools: KeepingEndpoint;
let callbacks: KeepingEndpoint;
let dataDir: string;
let bridge: TestBridge;

beforeEach(() => {
  problems = [];
  dataDir = mkdtempSync(join(tmpdir(), 'ai-calls-canaries-'));
});

async function begin(style: 'json' | 'readable'): Promise<void> {
  output = CapturedOutput.start();
  spans = recordSpans();
  tools = await KeepingEndpoint.start();
  callbacks = await KeepingEndpoint.start();
  bridge = await TestBridge.start({
    env: {
      API_KEYS: `crm:${API_KEY}`,
      TELNYX_FROM_NUMBER: FROM,
      TOOL_ORDERS_KEY: 'zq7-tool-secret',
      TOOL_SECRET_HOSTS: '127.0.0.1',
      STATUS_CALLBACK_SECRET: `whsec_${CALLBACK_KEY.toString('base64')}`,
      TRANSFER_SIP_DOMAINS: 'pbx.example.com',
      VAD_SILENCE_MS: '200',
      DATA_DIR: dataDir,
    },
    compose: {
      log: createLogger({ level: 'debug', style }),
      deadlines: { hangupReportMs: 400, lastWordsMs: 300, ringGraceMs: 300, dialOutcomeMs: 500, dialAnswerMs: 1_500 },
    },
    telnyx: { apiKey: TELNYX_KEY, fromNumbers: [FROM] },
  });
}

afterEach(async () => {
  await bridge.close();
  output.stop();
  // What was said while it ended is no different.
  expect(leaksIn(output.text)).toEqual([]);
  await tools.close();
  await callbacks.close();
  trace.disable();
  rmSync(dataDir, { recursive: true, force: true });
});

const toolOf = (): Record<string, unknown> => ({
  name: 'find_order',
  description: 'Finds an order for zq7-tool-description.',
  url: tools.url('/zq7-tool-path?key=zq7-tool-query'),
  headers: { 'x-key': '${TOOL_ORDERS_KEY}', 'x-plain': 'zq7-tool-header' },
  parameters: { type: 'object', properties: { id: { type: 'string' } } },
});

const bodyOf = (): Record<string, unknown> => ({
  to: TO,
  instructions: 'Be kind to zq7-instructions.',
  greeting: 'Hello zq7-greeting.',
  metadata: { 'zq7-metadata-key': 'zq7-metadata-value' },
  statusCallbackUrl: callbacks.url('/zq7-callback-path?key=zq7-callback-query'),
  tools: [toolOf()],
  transferTargets: [{ name: 'office', to: OFFICE, description: 'For zq7-target.' }],
});

const SCRIPT: AiScript = {
  exact: { toneHz: 1_300, msPerCharacter: 8 },
  turns: [
    { functionCall: { name: 'find_order', arguments: '{"id":"zq7-argument"}' } },
    { say: [{ toneHz: 900, ms: 200, text: 'It is zq7-spoken-by-ai.' }] },
  ],
  otherwise: {},
  hears: ['I am zq7-spoken-by-callee.'],
};

async function request(method: string, path: string, body?: unknown, headers: Record<string, string> = AUTHORIZED) {
  const answer = await bridge.request(method, path, body, headers);
  if (answer.status >= 400) problems.push(JSON.stringify(answer.body));
  return answer;
}

async function place(changes: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<string> {
  const answer = await request(
    'POST',
    '/api/ai-calls/create',
    { ...bodyOf(), ...changes },
    { ...AUTHORIZED, ...headers },
  );
  expect(answer.status).toBe(201);
  return String(answer.body['callId']);
}

async function command(callId: string, name: string, body?: unknown): Promise<number> {
  return (await request('POST', `/api/ai-calls/${callId}/${name}`, body)).status;
}

/** All that the far ends were told, as text. */
function arrived(): string {
  const sessions = bridge.openai.sessions.map(({ config, clientEvents, items }) => [config, clientEvents, items]);
  return JSON.stringify([bridge.telnyx.requests, sessions]) + tools.seen.join('\n') + callbacks.seen.join('\n');
}

/** Each was put where it belongs: otherwise its absence elsewhere would say nothing. */
function expectArrived(...canaries: readonly string[]): void {
  const everything = arrived();
  expect(canaries.filter((each) => !everything.includes(each))).toEqual([]);
}

/** Nothing that the server says has any of them, and it has said something. */
async function expectNoCanary(...saying: readonly string[]): Promise<void> {
  const pages = await Promise.all(
    ['/metrics', '/health', '/ready'].map(async (path) => {
      const answer = await fetch(bridge.url + path, { headers: AUTHORIZED });
      expect([200, 503]).toContain(answer.status);
      return answer.text();
    }),
  );
  const said = [output.text, ...pages, ...problems, ...spans].join('\n');
  for (const line of saying) expect(output.text).toContain(line);
  expect(leaksIn(said)).toEqual([]);
}

function leaksIn(said: string): string[] {
  const lines = said.split('\n').filter((line) => SECRETS.some((secret) => secret.test(line)));
  return lines.map((line) => line.slice(0, 2_000));
}

/** The server writes, too. */
async function patiently(work: () => Promise<unknown>): Promise<void> {
  await until(
    () =>
      work().then(
        () => true,
        () => false,
      ),
    { timeoutMs: 15_000 },
  );
}

async function ended(callId: string): Promise<void> {
  await bridge.entry(callId, 'leg.down', 15_000);
}

describe.each(['json', 'readable'] as const)('logs that are %s', (style) => {
  beforeEach(() => begin(style));

  test('a call with everything in it', async () => {
    tools.answer = '{"state":"zq7-tool-output"}';
    bridge.openai.setDefaultScript(SCRIPT);
    bridge.telnyx.setDefaultScript({
      ringMs: 20,
      steps: [{ do: 'wait-for-speech' }, { do: 'wait-for-silence', silenceMs: 300 }, { do: 'tone', hz: 500, ms: 300 }],
    });
    bridge.telnyx.script(OFFICE, { outcome: 'busy', ringMs: 20 });
    const key = { 'idempotency-key': 'zq7-idempotency-key' };
    const callId = await place({ record: true }, key);
    expect(await place({ record: true }, key)).toBe(callId);

    await bridge.entry(callId, 'tool.finished', 15_000);
    await until(() => JSON.stringify(bridge.entries).includes('zq7-spoken-by-ai'), { timeoutMs: 10_000 });
    for (const digit of DIGITS) bridge.telnyx.leg(TO)!.dtmf(digit);
    await bridge.entry(callId, 'dtmf.received');
    expect(await command(callId, 'say', { text: 'Say zq7-say.', when: 'now' })).toBeLessThan(300);
    expect(await command(callId, 'instructions', { instructions: 'Now zq7-new-instructions.' })).toBeLessThan(300);
    expect(await command(callId, 'dtmf', { digits: DIGITS })).toBeLessThan(300);
    expect(await command(callId, 'transfer', { to: OFFICE, announcement: 'I connect zq7-announcement.' })).toBeLessThan(
      300,
    );
    await bridge.entry(callId, 'transfer.failed', 15_000);
    bridge.telnyx.script('sip:zq7-sip-user@pbx.example.com', { outcome: 'busy', ringMs: 20 });
    await command(callId, 'transfer', { to: 'sip:zq7-sip-user@pbx.example.com' });
    await until(() => arrived().includes('zq7-sip-user'), { timeoutMs: 8_000 });
    await command(callId, 'hangup');
    await ended(callId);
    await until(() => callbacks.seen.some((each) => each.includes('completed')), { timeoutMs: 8_000 });

    expectArrived(
      TO,
      FROM,
      OFFICE,
      DIGITS,
      'zq7-instructions',
      'zq7-greeting',
      'zq7-metadata-value',
      'zq7-metadata-key',
    );
    expectArrived(
      'zq7-tool-secret',
      'zq7-tool-header',
      'zq7-tool-path',
      'zq7-tool-query',
      'zq7-argument',
      'zq7-tool-output',
    );
    expectArrived('zq7-callback-path', 'zq7-callback-query', 'zq7-say', 'zq7-new-instructions', 'zq7-announcement');
    const shown = JSON.stringify((await request('GET', `/api/ai-calls/${callId}`)).body);
    for (const each of ['zq7-spoken-by-callee', 'zq7-spoken-by-ai', '7']) expect(shown).toContain(each);
    expect(spans.length).toBeGreaterThan(0);
    await expectNoCanary('tool.finished', 'turn.finished');
  }, 60_000);

  test('a message for a machine', async () => {
    bridge.openai.setDefaultScript({ ...SCRIPT, turns: [] });
    bridge.telnyx.setDefaultScript({
      ringMs: 20,
      machineDetection: [
        { kind: 'detection', result: 'machine', afterMs: 100 },
        { kind: 'greeting', result: 'beep_detected', afterMs: 300 },
      ],
    });
    const voicemailMessage = 'Call back zq7-voicemail.';

    const callId = await place({ answeringMachine: 'leave-message', voicemailMessage, opening: 'greet' });
    await until(() => arrived().includes('zq7-voicemail'), { timeoutMs: 10_000 });
    await command(callId, 'hangup');
    await ended(callId);

    await expectNoCanary('machine');
  }, 60_000);

  test('requests that are refused', async () => {
    const wrong = { authorization: `Bearer ${WRONG_KEY}` };
    expect((await request('GET', '/api/ai-calls/status', undefined, wrong)).status).toBe(401);
    expect((await request('GET', '/metrics', undefined, wrong)).status).toBe(401);
    const refusals: [unknown, Record<string, string>][] = [
      [
        {
          to: 'zq7-no-number',
          instructions: { a: 'zq7-x' },
          voice: 'zq7-x',
          record: 'zq7-x',
          tools: [{ url: 'zq7-x' }],
        },
        {},
      ],
      ['{"to": "zq7-not-json', {}],
      ['zq7-x', {}],
      [{ ...bodyOf(), to: '+12025550187000' }, {}],
      [{ ...bodyOf(), to: '+442079460187' }, {}],
      [{ ...bodyOf(), statusCallbackUrl: 'ftp://zq7-x:zq7-x@zq7/zq7-x' }, {}],
      [bodyOf(), { 'idempotency-key': 'zq7-x with a blank' }],
      [{ ...bodyOf(), tools: [{ ...toolOf(), headers: { key: '${TOOL_UNSET} zq7-x' } }] }, {}],
    ];
    for (const [body, headers] of refusals) {
      const answer = await request('POST', '/api/ai-calls/create', body, { ...AUTHORIZED, ...headers });
      expect([400, 403]).toContain(answer.status);
    }
    for (const path of [
      '/zq7-path?zq7-x=zq7-x',
      '/api/ai-calls/zq7-x',
      '/api/ai-calls/status?cursor=zq7-x',
      '/api/ai-calls/%E0zq7-x',
      '/api/ai-calls/status?to=zq7-x',
      '/api/ai-calls/usage?since=zq7-x',
    ]) {
      expect((await request('GET', path)).status).toBeGreaterThanOrEqual(400);
    }
    const forged = await request(
      'POST',
      '/api/webhooks/telnyx',
      { data: { id: 'zq7-webhook' } },
      {
        'telnyx-timestamp': String(Math.floor(Date.now() / 1000)),
        'telnyx-signature-ed25519': Buffer.alloc(64, 1).toString('base64'),
      },
    );
    expect(forged.status).toBe(401);
    const reset = { headers: { 'x-telnyx-streaming-auth-token': 'zq7-media-token' } };
    const socket = new WebSocket(`${bridge.url.replace('http', 'ws')}/media-bridge?callId=zq7-x`, reset);
    await new Promise((resolve) => socket.on('error', resolve));

    expect(problems.length).toBeGreaterThan(10);
    await expectNoCanary('webhook', 'media stream');
  }, 60_000);

  test('a carrier that refuses and fails, and says back what it was told', async () => {
    bridge.openai.setDefaultScript({ ...SCRIPT, turns: [] });
    const echo = `The number ${TO} with zq7-echo is wrong.`;
    for (const httpStatus of [422, 403, 500]) {
      bridge.telnyx.outage = { kind: 'status', httpStatus, code: '10015', title: 'Invalid', detail: echo };
      const callId = await place();
      await until(() => bridge.app.calls.activeCalls === 0, { timeoutMs: 15_000 });
      expect(String((await request('GET', `/api/ai-calls/${callId}`)).body['status'])).toBe('failed');
      bridge.telnyx.outage = undefined;
    }
    bridge.telnyx.setDefaultScript({ ringMs: 0 });
    const callId = await place();
    await bridge.entry(callId, 'stream.started', 15_000);
    for (const operation of ['send_dtmf', 'transfer', 'hangup'] as const) {
      bridge.telnyx.failNext(operation, {
        kind: 'status',
        httpStatus: 422,
        code: '90010',
        title: 'Invalid',
        detail: echo,
      });
    }
    await command(callId, 'dtmf', { digits: DIGITS });
    await command(callId, 'transfer', { to: OFFICE });
    await command(callId, 'hangup');
    await ended(callId);

    await expectNoCanary('The dial failed');
  }, 60_000);

  test('an AI, a tool and callbacks that fail, and say back what they were told', async () => {
    tools.status = 500;
    tools.answer = '{"error":"zq7-tool-failure"}';
    callbacks.status = 500;
    callbacks.answer = 'zq7-callback-failure';
    const failure = { type: 'server_error', code: 'server_error', message: 'zq7-ai-failure' };
    bridge.openai.setDefaultScript({
      ...SCRIPT,
      turns: [
        { functionCall: { name: 'find_order', arguments: '{"id":"zq7-argument' } },
        SCRIPT.turns![0]!,
        { fail: failure },
        {},
      ],
    });
    bridge.telnyx.setDefaultScript({
      ringMs: 0,
      steps: [
        { do: 'wait-for-speech' },
        { do: 'wait-for-silence', silenceMs: 300 },
        { do: 'tone', hz: 500, ms: 300 },
        { do: 'wait', ms: 1_000 },
        { do: 'tone', hz: 500, ms: 300 },
      ],
    });
    const callId = await place();
    await bridge.entry(callId, 'tool.finished', 15_000);
    await until(() => tools.seen.length > 0, { timeoutMs: 15_000 });
    const session = bridge.openai.sessions[0]!;
    session.emitError({ type: 'invalid_request_error', code: 'invalid_value', message: `You said zq7-echo ${TO}.` });
    session.emit({ type: 'conversation.item.input_audio_transcription.completed', item_id: { 'zq7-x': 1 } });
    session.closeWith(1011, 'You said zq7-close-reason.');
    await until(() => bridge.openai.sessions.length > 1, { timeoutMs: 15_000 });
    await command(callId, 'hangup');
    await ended(callId);

    await until(() => callbacks.seen.length > 0);
    expectArrived('zq7-tool-path', 'zq7-callback-path');
    await expectNoCanary('The realtime session reports an error');
  }, 60_000);

  test('a database that fails, and a server that stops in the middle of a call', async () => {
    bridge.openai.setDefaultScript({ ...SCRIPT, turns: [] });
    bridge.telnyx.setDefaultScript({ ringMs: 0 });
    const callId = await place();
    await bridge.entry(callId, 'stream.started', 15_000);
    const database = openAsOnlooker(join(dataDir, 'ai-calls.db'));
    await patiently(() => sql`alter table calls rename to calls_elsewhere`.execute(database));
    const refused = await request('POST', '/api/ai-calls/create', bodyOf(), {
      ...AUTHORIZED,
      'idempotency-key': 'zq7-key',
    });
    await request('GET', `/api/ai-calls/status?to=${encodeURIComponent(TO)}`);
    await patiently(() => sql`alter table calls_elsewhere rename to calls`.execute(database));
    await database.destroy();
    await expectNoCanary('database');

    await bridge.stopServer();

    expect([500, 503]).toContain(refused.status);
    expect(output.text).toContain('Draining');
    expect(leaksIn(output.text)).toEqual([]);
  }, 60_000);
});

test('settings that are wrong, and a database that is not there, are told without their values', async () => {
  await begin('json');
  const port = await freePort();
  const sound = {
    BASE_PUBLIC_URL: 'https://calls.example.com',
    TELNYX_API_KEY: 'zq7-telnyx',
    TELNYX_PUBLIC_KEY: Buffer.alloc(32, 1).toString('base64'),
    TELNYX_CONNECTION_ID: '1',
    TELNYX_FROM_NUMBER: FROM,
    OPENAI_API_KEY: 'zq7-openai',
    DATA_DIR: dataDir,
  };
  const config = loadConfig({ ...sound, DATABASE_URL: `postgres://zq7-user:zq7-password@127.0.0.1:${port}/calls` });

  const notOpened = await compose(config, { log: createLogger({ level: 'debug', style: 'json' }) }).catch(
    (error: unknown) => error,
  );
  let wrong: unknown;
  try {
    const values = {
      TELNYX_API_KEY: 'zq7-x “key”',
      API_KEYS: 'zq7-x',
      DATABASE_URL: 'mysql://zq7-x:zq7-x@zq7-x',
      TELNYX_FROM_NUMBER: `${FROM}00`,
    };
    loadConfig({
      ...sound,
      ...values,
      STATUS_CALLBACK_SECRET: 'zq7-x',
      TOOL_KEY: 'zq7-x\n',
      OPENAI_BASE_URL: 'https://zq7-x:zq7-x@zq7-x?zq7-x',
    });
  } catch (error) {
    wrong = error;
  }

  expect(notOpened).toBeInstanceOf(Error);
  expect(wrong).toBeInstanceOf(ConfigError);
  expect((wrong as ConfigError).problems.length).toBeGreaterThan(5);
  for (const error of [notOpened, wrong] as Error[]) {
    for (const secret of SECRETS) expect(error.message).not.toMatch(secret);
  }
  await expectNoCanary();
}, 60_000);
