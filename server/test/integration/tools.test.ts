// Tools in a call: what the user's server is asked, what the model is told, and what the callee hears meanwhile and
// afterwards; and the goodbye of end_call. What the callee says and hears are tones, so that it can be told apart.

import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Deferred, deferred } from '../../src/lib/deferred';
import { rms, tone } from '../../src/simulator/pcm';
import type { AiScript, AiSpeech, AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const PHONE_RATE_HZ = 8000;
const FRAME_MS = 20;
// Above what is left in the frame after a tone, below a tone.
const LOUD_RMS = 3_500;
const CALLEE_HZ = 500;
const ANSWER_HZ = 700;
const RESULT_HZ = 900;
const FILLER_HZ = 1_300;
const AI_TONES = [ANSWER_HZ, RESULT_HZ, FILLER_HZ];
const FILLER = 'One moment, please..';
const FILLER_MS = 600;
const RESULT: AiSpeech = { toneHz: RESULT_HZ, ms: 600, text: 'Your order is on its way.' };
const ANSWER: AiSpeech = { toneHz: ANSWER_HZ, ms: 400, text: 'Of course, tell me.' };
const GOODBYE = { toneHz: RESULT_HZ, ms: 2_000, text: 'Thank you for your time, and goodbye.' };
const FIND_ORDER = { name: 'find_order', arguments: '{"id":"A-17"}' };

type ToolRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: string };
type Reply = { readonly status?: number; readonly body?: unknown };
type Talk = { readonly callId: string; readonly leg: SimulatedLeg; readonly session: SimulatedSession };

