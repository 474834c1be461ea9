import { type Attributes, context, type ContextManager, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  type Context,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  trace,
} from '@opentelemetry/api';
import request from 'supertest';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ConversationEvent } from '../../../src/calls/conversation-events';
import { endCall, type EndReason } from '../../../src/calls/end-call';
import { CallSpans } from '../../../src/observability/call-spans';
import { aCall, aCallId, anEntry, aUsage } from '../../support/builders';
import { HttpRig } from '../http/http-rig';

/** A span that remembers what it is told. */
class RecordedSpan implements Span {
  attributes: Attributes;
  status: SpanStatus | undefined;
  readonly events: string[] = [];
  endMs: number | undefined;

  constructor(
    readonly name: string,
    readonly options: SpanOptions,
    readonly parent: SpanContext | undefined,
    readonly isSampled: boolean,
  ) {
    this.attributes = { ...options.attributes };
  }

  get startMs(): unknown {
    return this.options.startTime;
  }

  spanContext(): SpanContext {
    return { traceId: this.parent?.traceId ?? 'a'.repeat(32), spanId: this.name, traceFlags: 1 };
  }

  isRecording(): boolean {
    return this.isSampled;
  }

  setAttribute(key: string, value: never): this {
    this.attributes = { ...this.attributes, [key]: value };
    return this;
  }

  setAttributes(attributes: Attributes): this {
    this.attributes = { ...this.attributes, ...attributes };
    return this;
  }

  addEvent(name: string): this {
    this.events.push(name);
    return this;
  }

  setStatus(status: SpanStatus): this {
    this.status = status;
    return this;
  }

  end(endMs?: unknown): void {
    this.endMs = endMs as number;
  }

  addLink = (): this => this;
  addLinks = (): this => this;
  updateName = (): this => this;
  recordException = (): void => undefined;
}

/** An SDK of a few lines: keeps all spans. */
class Recorder {
  readonly spans: RecordedSpan[] = [];
  isSampling = true;

  startSpan(name: string, options: SpanOptions = {}, parent: Context = context.active()): RecordedSpan {
    const span = new RecordedSpan(name, options, trace.getSpanContext(parent), this.isSampling);
    this.spans.push(span);
    return span;
  }

  register(): void {
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: this.startSpan.bind(this) }) as never });
  }

  find(name: string): RecordedSpan {
    const span = this.spans.find((each) => each.name === name);
    if (!span) throw new Error(`No span ${name}, only ${this.spans.map((each) => each.name).join(', ')}.`);
    return span;
  }
}

let recorder: Recorder;
let spans: CallSpans;
let nowMs: number;

beforeEach(() => {
  recorder = new Recorder();
  recorder.register();
  spans = new CallSpans('gpt-realtime');
  nowMs = 1_000_000;
});

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

/** Something happens in the call, 100 ms after what was before. */
function note(type: string, data: Readonly<Record<string, unknown>> = {}): void {
  nowMs += 100;
  spans.onEntry(anEntry({ type, data, atMs: nowMs }), aCall());
}

function happen({ type, ...data }: ConversationEvent): void {
  note(type, data);
}

function end(reason: EndReason): void {
  const verdict = endCall(reason);
  nowMs += 100;
  const call = aCall({
    status: verdict.status,
    verdict,
    usage: aUsage({ inputAudioTokens: 30, outputAudioTokens: 70 }),
  });
  spans.onEntry(anEntry({ type: `call.${verdict.status}`, data: { verdict }, atMs: nowMs }), call);
}

function answered(): void {
  for (const type of ['call.queued', 'call.initiated', 'call.ringing', 'call.in-progress']) note(type);
  happen({ type: 'stream.started', streamId: 's', encoding: 'PCMU', sampleRateHz: 8_000 });
}

test('a call is a trace of its steps, one in the other, with their times', () => {
  answered();
  happen({ type: 'reply.started', latencyMs: 900, vadMs: 500, modelMs: 390, bridgeMs: 10, heardAfterMs: 950 });
  end('callee-hung-up');
  note('leg.down');

  expect(recorder.spans.map(({ name }) => name)).toEqual(['call', 'dial', 'ring', 'conversation', 'reply', 'hang up']);
  expect(recorder.find('dial')).toMatchObject({ startMs: 1_000_100, endMs: 1_000_200, parent: { spanId: 'call' } });
  expect(recorder.find('ring')).toMatchObject({ startMs: 1_000_300, endMs: 1_000_400 });
  expect(recorder.find('reply')).toMatchObject({ startMs: 999_700, endMs: 1_000_600 });
  expect(recorder.find('reply').parent?.spanId).toBe('conversation');
  expect(recorder.find('reply').attributes).toMatchObject({
    'ai_calls.reply.vad_ms': 500,
    'ai_calls.reply.bridge_ms': 10,
  });
  expect(recorder.find('call')).toMatchObject({ startMs: 1_000_100, endMs: 1_000_800, status: undefined });
  expect(recorder.find('call').attributes).toMatchObject({
    'ai_calls.end.reason': 'callee-hung-up',
    'gen_ai.usage.input_tokens': 30,
    'gen_ai.usage.output_tokens': 70,
  });
});

test('spans say who talked and who asked whom, in the words of the conventions', () => {
  answered();
  happen({ type: 'ai.ready', sessionId: 's', connectMs: 50 });
  happen({ type: 'reply.started', latencyMs: 900, vadMs: 500, modelMs: 390, bridgeMs: 10, heardAfterMs: 950 });
  end('callee-hung-up');
  note('leg.down');

  const ai = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-realtime' };
  for (const name of ['call', 'conversation', 'ai connect', 'reply']) {
    expect(recorder.find(name).attributes).toMatchObject(ai);
  }
  expect(recorder.find('conversation').attributes['gen_ai.operation.name']).toBe('chat');
  const kinds = recorder.spans.map(({ name, options }) => [name, SpanKind[options.kind ?? 0]]);
  expect(Object.fromEntries(kinds)).toEqual({
    call: 'SERVER',
    dial: 'CLIENT',
    ring: 'INTERNAL',
    conversation: 'CLIENT',
    'ai connect': 'CLIENT',
    reply: 'INTERNAL',
    'hang up': 'CLIENT',
  });
});

test.each([
  ['ai-failed', 2],
  ['carrier-refused', 2],
  ['internal-error', 2],
  ['callee-busy', undefined],
  ['callee-no-answer', undefined],
  ['api-canceled', undefined],
] as const)('a call that ends for %s has the status %s', (reason, code) => {
  note('call.queued');
  end(reason);

  expect(recorder.find('call').status?.code).toBe(code);
  expect(recorder.find('call').attributes['error.type']).toBe(code === undefined ? undefined : reason);
});

test('tools, turns, transfers and losses of the AI are steps, and failures are seen', () => {
  answered();
  const tool = { toolCallId: 'use-1', argumentsJson: '{}', output: '', durationMs: 50 };
  happen({ type: 'tool.finished', name: 'find_it', outcome: 'timeout', ...tool });
  note('ai.lost', { reason: 'ai-connection-lost', details: {} });
  happen({ type: 'ai.resumed', sessionId: 's2', afterMs: 100, tries: 1 });
  happen({ type: 'transfer.started', to: '+12025550177' });
  happen({ type: 'transfer.failed', to: '+12025550177', reason: 'the line was busy' });
  happen({ type: 'assistant.interrupted', by: 'callee', heardMs: 10 });

  expect(recorder.find('execute_tool find_it')).toMatchObject({ status: { code: 2, message: 'timeout' } });
  expect(recorder.find('ai outage').endMs).toBe(nowMs - 300);
  expect(recorder.find('transfer').status?.code).toBe(2);
  expect(recorder.find('conversation').events).toContain('assistant.interrupted');
});