/** A user's server, whose answers a test gives. */
class ToolServer {
  readonly requests: ToolRequest[] = [];
  reply: (request: ToolRequest) => Reply | Promise<Reply> = () => ({ body: { state: 'shipped' } });
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  /** Answers nothing until the reply is there. */
  hold(): Deferred<Reply> {
    const held = deferred<Reply>();
    this.reply = () => held.promise;
    return held;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/orders`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers } = request;
    const seen = { method, url, headers, body: await text(request) };
    this.requests.push(seen);
    const { status = 200, body = {} } = await this.reply(seen);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}

let bridge: TestBridge;
let server: ToolServer;

beforeEach(async () => {
  server = new ToolServer();
  await server.listen();
  await start({});
});

afterEach(async () => {
  await bridge.close();
  await server.close();
});

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  bridge = await TestBridge.start({ env: { VAD_SILENCE_MS: '200', ...env } });
}

async function restart(env: Readonly<Record<string, string>>): Promise<void> {
  await bridge.close();
  await start(env);
}

/** The server again, with the tool in its TOOLS_FILE. */
async function restartWithFile(env: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ai-calls-tools-'));
  const file = join(folder, 'tools.json');
  writeFileSync(file, JSON.stringify([findOrder()]));
  await restart({ TOOLS_FILE: file, ...env });
  rmSync(folder, { recursive: true });
}

/** A call in which the callee says something at once, and the AI takes its first turn after that. */
async function talk(script: AiScript, body: Readonly<Record<string, unknown>> = {}): Promise<Talk> {
  const exact = { toneHz: FILLER_HZ, msPerCharacter: FILLER_MS / FILLER.length };
  bridge.openai.setDefaultScript({ exact, otherwise: {}, ...script });
  bridge.telnyx.setDefaultScript({ ringMs: 50, steps: [{ do: 'tone', hz: CALLEE_HZ, ms: 300 }] });
  const callId = await bridge.place({ opening: 'silent', ...body });
  return { callId, leg: await bridge.telnyx.nextLeg(), session: await bridge.openai.nextSession() };
}

/** A call in which the AI uses `find_order` in its first turn, and speaks about the result in the next. */
async function order(tool: Readonly<Record<string, unknown>> = {}, turns?: readonly AiTurn[]): Promise<Talk> {
  const script = { turns: turns ?? [{ functionCall: FIND_ORDER }, { say: [RESULT] }] };
  return talk(script, { tools: [findOrder(tool)] });
}

function findOrder(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const parameters = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] };
  const description = 'Finds an order by its number.';
  return { name: 'find_order', description, parameters, url: server.url, filler: FILLER, ...changes };
}

/** Resolves when the callee has heard the end of a speech. */
async function spoken(callId: string, speech: AiSpeech): Promise<void> {
  const hasText = ({ data }: { data: Readonly<Record<string, unknown>> }): boolean =>
    (data['turn'] as { text?: string } | undefined)?.text === speech.text;
  await until(() => bridge.entries.some((entry) => entry.callId === callId && hasText(entry)), { timeoutMs: 10_000 });
}

/** What the callee heard, one tone after the other, with its length; pauses are left out. */
function tonesOf(leg: SimulatedLeg): { hz: number; ms: number }[] {
  const pcm = leg.heard();
  const samples = (PHONE_RATE_HZ * FRAME_MS) / 1000;
  const tones: { hz: number; ms: number }[] = [];
  for (let at = 0; at + samples <= pcm.length; at += samples) {
    const frame = pcm.subarray(at, at + samples);
    if (rms(frame) < LOUD_RMS) continue;
    const hz = dominantToneHz(frame, AI_TONES, PHONE_RATE_HZ);
    const last = tones.at(-1);
    if (last?.hz === hz) last.ms += FRAME_MS;
    else tones.push({ hz, ms: FRAME_MS });
  }
  return tones;
}

/** The same to a tenth of a second. */
function heardBy(leg: SimulatedLeg): string[] {
  return tonesOf(leg).map(({ hz, ms }) => `${hz} Hz for ${Math.round(ms / 100) * 100} ms`);
}

/** The results that the model was given, in their order. */
function outputsOf(session: SimulatedSession): { callId: string; output: Record<string, unknown> }[] {
  return session.clientEvents
    .map(({ event }) => event['item'] as { type: string; call_id: string; output: string } | undefined)
    .filter((item) => item?.type === 'function_call_output')
    .map((item) => ({ callId: item!.call_id, output: JSON.parse(item!.output) as Record<string, unknown> }));
}

/** Results and requests for responses as the server sent them; exact words are left out. */
function wireOf(session: SimulatedSession): string[] {
  return session.clientEvents
    .filter(({ type, event }) => /item.create|response.create/.test(type) && !JSON.stringify(event).includes('exactly'))
    .map(({ type }) => (type === 'response.create' ? 'request' : 'output'));
}

function toolCallsOf(record: Record<string, unknown>): Record<string, unknown>[] {
  return record['toolCalls'] as Record<string, unknown>[];
}

describe("a tool of the user's", () => {
  test('is given the arguments, and its result is given to the model and spoken about', async () => {
    const { callId, leg, session } = await order();
    await spoken(callId, RESULT);

    expect(server.requests).toMatchObject([{ method: 'POST', url: '/orders', body: FIND_ORDER.arguments }]);
    expect(server.requests[0]!.headers).toMatchObject({ 'x-ai-calls-call-id': callId });
    expect(outputsOf(session).map(({ output }) => output)).toEqual([{ status: 'ok', result: { state: 'shipped' } }]);
    expect(wireOf(session)).toEqual(['output', 'request']);
    expect(heardBy(leg)).toEqual([`${RESULT_HZ} Hz for 600 ms`]);
    const record = await bridge.call(callId);
    expect(toolCallsOf(record)).toMatchObject([{ name: 'find_order', arguments: { id: 'A-17' }, outcome: 'ok' }]);
    expect(record['transcript']).toContainEqual(expect.objectContaining({ speaker: 'assistant', text: RESULT.text }));
    expect(session.violations).toEqual([]);
  });

  test('is run once, even if the model asks twice under one id', async () => {
    const { callId, session } = await order();
    session.emit(await session.untilSent('response.output_item.done'));
    await spoken(callId, RESULT);

    expect(server.requests).toHaveLength(1);
    expect(wireOf(session)).toEqual(['output', 'request']);
    expect(toolCallsOf(await bridge.call(callId))).toHaveLength(1);
    expect(session.violations).toEqual([]);
  });

  test('is answered together with the other one of the same response, by one request for speech', async () => {
    const slow = deferred<Reply>();
    server.reply = ({ body }) => (body.includes('A-17') ? slow.promise : { body: { state: 'lost' } });
    const functionCalls = [FIND_ORDER, { name: 'find_order', arguments: '{"id":"B-4"}' }];

    const { callId, leg, session } = await order({}, [{ functionCalls }, { say: [RESULT] }]);
    await until(() => outputsOf(session).length === 1);
    slow.resolve({ body: { state: 'shipped' } });
    await spoken(callId, RESULT);

    expect(wireOf(session)).toEqual(['output', 'output', 'request']);
    const results = outputsOf(session).map(({ output }) => output['result']);
    expect(results).toEqual([{ state: 'lost' }, { state: 'shipped' }]);
    expect(heardBy(leg).at(-1)).toBe(`${RESULT_HZ} Hz for 600 ms`);
    const toolCalls = toolCallsOf(await bridge.call(callId));
    expect(toolCalls.map((call) => call['arguments'])).toEqual([{ id: 'B-4' }, { id: 'A-17' }]);
  });

  test('is covered by a filler when it is slow, and its result is spoken after that', async () => {
    const slow = server.hold();

    const { callId, leg, session } = await order();
    await leg.until('speech');
    slow.resolve({ body: { state: 'shipped' } });
    await spoken(callId, RESULT);

    expect(heardBy(leg)).toEqual([`${FILLER_HZ} Hz for ${FILLER_MS} ms`, `${RESULT_HZ} Hz for 600 ms`]);
    expect(session.responses[1]!.instructions).toContain(JSON.stringify(FILLER));
    const [toolCall] = toolCallsOf(await bridge.call(callId));
    expect(toolCall!['durationMs']).toBeGreaterThanOrEqual(1_500);
    expect(session.violations).toEqual([]);
  });

  test('is retried when it is a GET and the server is unavailable for a moment', async () => {
    server.reply = () => ({ status: server.requests.length === 1 ? 503 : 200, body: { state: 'shipped' } });

    const { callId, session } = await order({ method: 'GET' });
    await spoken(callId, RESULT);

    expect(server.requests.map(({ url }) => url)).toEqual(['/orders?id=A-17', '/orders?id=A-17']);
    expect(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(outputsOf(session).map(({ output }) => output['status'])).toEqual(['ok']);
    expect(toolCallsOf(await bridge.call(callId))).toHaveLength(1);
  });

  test('carries a signature that the user can verify', async () => {
    const key = Buffer.from('a key of thirty-two bytes, yes!!');
    await restart({ TOOL_SIGNING_SECRET: `whsec_${key.toString('base64')}` });

    const { callId, session } = await order();
    await spoken(callId, RESULT);

    const { headers, body } = server.requests[0]!;
    const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.');
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    expect(headers['webhook-id']).toBe(outputsOf(session)[0]!.callId);
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60);
  });

  test('is in the record even if it still runs when the call ends', async () => {
    server.hold();

    const { callId } = await order();
    await until(() => server.requests.length === 1);
    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    const record = await bridge.ended(callId);

    expect(toolCallsOf(record)).toMatchObject([{ name: 'find_order', outcome: 'abandoned' }]);
  });

  test("gets a secret of the server's in a header, which shows nowhere else", async () => {
    const secret = 'not-to-be-seen-4711';
    await restart({ TOOL_KEY: secret, TOOL_SECRET_HOSTS: '127.0.0.1' });

    const { callId, session } = await order({ headers: { Authorization: 'Bearer ${TOOL_KEY}', 'X-Own': 'own-4712' } });
    await spoken(callId, RESULT);

    expect(server.requests[0]!.headers).toMatchObject({ authorization: `Bearer ${secret}`, 'x-own': 'own-4712' });
    const shown = JSON.stringify([await bridge.call(callId), bridge.entries, session.clientEvents]);
    expect(shown).toContain('find_order');
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain('own-4712');
  });

  test('of the tools file is there in every call', async () => {
    await restartWithFile();

    const first = await talk({ turns: [{ functionCall: FIND_ORDER }, { say: [RESULT] }] });
    await spoken(first.callId, RESULT);
    const second = await talk({ turns: [{ functionCall: FIND_ORDER }, { say: [RESULT] }] });
    await spoken(second.callId, RESULT);

    expect(server.requests.map(({ headers }) => headers['x-ai-calls-call-id'])).toEqual([first.callId, second.callId]);
    expect(toolCallsOf(await bridge.call(second.callId))).toHaveLength(1);
  });
});

describe('a callee who speaks while a tool runs', () => {
  test('is answered, and hears the result afterwards', async () => {
    const slow = server.hold();
    const turns = [{ functionCall: FIND_ORDER }, { say: [ANSWER] }, { say: [RESULT] }];

    const { callId, leg, session } = await order({}, turns);
    await until(() => server.requests.length === 1);
    leg.say(tone({ hz: CALLEE_HZ, ms: 300 }));
    await spoken(callId, ANSWER);
    slow.resolve({ body: { state: 'shipped' } });
    await spoken(callId, RESULT);

    const heard = heardBy(leg).filter((line) => !line.startsWith(String(FILLER_HZ)));
    expect(heard).toEqual([`${ANSWER_HZ} Hz for 400 ms`, `${RESULT_HZ} Hz for 600 ms`]);
    expect(wireOf(session)).toEqual(['output', 'request']);
    expect(toolCallsOf(await bridge.call(callId))[0]).toMatchObject({ outcome: 'ok' });
    expect(session.violations).toEqual([]);
  });

  test('hears a result that comes meanwhile in the answer to them, and not twice', async () => {
    const slow = server.hold();

    const { callId, leg, session } = await order();
    await until(() => server.requests.length === 1);
    const isSpeaking = session.nextSent('input_audio_buffer.speech_started');
    leg.say(tone({ hz: CALLEE_HZ, ms: 800 }));
    await isSpeaking;
    slow.resolve({ body: { state: 'shipped' } });
    await spoken(callId, RESULT);

    expect(wireOf(session)).toEqual(['output']);
    expect(session.responses.map(({ requestedBy }) => requestedBy)).toEqual(['vad', 'vad']);
    expect(heardBy(leg)).toEqual([`${RESULT_HZ} Hz for 600 ms`]);
  });

  test('waits for the result of a tool that says so', async () => {
    const slow = server.hold();
    const isAnswering = (session: SimulatedSession): boolean | undefined =>
      session.config.audio.input.turn_detection?.create_response;

    const { callId, leg, session } = await order({ whileRunning: 'wait' });
    await until(() => server.requests.length === 1 && isAnswering(session) === false);
    const hasSpoken = session.nextSent('input_audio_buffer.speech_stopped');
    leg.say(tone({ hz: CALLEE_HZ, ms: 300 }));
    await hasSpoken;
    slow.resolve({ body: { state: 'shipped' } });
    await spoken(callId, RESULT);

    const responses = session.responses.filter(({ instructions }) => instructions === undefined);
    expect(responses.map(({ requestedBy }) => requestedBy)).toEqual(['vad', 'client']);
    expect(heardBy(leg).filter((line) => !line.startsWith(String(FILLER_HZ)))).toEqual([`${RESULT_HZ} Hz for 600 ms`]);
    expect(isAnswering(session)).toBe(true);
  });
});

describe('the model is told, and speaks about it, when a tool', () => {
  async function expectFailure(talking: Talk, output: object, outcome = 'error'): Promise<void> {
    const { callId, leg, session } = talking;
    await spoken(callId, RESULT);
    expect(outputsOf(session).map((given) => given.output)).toEqual([expect.objectContaining(output)]);
    expect(wireOf(session)).toEqual(['output', 'request']);
    expect(heardBy(leg).at(-1)).toBe(`${RESULT_HZ} Hz for 600 ms`);
    const toolCalls = toolCallsOf(await bridge.call(callId));
    expect(toolCalls.map((call) => call['outcome'])).toEqual([outcome]);
    expect(session.violations).toEqual([]);
  }

  test('does not answer in time', async () => {
    server.hold();

    const talking = await order({ timeoutMs: 300 });

    await expectFailure(talking, { status: 'error', reason: 'timeout' }, 'timeout');
  });

  test('answers with a server error', async () => {
    server.reply = () => ({ status: 500, body: { error: 'database is down' } });

    const talking = await order();

    const details = { httpStatus: 500, body: '{"error":"database is down"}' };
    await expectFailure(talking, { status: 'error', reason: 'failed', details });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['that do not fit', '{"id":17}', { id: 17 }],
    ['that are not JSON', '{"id":', '{"id":'],
  ])('got arguments %s', async (_which, written, shown) => {
    const talking = await order({}, [{ functionCall: { name: 'find_order', arguments: written } }, { say: [RESULT] }]);

    await expectFailure(talking, { status: 'error', reason: 'bad-arguments' });
    expect(server.requests).toEqual([]);
    expect(toolCallsOf(await bridge.call(talking.callId))[0]!['arguments']).toEqual(shown);
  });

  test('does not exist', async () => {
    // The simulated model calls no tool that it was not given: its call is broken off, and completed under another name.
    const broken = { ...FIND_ORDER, incomplete: true } as const;
    const turn = { callsFirst: true, functionCall: broken, say: [ANSWER], speedup: 1 } as const;

    const talking = await order({}, [turn, { say: [RESULT] }]);
    const done = await talking.session.untilSent('response.output_item.done');
    const item = { ...(done['item'] as object), name: 'guess_order', status: 'completed' };
    talking.session.emit({ ...done, item });

    await expectFailure(talking, { status: 'error', reason: 'unknown-tool' });
    expect(server.requests).toEqual([]);
    expect(toolCallsOf(await bridge.call(talking.callId))[0]).toMatchObject({ name: 'guess_order' });
  });

  test('is in a private network and may not be', async () => {
    // The address of a request would be refused at once; the operator's own file is looked at when it is used.
    await restartWithFile({ ALLOW_PRIVATE_URLS: 'false' });

    const talking = await talk({ turns: [{ functionCall: FIND_ORDER }, { say: [RESULT] }] });

    await expectFailure(talking, { status: 'error', message: 'The address of this tool is not allowed.' });
    expect(server.requests).toEqual([]);
  });
});

describe('the AI', () => {
  test('can find out how much time is left', async () => {
    const turns = [{ functionCall: { name: 'remaining_time', arguments: '{}' } }, { say: [RESULT] }];

    const { callId, leg, session } = await talk({ turns }, { maxDurationSeconds: 60 });
    await spoken(callId, RESULT);

    const { remainingSeconds } = outputsOf(session)[0]!.output['result'] as { remainingSeconds: number };
    expect(remainingSeconds).toBeGreaterThan(40);
    expect(remainingSeconds).toBeLessThan(60);
    expect(heardBy(leg)).toEqual([`${RESULT_HZ} Hz for 600 ms`]);
  });

  test('can press keys, which sound at the phone', async () => {
    const turns = [{ functionCall: { name: 'send_dtmf', arguments: '{"digits":"1w2#"}' } }, { say: [RESULT] }];

    const { callId, leg, session } = await talk({ turns });
    await spoken(callId, RESULT);

    expect(leg.dtmfHeard.join('')).toBe('12#');
    expect(outputsOf(session)[0]!.output).toEqual({ status: 'ok', result: { sent: '1w2#' } });
    expect((await bridge.entry(callId, 'dtmf.sent')).data).toEqual({ digits: '1w2#' });
  });
});

describe('end_call', () => {
  const END_CALL = { name: 'end_call', arguments: '{"reason":"All is said."}' };

  test('lets the goodbye of the same response be heard to its end, and hangs up', async () => {
    const { callId, leg } = await talk({ turns: [{ say: [GOODBYE], functionCall: END_CALL }] });
    const record = await bridge.ended(callId);

    expect(tonesOf(leg)).toEqual([{ hz: RESULT_HZ, ms: expect.any(Number) as number }]);
    expect(tonesOf(leg)[0]!.ms).toBeGreaterThanOrEqual(GOODBYE.ms);
    expect(record).toMatchObject({ status: 'completed', verdict: { reason: 'ai-hung-up', endedBy: 'ai' } });
    expect(record['transcript']).toContainEqual(expect.objectContaining({ text: GOODBYE.text, isInterrupted: false }));
    expect(leg.hangupSource).toBe('caller');
  });

  test('is among the tool calls of the record when it has ended the call', async () => {
    const { callId } = await talk({ turns: [{ say: [RESULT], functionCall: END_CALL }] });
    const record = await bridge.ended(callId);

    expect(toolCallsOf(record)).toEqual([
      expect.objectContaining({ name: 'end_call', arguments: { reason: 'All is said.' }, outcome: 'ok' }),
    ]);
  });

  test('without a word asks for a goodbye, and hangs up when it was heard', async () => {
    const { callId, leg, session } = await talk({ turns: [{ functionCall: END_CALL }, { say: [GOODBYE] }] });
    const record = await bridge.ended(callId);

    expect(session.responses.map(({ requestedBy }) => requestedBy)).toEqual(['vad', 'client']);
    expect(session.responses[1]!.instructions).toMatch(/say goodbye/i);
    expect(tonesOf(leg)[0]!.ms).toBeGreaterThanOrEqual(GOODBYE.ms);
    expect(record).toMatchObject({ status: 'completed', endReason: 'ai-hung-up' });
  });

  test('is called off by a callee who cuts into the goodbye', async () => {
    const goodbye = { say: [GOODBYE], functionCall: END_CALL, speedup: Infinity };

    const { callId, leg, session } = await talk({ turns: [goodbye, { say: [ANSWER] }] });
    await session.untilSent('response.done');
    await leg.until('speech');
    leg.say(tone({ hz: CALLEE_HZ, ms: 300 }));
    await bridge.entry(callId, 'goodbye.canceled');
    await spoken(callId, ANSWER);

    expect(tonesOf(leg).map(({ hz }) => hz)).toEqual([RESULT_HZ, ANSWER_HZ]);
    expect(tonesOf(leg)[0]!.ms).toBeLessThan(GOODBYE.ms);
    expect(outputsOf(session).map(({ output }) => output)).toEqual([
      { status: 'ok', result: expect.objectContaining({ call: 'goes on' }) as object },
    ]);
    expect(wireOf(session)).toEqual(['output']);
    const record = await bridge.call(callId);
    expect(record).toMatchObject({ status: 'in-progress', verdict: null });
    expect(record['transcript']).toContainEqual(expect.objectContaining({ isInterrupted: true }));
  });
});