test('no number and no word of a call gets into a span', () => {
  answered();
  const turn = { speaker: 'callee', text: 'canary', startedAtMs: nowMs, isInterrupted: false } as const;
  happen({ type: 'turn.finished', turn });
  const tool = { argumentsJson: '"canary"', output: 'canary', durationMs: 5 };
  happen({ type: 'tool.finished', name: 'canary! of the model', outcome: 'ok', toolCallId: 'a canary of it', ...tool });
  happen({ type: 'dtmf.received', digits: '31415926' });
  happen({ type: 'instructions.changed', instructions: 'canary' });
  happen({ type: 'transfer.started', to: 'sip:canary@example.com' });
  happen({ type: 'transfer.failed', to: 'sip:canary@example.com', reason: 'canary' });
  note('stream.failed', { failure: 'canary' });
  end('ai-failed');
  note('leg.down');

  expect(JSON.stringify(recorder.spans)).not.toMatch(/canary|31415926|\+1202555/);
});

test('whatever an entry holds, nothing is thrown', () => {
  answered();
  for (const odd of [undefined, null, 'x', NaN, {}, []]) {
    for (const type of ['reply.started', 'turn.finished', 'tool.finished', 'ai.ready', 'ai.lost', 'call.ringing']) {
      const data = { turn: odd, latencyMs: odd, durationMs: odd, name: odd, outcome: odd, reason: odd, connectMs: odd };
      expect(() => note(type, data)).not.toThrow();
    }
  }
});

test.each(['leg.down', 'leg.abandoned'])('nothing is kept of a call after %s, and every span has ended', (last) => {
  answered();
  happen({ type: 'transfer.started', to: '+12025550177' });
  end('callee-hung-up');
  note(last);
  note('usage.added');
  note('leg.down');

  expect(spans.size).toBe(0);
  expect(recorder.spans.filter(({ endMs }) => endMs === undefined)).toEqual([]);
});

test('a call that is not sampled, or without an SDK, leaves nothing behind', () => {
  recorder.isSampling = false;
  answered();
  expect(spans.size).toBe(0);
  expect(recorder.spans).toHaveLength(1);

  trace.disable();
  answered();
  expect(spans.size).toBe(0);
});

test('calls do not get into each other', () => {
  note('call.queued');
  spans.onEntry(anEntry({ callId: aCallId(2), type: 'call.queued', atMs: nowMs }), aCall());
  spans.onEntry(anEntry({ callId: aCallId(2), type: 'leg.down', atMs: nowMs }), aCall());

  expect(spans.size).toBe(1);
  expect(recorder.spans.filter(({ name }) => name === 'call').map(({ endMs }) => endMs)).toEqual([undefined, nowMs]);
});

describe('a caller that traces its own work', () => {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, task, thisArg, ...args) => storage.run(active, () => task.apply(thisArg!, args)),
    bind: (_active, target) => target,
    enable: () => manager,
    disable: () => manager,
  };

  /** As the one of the W3C does, without its checks. */
  const propagator = {
    inject: () => undefined,
    fields: () => ['traceparent'],
    extract: (active: Context, carrier: Record<string, string | undefined>): Context => {
      const [, traceId, spanId] = carrier['traceparent']?.split('-') ?? [];
      if (traceId === undefined || spanId === undefined) return active;
      return trace.setSpanContext(active, { traceId, spanId, traceFlags: 1, isRemote: true });
    },
  };

  beforeEach(() => {
    context.setGlobalContextManager(manager);
    propagation.setGlobalPropagator(propagator);
  });

  test('finds the call that it placed in its own trace', async () => {
    const rig = new HttpRig({ watchers: [spans] });
    const traceId = 'b'.repeat(32);

    await request(rig.app)
      .post('/api/ai-calls/create')
      .set('traceparent', `00-${traceId}-${'c'.repeat(16)}-01`)
      .send({ to: '+12025550123', instructions: 'Say hello.' })
      .expect(201);

    expect(recorder.find('call').parent).toMatchObject({ traceId, spanId: 'c'.repeat(16) });
  });
});
